using TokenHub.Core.Money;
using TokenHub.Core.Usage;
using TokenHub.Gateway.Channels.Gate;
using TokenHub.Gateway.Exchanges.Media;
using TokenHub.Gateway.Learned;
using TokenHub.Gateway.Tests.Affinity;
using TokenHub.Gateway.Tests.Rig;
using Xunit;

namespace TokenHub.Gateway.Tests.Channels.Gate;

/// <summary>What is set aside of a channel's windows while an attempt runs.</summary>
[Trait("row", "A32")]
public sealed class GateEstimateTests
{
    private const string Open = """{"model":"m","messages":[{"role":"user","content":"Hi"}]}""";
    private const string Bounded = """{"model":"m","max_tokens":700,"n":2,"messages":[{"role":"user","content":"Hi"}]}""";

    private static readonly Tariff Tariff = GatewayRig.Tariff with { Image = 4_000_000 };
    private readonly OutputLengths _lengths = new();

    [Fact]
    public void Stated_limit_is_set_aside_for_each_answer_whatever_was_learnt()
    {
        Learn(10);
        var open = Of(Open);

        Assert.Equal(2 * 700, Of(Bounded).Tokens - (open.Tokens - (2 * _lengths.LearnedOf("m", KeyOf(Open)))));
    }

    [Fact]
    public void Without_one_it_is_twice_what_nearly_all_answers_stay_within_once_that_is_known()
    {
        var before = Of(Open).Tokens;
        Learn(100);
        var learned = _lengths.LearnedOf("m", KeyOf(Open));

        Assert.InRange(learned, 100, 127);
        Assert.Equal(GateEstimate.OutputUnstated - (2 * learned), before - Of(Open).Tokens);
        Assert.Equal(GateEstimate.OutputUnstated, before - Of(Open, outputMax: 1).Tokens + 1);
    }

    [Fact]
    public void Pictures_are_set_aside_with_their_price()
    {
        var exchange = Asked.Of(Endpoint.ChatCompletions, Open, model: "m");
        exchange.Media = new MediaCall
        {
            Endpoint = Endpoint.ChatCompletions, ContentType = "application/json",
            Units = new MediaUnits(3, 0, 0), InputTokens = 10, OutputTokensMax = 20,
        };

        var estimate = GateEstimate.Of(exchange, CandidateOf(), _lengths);

        Assert.Equal((30, TariffMath.Hold(Tariff, 10, 20, new MediaUnits(3, 0, 0))), (estimate.Tokens, estimate.Cost));
        Assert.True(estimate.Cost >= new Usd(12_000_000));
    }

    private void Learn(int tokens)
    {
        for (var i = 0; i < 20; i++)
        {
            _lengths.Note("m", KeyOf(Open), tokens);
        }
    }

    private GateEstimate Of(string body, long outputMax = TokenLimits.OutputCeiling) =>
        GateEstimate.Of(Asked.Of(Endpoint.ChatCompletions, body, model: "m"), CandidateOf(outputMax), _lengths);

    private static long KeyOf(string body) => Asked.Of(Endpoint.ChatCompletions, body).Key!.Id;

    private static Candidate CandidateOf(long outputMax = TokenLimits.OutputCeiling) => new(
        new UpstreamChannel(Entries.Channel(1), Entries.Box), "m", "m", Tariff, new TokenLimits(1_000_000, outputMax));
}
