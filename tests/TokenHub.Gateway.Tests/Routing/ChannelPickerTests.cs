using TokenHub.Core.Money;
using TokenHub.Core.Routing;
using TokenHub.Core.Snapshots;
using TokenHub.Gateway.Routing;
using TokenHub.Gateway.Tests.Rig;
using Xunit;

namespace TokenHub.Gateway.Tests.Routing;

public sealed class ChannelPickerTests
{
    private static readonly RoutingQuery Chat = new(Dialect.Chat, null, new KeyEntry(Entries.Key()));
    private readonly TestClock _clock = new();
    private readonly ChannelPicker _picker;

    public ChannelPickerTests() => _picker = new ChannelPicker(new Random(1), _clock.TimestampFrequency);

    [Fact]
    public void Weight_decides_among_equals()
    {
        var table = Build(Entries.Channel(1) with { Weight = 3 }, Entries.Channel(2) with { Weight = 1 });

        var first = Enumerable.Range(0, 4000).Count(_ => Pick(table).First!.Channel.Id == 1);

        Assert.InRange(first, 2850, 3150);
    }

    [Fact]
    public void Higher_priority_comes_first_and_the_second_is_another_channel()
    {
        var table = Build(
            Entries.Channel(1) with { Priority = 1 }, Entries.Channel(2) with { Priority = 9 }, Entries.Channel(3) with { Priority = -5 });

        for (var i = 0; i < 100; i++)
        {
            var picked = Pick(table);
            Assert.Equal(2, picked.First!.Channel.Id);
            Assert.Equal(1, picked.Second!.Channel.Id);
        }
    }

    [Fact]
    public void Only_channel_has_no_second()
    {
        Assert.Null(Pick(Build(Entries.Channel(1))).Second);
    }

    [Fact]
    public void Weight_zero_comes_last_among_its_equals()
    {
        var table = Build(Entries.Channel(1) with { Weight = 0 }, Entries.Channel(2));

        Assert.All(Enumerable.Range(0, 100), _ => Assert.Equal(2, Pick(table).First!.Channel.Id));
        Assert.Equal(1, Pick(table).Second!.Channel.Id);
    }

    [Fact]
    public void Resting_channel_is_passed_over_and_comes_back()
    {
        var table = Build(Entries.Channel(1) with { Priority = 5 }, Entries.Channel(2));
        Pick(table).First!.Channel.Live.RestsUntil = _clock.GetTimestamp() + _clock.TimestampFrequency;

        Assert.Equal(2, Pick(table).First!.Channel.Id);
        _clock.Advance(TimeSpan.FromSeconds(1.1));
        Assert.Equal(1, Pick(table).First!.Channel.Id);
    }

    [Fact]
    public void Resting_channel_is_tried_when_it_is_the_only_one()
    {
        var table = Build(Entries.Channel(1));
        Pick(table).First!.Channel.Live.RestsUntil = long.MaxValue;

        Assert.Equal((1, RouteReason.LastResort), (Pick(table).First!.Channel.Id, Pick(table).Plan.Trace.Reason));
    }

    [Fact]
    [Trait("row", "A34")]
    public void Used_up_quota_is_said_with_the_time_until_it_is_there_again()
    {
        var table = Build(Entries.Channel(1), Entries.Channel(2));
        foreach (var (candidate, seconds) in table.Find("m"u8)!.Candidates.ToArray().Zip([90, 30]))
        {
            candidate.Channel.Live.ExhaustedUntil = _clock.GetTimestamp() + (seconds * _clock.TimestampFrequency);
        }

        var plan = new RoutePlan();
        var result = _picker.Pick(table, "m"u8, Chat with { Now = _clock.GetTimestamp() }, plan);

        Assert.Equal((RoutingFault.Exhausted, 30_000, 2), (result.Fault, result.RetryAfterMs, plan.Trace.Exhausted));
        Assert.Equal(30_000, result.ToError().RetryAfterMs);
    }

    [Fact]
    public void Steps_carry_the_factors_of_this_moment()
    {
        var table = Build(
            s => s with { Groups = [new GroupEntry { Name = "g", PriceFactorBp = 20_000 }] },
            Entries.Channel(1) with { Groups = ["g"] });
        var live = table.Find("m"u8)!.Candidates[0].Channel.Live;
        (live.SurgeBp, live.FireSaleBp) = (15_000, 5_000);

        var picked = Pick(table, Chat with { Group = "g" });

        Assert.Equal(new PriceFactors(20_000, 15_000, 5_000), picked.Plan[0].Factors);
        Assert.Equal(("g", new PriceFactors(20_000, 15_000, 5_000)), (picked.Plan.Group!.Name, picked.Plan[0].Tariff.Factors));
    }

    [Theory]
    [InlineData(Dialect.Chat, Provider.OpenAi, Dialect.Chat)]
    [InlineData(Dialect.Responses, Provider.OpenAi, Dialect.Responses)]
    [InlineData(Dialect.Anthropic, Provider.OpenAi, Dialect.Responses)]
    [InlineData(Dialect.Gemini, Provider.Azure, Dialect.Responses)]
    [InlineData(Dialect.Anthropic, Provider.OpenAiCompatible, Dialect.Chat)]
    [InlineData(Dialect.Responses, Provider.DeepSeek, Dialect.Chat)]
    [InlineData(Dialect.Chat, Provider.Anthropic, Dialect.Anthropic)]
    [InlineData(Dialect.Gemini, Provider.Anthropic, Dialect.Anthropic)]
    [InlineData(Dialect.Anthropic, Provider.Gemini, Dialect.Gemini)]
    public void Channel_of_another_protocol_is_reached_by_translation(Dialect client, Provider provider, Dialect upstream)
    {
        var picked = Pick(Build(Entries.Channel(1, provider: provider)), Chat with { Dialect = client });

        Assert.Equal(upstream, picked.First!.UpstreamDialect(client));
    }

    [Fact]
    public void Own_protocol_comes_first_among_equals_and_only_there()
    {
        var table = Build(
            Entries.Channel(1, provider: Provider.Anthropic) with { Weight = 50 }, Entries.Channel(2),
            Entries.Channel(3, provider: Provider.Gemini) with { Priority = 1 });

        for (var i = 0; i < 100; i++)
        {
            var picked = Pick(table);
            Assert.Equal((3, 2), (picked.First!.Channel.Id, picked.Second!.Channel.Id));
        }
    }

    [Fact]
    public void Key_scope_and_group_leave_channels_out()
    {
        var table = Build(Entries.Channel(1), Entries.Channel(2) with { Groups = ["blue"] });

        Assert.Equal(1, Pick(table, Chat with { Key = new KeyEntry(Entries.Key() with { Channels = [1] }) }).First!.Channel.Id);
        Assert.Equal(2, Pick(table, Chat with { Group = "blue" }).First!.Channel.Id);
        Assert.Equal(RoutingFault.OutOfScope, Pick(table, Chat with { Key = new KeyEntry(Entries.Key() with { Channels = [99] }) }).Fault);
        Assert.Equal(RoutingFault.UnknownGroup, Pick(table, Chat with { Group = "green" }).Fault);
    }

    [Fact]
    public void Model_outside_the_keys_scope_is_not_routed()
    {
        var narrow = Chat with { Key = new KeyEntry(Entries.Key() with { Models = ["x", "y-*"] }) };

        Assert.Equal(RoutingFault.ModelNotAllowed, Pick(Build(Entries.Channel(1)), narrow).Fault);
    }

    [Fact]
    public void Faults_tell_what_is_missing()
    {
        var anthropic = Build(Entries.Channel(1, provider: Provider.Anthropic));
        var nowhere = Build(Entries.Channel(1, baseUrl: "nowhere"));
        var unpriced = RouteTable.Build(Entries.Snapshot([Entries.Channel(1)]), Entries.Box, new ChannelLives());

        Assert.Equal(RoutingFault.NoneUsable, Pick(nowhere).Fault);
        Assert.Equal(RoutingFault.Unpriced, Pick(unpriced).Fault);
        Assert.Equal(RoutingFault.UnknownModel, _picker.Pick(anthropic, "nope"u8, Chat, new RoutePlan()).Fault);
        Assert.Equal(RoutingFault.UnknownModel, _picker.Pick(RouteTable.Empty, "m"u8, Chat, new RoutePlan()).Fault);
    }

    [Fact]
    [Trait("row", "A19")]
    public void Key_without_a_channel_list_gets_new_channels_and_a_narrowed_one_stays_narrow()
    {
        var narrow = Chat with { Key = new KeyEntry(Entries.Key() with { Channels = [1] }) };
        var before = Build(Entries.Channel(1));
        var after = Build(Entries.Channel(1), Entries.Channel(2) with { Priority = 1 });

        Assert.Equal((1, 1), (Pick(before).Plan.Count, Pick(before, narrow).Plan.Count));
        Assert.Equal((2, 2), (Pick(after).First!.Channel.Id, Pick(after).Plan.Count));
        Assert.Equal((1, 1), (Pick(after, narrow).First!.Channel.Id, Pick(after, narrow).Plan.Count));
    }

    private Picked Pick(RouteTable table, RoutingQuery? query = null)
    {
        var plan = new RoutePlan();
        var result = _picker.Pick(table, "m"u8, (query ?? Chat) with { Now = _clock.GetTimestamp() }, plan);
        return new Picked(
            result.Fault, plan.Count > 0 ? plan[0].Candidate : null, plan.Count > 1 ? plan[1].Candidate : null, plan);
    }

    private sealed record Picked(RoutingFault Fault, Candidate? First, Candidate? Second, RoutePlan Plan);

    private static RouteTable Build(params ChannelEntry[] channels) => Build(snapshot => snapshot, channels);

    private static RouteTable Build(Func<Snapshot, Snapshot> change, params ChannelEntry[] channels) =>
        RouteTable.Build(change(Entries.Snapshot(channels, Entries.Price("m"))), Entries.Box, new ChannelLives());
}
