using TokenHub.Core.Routing;
using Xunit;

namespace TokenHub.Core.Tests.Routing;

public sealed class SwitchPriceTests
{
    private const long Dollar = 100_000_000;
    private const long CentASecond = 36 * Dollar;

    // A large model of 2026: $3 in, $0.30 cached, $3.75 written, $15 out.
    private static readonly ChannelTerms Usual = new(3 * Dollar, 3 * Dollar / 10, 15 * Dollar, 1_000, 0, 2_000);

    [Theory]
    [InlineData(0, 10_000, 0)]
    [InlineData(1_000_000, 10_000, 270_000_000)]
    [InlineData(100_000, 10_000, 27_000_000)]
    [InlineData(100_000, 5_000, 13_500_000)]
    [InlineData(100_000, 0, 0)]
    public void Repriming_costs_the_difference_of_prices_for_what_is_cached(long cached, int chanceBp, long units)
    {
        var call = Call(prompt: 2_000_000, cached, chanceBp);

        Assert.Equal(units, SwitchPrice.Repriming(call, 3 * Dollar, 3 * Dollar / 10));
    }

    [Theory]
    [InlineData(100_000, 26_000, false)] // $0.27 to read it anew, against 26 cents of waiting.
    [InlineData(100_000, 28_000, true)]
    [InlineData(5_000, 1_000, false)]
    [InlineData(5_000, 2_000, true)]
    [InlineData(0, 1, true)]
    [InlineData(0, 0, false)]
    public void Long_wait_is_left_once_it_is_worth_more_than_the_cache(long cached, long waitMs, bool leaves)
    {
        var call = Call(prompt: 120_000, cached);

        Assert.Equal(leaves, SwitchPrice.IsWorthLeaving(call, Usual with { WaitMs = 1_000 + waitMs }, Usual));
    }

    [Theory]
    [InlineData(10_000, 0, false)]
    [InlineData(10_000, 10_000, true)] // Surely fails, which takes 20 s: 20 cents against 2.7.
    [InlineData(100_000, 10_000, false)]
    public void Risk_of_failure_counts_with_the_time_it_takes(long cached, int failedBp, bool leaves)
    {
        var call = Call(prompt: 120_000, cached);

        Assert.Equal(
            leaves,
            SwitchPrice.IsWorthLeaving(call, Usual with { FailedBp = failedBp, FailureMs = 20_000 }, Usual));
    }

    [Fact]
    public void Cheaper_channel_is_worth_it_when_it_saves_more_than_the_cache_did()
    {
        var call = Call(prompt: 100_000, cached: 50_000);
        var half = Usual with { Input = Usual.Input / 2, CacheRead = Usual.CacheRead / 2, Output = Usual.Output / 2 };

        Assert.True(SwitchPrice.IsWorthLeaving(call with { OutputTokens = 20_000 }, Usual, half));
        Assert.False(SwitchPrice.IsWorthLeaving(call with { CachedTokens = 100_000, OutputTokens = 0 }, Usual, half));
    }

    [Fact]
    public void Numbers_out_of_all_bounds_do_no_harm()
    {
        var call = new SwitchTerms(long.MaxValue, long.MaxValue, long.MaxValue, int.MaxValue, long.MaxValue);
        var worst = new ChannelTerms(Dollar * 100_000, 0, Dollar * 100_000, long.MaxValue, int.MaxValue, long.MaxValue);

        Assert.False(SwitchPrice.IsWorthLeaving(default, default, default));
        Assert.False(SwitchPrice.IsWorthLeaving(call, worst with { WaitMs = -5 }, worst));
        Assert.Equal(long.MaxValue, SwitchPrice.Repriming(call, Dollar * 100_000, 0));
    }

    [Fact]
    [Trait("row", "B04")]
    public void Each_input_pulls_in_its_own_direction_only()
    {
        var random = new Random(20261121);
        var changed = new int[9];
        for (var i = 0; i < 200_000; i++)
        {
            var call = new SwitchTerms(
                random.Next(200_000), random.Next(4_000), random.Next(200_000), random.Next(10_001),
                random.NextInt64(100 * Dollar));
            var (bound, other) = (Terms(random), Terms(random));
            var leaves = SwitchPrice.IsWorthLeaving(call, bound, other);
            ReadOnlySpan<bool> keener =
            [
                SwitchPrice.IsWorthLeaving(call, bound with { WaitMs = bound.WaitMs + More(random) }, other),
                SwitchPrice.IsWorthLeaving(call, bound with { FailedBp = bound.FailedBp + random.Next(2_000) }, other),
                SwitchPrice.IsWorthLeaving(call, bound with { Output = bound.Output + random.Next((int)Dollar) }, other),
                SwitchPrice.IsWorthLeaving(call with { CachedTokens = call.CachedTokens - random.Next(50_000) }, bound, other),
                SwitchPrice.IsWorthLeaving(call with { CachedBp = call.CachedBp - random.Next(5_000) }, bound, other),
                SwitchPrice.IsWorthLeaving(call, bound with { CacheRead = bound.CacheRead + random.Next((int)Dollar) }, other),
            ];
            ReadOnlySpan<bool> lessKeen =
            [
                SwitchPrice.IsWorthLeaving(call, bound, other with { WaitMs = other.WaitMs + More(random) }),
                SwitchPrice.IsWorthLeaving(call, bound, other with { FailedBp = other.FailedBp + random.Next(2_000) }),
                SwitchPrice.IsWorthLeaving(call, bound, other with { Input = other.Input + random.Next((int)Dollar) }),
            ];
            for (var k = 0; k < keener.Length; k++)
            {
                Assert.True(keener[k] || !leaves, $"input {k} at {i}: {call} {bound} {other}");
                changed[k] += keener[k] == leaves ? 0 : 1;
            }

            for (var k = 0; k < lessKeen.Length; k++)
            {
                Assert.True(leaves || !lessKeen[k], $"input {keener.Length + k} at {i}: {call} {bound} {other}");
                changed[keener.Length + k] += lessKeen[k] == leaves ? 0 : 1;
            }
        }

        // The test has seen each of them turn the answer.
        Assert.All(changed, count => Assert.True(count > 100));
    }

    private static SwitchTerms Call(long prompt, long cached, int chanceBp = 10_000) =>
        new(prompt, OutputTokens: 500, cached, chanceBp, CentASecond);

    private static ChannelTerms Terms(Random random)
    {
        var input = random.NextInt64(Dollar / 10, 5 * Dollar);
        return new ChannelTerms(
            input, random.NextInt64(input), random.NextInt64(20 * Dollar), random.Next(30_000), random.Next(10_001),
            random.Next(20_000));
    }

    private static long More(Random random) => random.NextInt64(20_000);
}
