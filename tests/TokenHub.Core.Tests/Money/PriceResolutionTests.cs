using TokenHub.Core.Money;
using TokenHub.Core.Snapshots;
using Xunit;

namespace TokenHub.Core.Tests.Money;

[Trait("row", "A37")]
public sealed class PriceResolutionTests
{
    private static readonly PriceEntry[] Prices =
    [
        Price(1, null, "*"), Price(2, null, "gpt-*"), Price(3, null, "gpt-5*"), Price(4, null, "gpt-5.2"),
        Price(5, 10, "*"), Price(6, 10, "gpt-*"), Price(7, 11, "claude-*"),
    ];

    [Theory]
    [InlineData(10, "gpt-5.2", 6, PriceStep.ChannelPattern)]
    [InlineData(10, "claude-x", 5, PriceStep.ChannelDefault)]
    [InlineData(11, "gpt-5.2", 4, PriceStep.GlobalPattern)]
    [InlineData(11, "gpt-5.3", 3, PriceStep.GlobalPattern)]
    [InlineData(11, "gpt-4o", 2, PriceStep.GlobalPattern)]
    [InlineData(11, "claude-x", 7, PriceStep.ChannelPattern)]
    [InlineData(12, "llama", 1, PriceStep.GlobalDefault)]
    public void The_nearest_rule_wins(long channel, string model, long expected, PriceStep step)
    {
        var (price, found) = PriceResolution.Resolve(Prices, null, channel, model);

        Assert.Equal((expected, step), (price!.Id, found));
    }

    [Fact]
    public void Without_any_rule_the_fallback_counts_and_without_that_nothing()
    {
        Assert.Equal((null, PriceStep.None), PriceResolution.Resolve([Prices[1]], null, 1, "claude-x"));
        Assert.Equal(
            (Prices[0], PriceStep.RuntimeFallback), PriceResolution.Resolve([Prices[1]], Prices[0], 1, "claude-x"));
    }

    [Theory]
    [InlineData("*", "", true)]
    [InlineData("*", "anything", true)]
    [InlineData("gpt-*", "gpt-", true)]
    [InlineData("gpt-*", "GPT-4", false)]
    [InlineData("*-mini", "gpt-5-mini", true)]
    [InlineData("*-mini", "gpt-5-mini-x", false)]
    [InlineData("a*b*c", "a-b-b-c", true)]
    [InlineData("a*b*c", "a-c-b", false)]
    [InlineData("gpt-5.2", "gpt-5.2", true)]
    [InlineData("gpt-5.2", "gpt-5x2", false)]
    [InlineData("", "x", false)]
    public void A_pattern_matches_as_written(string pattern, string model, bool matches) =>
        Assert.Equal(matches, ModelPattern.Matches(pattern, model));

    private static PriceEntry Price(long id, long? channel, string model) =>
        new() { Id = id, ChannelId = channel, Model = model, Input = 1, Output = 1 };
}
