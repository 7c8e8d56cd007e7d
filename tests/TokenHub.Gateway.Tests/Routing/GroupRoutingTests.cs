using TokenHub.Core.Routing;
using TokenHub.Core.Snapshots;
using TokenHub.Gateway.Routing;
using TokenHub.Gateway.Tests.Rig;
using Xunit;

namespace TokenHub.Gateway.Tests.Routing;

/// <summary>A plan holds channels of one group; who may not use a group does not learn of it.</summary>
[Trait("row", "B35")]
public sealed class GroupRoutingTests
{
    private readonly ChannelPicker _picker = new(new Random(1), 1000);

    [Fact]
    public void Prefix_leads_to_the_channels_of_its_group_alone()
    {
        var table = Build([], Channel(1), Channel(2, "a"), Channel(3, "a", "b"), Channel(4, "b"));

        Assert.Equal([2, 3], Plans(table, "a").SelectMany(Ids).Distinct().Order());
        Assert.Equal([3, 4], Plans(table, "b").SelectMany(Ids).Distinct().Order());
        Assert.All(Plans(table, "b"), plan => Assert.Equal("b", plan.Group!.Name));
    }

    [Fact]
    public void Plan_without_a_prefix_stays_in_the_group_of_its_first_channel()
    {
        var table = Build([], Channel(1), Channel(2), Channel(3, "a"), Channel(4, "a", "b"), Channel(5, "b"));
        long[][] alone = [[1, 2], [3, 4], [4, 5]];

        var plans = Plans(table, null).ToList();

        Assert.Equal([1, 2, 3, 4, 5], plans.Select(plan => Ids(plan)[0]).Distinct().Order());
        foreach (var plan in plans)
        {
            var members = alone[plan.Group?.Name switch { "a" => 1, "b" => 2, _ => 0 }];
            Assert.Equal(2, plan.Count);
            Assert.Equal(members, Ids(plan).Order());
        }
    }

    [Fact]
    [Trait("row", "B34")]
    public void Group_that_is_not_common_serves_only_under_its_prefix()
    {
        var table = Build([new GroupEntry { Name = "own", InCommon = false }], Channel(1), Channel(2, "own"));

        Assert.All(Plans(table, null), plan => Assert.Equal([1], Ids(plan)));
        Assert.All(Plans(table, "own"), plan => Assert.Equal([2], Ids(plan)));
    }

    [Fact]
    public void Conversation_without_a_prefix_stays_in_the_group_of_its_channel_when_it_must_move()
    {
        var table = Build([], Channel(1), Channel(2, "a"), Channel(3, "a"), Channel(4, "b"));
        var bound = Query(null) with
        {
            Affinity = new AffinityMatch(new AffinityRule { Id = 1, Name = "r", Source = "prefix" }, 1, 2, 500, 10),
        };
        for (var i = 0; i < 50; i++)
        {
            var plan = Pick(table, bound).Plan;
            Assert.Equal([2, 3], Ids(plan));
            Assert.Equal(RouteReason.Bound, plan.Trace.Reason);
        }

        table.Find("m"u8)!.Candidates[1].Channel.Live.RestsUntil = long.MaxValue;
        Assert.Equal([3, 2], Ids(Pick(table, bound).Plan));
        Assert.Equal(RouteReason.Switched, Pick(table, bound).Plan.Trace.Reason);

        table.Find("m"u8)!.Candidates[2].Channel.Live.ExhaustedUntil = long.MaxValue;
        Assert.Equal([2], Ids(Pick(table, bound).Plan));
    }

    [Theory]
    [InlineData("gold")]
    [InlineData("nowhere")]
    public void Group_that_is_not_for_the_caller_looks_like_one_that_is_not_there(string group)
    {
        var table = Build([new GroupEntry { Name = "gold", Accounts = [77] }], Channel(1, "gold"), Channel(2));

        var result = Pick(table, Query(group)).Result;

        Assert.Equal(RoutingFault.UnknownGroup, result.Fault);
        Assert.Equal(new RoutingResult(RoutingFault.UnknownGroup, null).ToError(), result.ToError());
        Assert.All(Plans(table, null), plan => Assert.Equal([2], Ids(plan)));
    }

    [Fact]
    public void Group_is_for_its_accounts_and_a_narrowed_key_has_its_own_groups_only()
    {
        var table = Build([new GroupEntry { Name = "gold", Accounts = [77] }], Channel(1, "gold"), Channel(2), Channel(3, "b"));
        var member = new KeyEntry(Entries.Key(account: 77));
        var narrow = new KeyEntry(Entries.Key(account: 77) with { Groups = ["b"] });

        Assert.Equal([1], Ids(Pick(table, Query("gold") with { Key = member }).Plan));
        Assert.Equal(RoutingFault.UnknownGroup, Pick(table, Query("gold") with { Key = narrow }).Result.Fault);
        Assert.All(
            Enumerable.Range(0, 30), _ => Assert.Equal([3], Ids(Pick(table, Query(null) with { Key = narrow }).Plan)));
    }

    [Fact]
    public void Group_chooses_by_its_own_policy_and_calls_without_a_prefix_by_the_common_one()
    {
        var table = Build(
            [new GroupEntry { Name = "a", Policy = RoutingPolicy.Fifo }], Channel(1), Channel(3, "a"), Channel(2, "a"));

        Assert.All(Plans(table, "a"), plan => Assert.Equal([2, 3], Ids(plan)));
        Assert.Equal(RoutingPolicy.Fifo, Pick(table, Query("a")).Plan.Trace.Policy);
        Assert.Equal(RoutingPolicy.Weighted, Pick(table, Query(null)).Plan.Trace.Policy);
    }

    [Fact]
    public void Cheapest_counts_the_factors_of_group_surge_and_fire_sale()
    {
        var table = Build(
            [new GroupEntry { Name = "a", Policy = RoutingPolicy.Cheapest }], Channel(1, "a"), Channel(2, "a"), Channel(3, "a"));
        var route = table.Find("m"u8)!;
        route.Candidates[0].Channel.Live.SurgeBp = 12_000;
        route.Candidates[2].Channel.Live.FireSaleBp = 4_000;

        var picked = Pick(table, Query("a") with { InputTokens = 100, OutputTokens = 10 });

        Assert.Equal([3, 2, 1], Ids(picked.Plan));
    }

    [Fact]
    public void Number_of_steps_is_two_more_than_the_attempts_of_the_rules()
    {
        var channels = Enumerable.Range(1, 12).Select(id => Channel(id)).ToArray();
        foreach (var steps in new[] { 1, 3, 8 })
        {
            var table = RouteTable.Build(
                Entries.Snapshot(channels, Entries.Price("m")) with { Routing = new RoutingRules { AttemptsMax = steps } },
                Entries.Box, new ChannelLives());
            Assert.Equal(Math.Min(steps + 2, 8), Pick(table, Query(null)).Plan.Count);
        }
    }

    private IEnumerable<RoutePlan> Plans(RouteTable table, string? group) =>
        Enumerable.Range(0, 60).Select(_ => Pick(table, Query(group)).Plan);

    private (RoutingResult Result, RoutePlan Plan) Pick(RouteTable table, RoutingQuery query)
    {
        var plan = new RoutePlan();
        return (_picker.Pick(table, "m"u8, query with { Now = 5 }, plan), plan);
    }

    private static RoutingQuery Query(string? group) => new(Dialect.Chat, group, new KeyEntry(Entries.Key()));

    private static long[] Ids(RoutePlan plan) => [.. plan.Steps.ToArray().Select(step => step.Candidate.Channel.Id)];

    private static ChannelEntry Channel(long id, params string[] groups) => Entries.Channel(id) with { Groups = groups };

    private static RouteTable Build(GroupEntry[] groups, params ChannelEntry[] channels) => RouteTable.Build(
        Entries.Snapshot(channels, Entries.Price("m")) with { Groups = groups }, Entries.Box, new ChannelLives());
}
