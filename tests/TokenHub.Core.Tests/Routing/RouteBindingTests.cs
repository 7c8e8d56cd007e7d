using TokenHub.Core.Routing;
using Xunit;

namespace TokenHub.Core.Tests.Routing;

public sealed class RouteBindingTests
{
    [Theory]
    [InlineData(3)]
    [InlineData(300)]
    public void Bound_channel_goes_first_and_the_rest_keep_their_order(int count)
    {
        var pool = new Pool(Pool.Channels(count));

        var chosen = pool.Choose(new RouteCall { Policy = RoutingPolicy.Fifo, BoundAt = count - 1, StepsMax = 3 });

        Assert.Equal([count, 1, 2], chosen.Order);
        Assert.Equal(RouteReason.Bound, chosen.Trace.Reason);
    }

    [Fact]
    public void Bound_channel_is_left_when_that_is_worth_it_or_it_cannot_serve_at_once()
    {
        var call = new RouteCall { Policy = RoutingPolicy.Fifo, BoundAt = 1 };
        var pool = new Pool(Pool.Channels(3));
        Assert.Equal((1, RouteReason.Switched), First(pool.Choose(call, isWorthLeaving: true)));

        pool[1].FullUntil = Pool.Now + 1;
        Assert.Equal((1, RouteReason.Switched), First(pool.Choose(call)));
        Assert.Equal([1, 3, 2], pool.Choose(call).Order);

        pool[1].RestsUntil = Pool.Now + 1;
        Assert.Equal((1, RouteReason.Switched), First(pool.Choose(call)));

        pool[1].ExhaustedUntil = Pool.Now + 1;
        Assert.Equal([1, 3], pool.Choose(call).Order);
    }

    [Fact]
    public void Full_bound_channel_is_waited_for_when_the_others_are_full_too()
    {
        var pool = new Pool(Pool.Channels(3));
        for (var i = 0; i < 3; i++)
        {
            pool[i].FullUntil = Pool.Now + 1;
        }

        var chosen = pool.Choose(new RouteCall { Policy = RoutingPolicy.Fifo, BoundAt = 2 });

        Assert.Equal([3, 1, 2], chosen.Order);
        Assert.Equal(RouteReason.Bound, chosen.Trace.Reason);
    }

    [Fact]
    [Trait("row", "A30")]
    public void Pinned_conversation_has_one_channel_whatever_becomes_of_it()
    {
        var call = new RouteCall { BoundAt = 1, IsPinned = true };
        var pool = new Pool(Pool.Channels(3));
        Assert.Equal([2], pool.Choose(call).Order);

        pool[1].RestsUntil = Pool.Now + 1;
        Assert.Equal([2], pool.Choose(call, isWorthLeaving: true).Order);

        pool[1].ExhaustedUntil = Pool.Now + 1;
        Assert.Empty(pool.Choose(call).Order);
        Assert.Equal(1, pool.Choose(call).Trace.Exhausted);
    }

    [Theory]
    [InlineData(20)]
    [InlineData(500)]
    public void Sticky_caller_keeps_his_channel_and_only_those_of_a_lost_one_move(int count)
    {
        var pool = new Pool(Pool.Channels(count));
        var before = Homes(pool);
        pool[3].RestsUntil = Pool.Now + 1;
        var without = Homes(pool);
        pool[3].RestsUntil = 0;

        Assert.Equal(before, Homes(pool));
        Assert.All(before.Zip(without), home => Assert.True(home.First == home.Second || home.First == 4));
        Assert.DoesNotContain(4, without);
        Assert.Equal(RouteReason.Caller, pool.Choose(new RouteCall { Policy = RoutingPolicy.Sticky }).Trace.Reason);
    }

    [Fact]
    public void Sticky_channel_added_takes_only_its_share_and_from_all()
    {
        var before = Homes(new Pool(Pool.Channels(19)));
        var after = Homes(new Pool(Pool.Channels(20)));
        var moved = before.Zip(after).Where(home => home.First != home.Second).ToList();

        Assert.All(moved, home => Assert.Equal(20, home.Second));
        Assert.InRange(moved.Count, 60, 140);
    }

    [Fact]
    public void Sticky_callers_are_spread_by_weight()
    {
        var inputs = Pool.Channels(3);
        inputs[0].Weight = 2;
        var homes = Homes(new Pool(inputs));

        Assert.InRange(homes.Count(home => home == 1) / (double)homes.Count, 0.45, 0.55);
    }

    private static List<long> Homes(Pool pool) =>
    [
        .. Enumerable.Range(0, 2000).Select(caller => pool.Choose(new RouteCall
        {
            Policy = RoutingPolicy.Sticky, Caller = RouteChance.OfCaller(caller, RouteChance.OfName("gpt-5")),
        }).Order[0]),
    ];

    private static (long, RouteReason) First(Chosen chosen) => (chosen.Order[0], chosen.Trace.Reason);
}
