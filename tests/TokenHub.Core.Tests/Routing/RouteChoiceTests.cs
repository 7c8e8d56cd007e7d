using TokenHub.Core.Routing;
using TokenHub.TestKit;
using Xunit;

namespace TokenHub.Core.Tests.Routing;

[Trait("row", "A20")]
public sealed class RouteChoiceTests
{
    private static readonly RouteCall Fifo = new() { Policy = RoutingPolicy.Fifo };

    [Fact]
    public void Every_state_has_its_place_in_the_order()
    {
        var pool = new Pool(Pool.Channels(7));
        pool[0].RestsUntil = Pool.Now + 9;
        pool[1].SlotsMax = pool[1].Running = 3;
        pool[2].ExhaustedUntil = Pool.Now + 1;
        pool[3].Bar = RouteBar.Scope;
        pool[4].Bar = RouteBar.Call;
        pool[6].FullUntil = Pool.Now + 1;

        var chosen = pool.Choose(Fifo);

        Assert.Equal([6, 2, 7], chosen.Order);
        Assert.Equal(new RouteTrace(RoutingPolicy.Fifo, RouteReason.OnlyOne, 7, 1, 1, 1, 1, 2), chosen.Trace);
    }

    [Fact]
    public void Higher_priority_comes_first_then_weight_at_all_then_the_own_protocol()
    {
        var pool = new Pool(Pool.Channels(5));
        pool[0].Priority = -1;
        pool[2].Weight = 0;
        pool[3].IsOwnDialect = false;
        pool[3].Weight = 1000;
        pool[4].Priority = 7;

        var again = new Pool(pool[0], pool[1], pool[2], pool[3], pool[4]);

        Assert.Equal([5, 2, 4, 3, 1], again.Choose().Order);
        Assert.Equal(RouteReason.Priority, again.Choose().Trace.Reason);
    }

    [Theory]
    [InlineData(1, 1, true, RouteReason.Priority)]
    [InlineData(0, 1, true, RouteReason.OwnProtocol)]
    [InlineData(0, 0, true, RouteReason.Weight)]
    [InlineData(0, 0, false, RouteReason.Weight)]
    [InlineData(1, 0, false, RouteReason.Priority)]
    public void Reason_is_the_first_thing_that_sets_the_best_apart(
        int priority, int otherWeight, bool isOwn, RouteReason reason)
    {
        foreach (var (steps, count) in new[] { (1, 2), (4, 2), (1, 200), (4, 200) })
        {
            var inputs = Pool.Channels(count);
            for (var i = 1; i < count; i++)
            {
                (inputs[i].Weight, inputs[i].IsOwnDialect) = (otherWeight, false);
            }

            (inputs[0].Priority, inputs[0].IsOwnDialect) = (priority, isOwn);
            var chosen = new Pool(inputs).Choose(new RouteCall { StepsMax = steps });

            Assert.Equal((1, reason), (chosen.Order[0], chosen.Trace.Reason));
        }
    }

    [Theory]
    [InlineData(RoutingPolicy.Weighted, RouteReason.Weight)]
    [InlineData(RoutingPolicy.LeastLoaded, RouteReason.Load)]
    [InlineData(RoutingPolicy.Cheapest, RouteReason.Price)]
    [InlineData(RoutingPolicy.Fifo, RouteReason.Order)]
    [InlineData(RoutingPolicy.Sticky, RouteReason.Caller)]
    public void Among_equals_the_reason_is_the_policys_however_many_there_are_and_steps_are_wanted(
        RoutingPolicy policy, RouteReason reason)
    {
        foreach (var (steps, count) in new[] { (1, 2), (4, 2), (1, 300), (4, 300) })
        {
            var chosen = new Pool(Pool.Channels(count)).Choose(new RouteCall { StepsMax = steps, Policy = policy });

            Assert.Equal(reason, chosen.Trace.Reason);
        }
    }

    [Fact]
    public void Of_channels_that_all_rest_the_one_whose_rest_ends_first_is_tried()
    {
        var pool = new Pool(Pool.Channels(3));
        for (var i = 0; i < 3; i++)
        {
            pool[i].RestsUntil = Pool.Now + 30 - i;
        }

        Assert.Equal([3, 2, 1], pool.Choose().Order);
        Assert.Equal(RouteReason.LastResort, pool.Choose().Trace.Reason);
    }

    [Fact]
    public void Resting_channel_is_not_tried_where_a_full_one_can_be_waited_for()
    {
        var pool = new Pool(Pool.Channels(2));
        pool[0].RestsUntil = Pool.Now + 1;
        Assert.Equal([2, 1], pool.Choose().Order);

        pool[1].FullUntil = Pool.Now + 1;
        Assert.Equal([2], pool.Choose().Order);
    }

    [Fact]
    public void Exhausted_window_is_a_hard_no()
    {
        var pool = new Pool(Pool.Channels(1));
        pool[0].ExhaustedUntil = Pool.Now + 1;
        pool[0].RestsUntil = Pool.Now + 1;

        Assert.Empty(pool.Choose().Order);
        Assert.Equal(1, pool.Choose().Trace.Exhausted);
        pool[0].ExhaustedUntil = Pool.Now;
        Assert.Equal([1], pool.Choose().Order);
    }

    [Fact]
    public void Half_open_channel_is_tried_by_one_call_at_a_time()
    {
        var pool = new Pool(Pool.Channels(2));
        pool[0].IsHalfOpen = true;
        Assert.Equal(1, pool.Choose(Fifo).Order[0]);

        pool[0].Running = 1;
        Assert.Equal([2, 1], pool.Choose(Fifo).Order);
    }

    [Theory]
    [InlineData(3)]
    [InlineData(200)]
    [Trait("row", "T09")]
    public void Full_channel_is_skipped(int count)
    {
        var pool = new Pool(Pool.Channels(count));
        for (var i = 0; i < count - 1; i++)
        {
            (pool[i].SlotsMax, pool[i].Running) = (2, 2);
        }

        Assert.All(Enumerable.Range(0, 50), _ => Assert.Equal(count, pool.Choose().Order[0]));
        Assert.Equal(Math.Min(8, count), pool.Choose().Order.Length);
    }

    [Theory]
    [InlineData(3)]
    [InlineData(300)]
    [Trait("row", "C14")]
    public void Oldest_lot_is_used_up_first(int count)
    {
        var pool = new Pool(Pool.Channels(count));
        Assert.Equal((1, RouteReason.Order), (pool.Choose(Fifo).Order[0], pool.Choose(Fifo).Trace.Reason));

        for (var i = 0; i < count - 1; i++)
        {
            pool[i].ExhaustedUntil = Pool.Now + 1;
            Assert.Equal(i + 2, pool.Choose(Fifo).Order[0]);
        }
    }

    [Theory]
    [InlineData(4)]
    [InlineData(400)]
    public void Cheapest_is_the_one_whose_price_is_lowest(int count)
    {
        var cheapest = new RouteCall { Policy = RoutingPolicy.Cheapest };
        var pool = new Pool(Pool.Channels(count));
        var chance = new Random(3);
        for (var round = 0; round < 30; round++)
        {
            for (var i = 0; i < count; i++)
            {
                pool[i].InputPrice = chance.Next(1, 50);
                pool[i].ExhaustedUntil = chance.Next(3) == 0 ? Pool.Now + 1 : 0;
            }

            var open = Enumerable.Range(0, count).Where(i => pool[i].ExhaustedUntil == 0).ToList();
            var order = pool.Choose(cheapest).Order;
            Assert.Equal(
                open.Select(i => pool[i].InputPrice).Order().Take(2),
                order.Take(2).Select(id => pool[(int)id - 1].InputPrice));
            Assert.Equal(Math.Min(8, open.Count), order.Length);
            Assert.All(order, id => Assert.Contains((int)id - 1, open));
        }
    }

    [Theory]
    [InlineData(4)]
    [InlineData(400)]
    public void Least_loaded_has_the_most_room_by_slots(int count)
    {
        var leastLoaded = new RouteCall { Policy = RoutingPolicy.LeastLoaded };
        var pool = new Pool(Pool.Channels(count));
        for (var i = 0; i < count; i++)
        {
            (pool[i].SlotsMax, pool[i].SlotsUsed, pool[i].Waiting) = (10 + i, 9, 0);
        }

        if (count == 4)
        {
            Assert.Equal([4, 3], pool.Choose(leastLoaded).Order[..2]);
            pool[3].Waiting = 3;
            Assert.Equal([3, 2], pool.Choose(leastLoaded).Order[..2]);
            Assert.Equal([1, 2, 3, 4], pool.Choose(leastLoaded).Order.Order());
        }

        // Of many some are compared: the fullest tenth never gets a call.
        Assert.All(Enumerable.Range(0, 200), _ => Assert.True(pool.Choose(leastLoaded).Order[0] > count / 10));
        Assert.Equal(RouteReason.Load, pool.Choose(leastLoaded).Trace.Reason);
    }

    [Theory]
    [InlineData(RoutingPolicy.LeastLoaded, 40)]
    [InlineData(RoutingPolicy.Cheapest, 40)]
    [InlineData(RoutingPolicy.Fifo, 400)]
    [InlineData(RoutingPolicy.Sticky, 400)]
    public void Third_step_and_later_ones_are_drawn_by_state_within_the_tier(RoutingPolicy policy, int count)
    {
        var channels = Pool.Channels(count);
        for (var i = 0; i < count; i++)
        {
            (channels[i].InputPrice, channels[i].Order, channels[i].Priority) = (i, i, i < count / 2 ? 1 : 0);
            channels[i].FailedBp = i % 2 == 0 ? 0 : 9_000;
        }

        var pool = new Pool(channels);
        var later = Enumerable.Range(0, 300)
            .SelectMany(_ => pool.Choose(new RouteCall { Policy = policy, StepsMax = 4 }).Order[2..]).ToList();

        Assert.True(later.Distinct().Count() > count / 4, $"{later.Distinct().Count()} of {count}");
        Assert.All(later, id => Assert.True(id <= count / 2, "a lower tier came before the higher was used up"));
        Assert.True(later.Count(id => id % 2 == 0) < later.Count / 10, "those that fail come as often as the others");
    }

    [Fact]
    public void Steps_are_no_more_than_asked_for_and_never_twice_the_same()
    {
        foreach (var policy in Enum.GetValues<RoutingPolicy>())
        {
            foreach (var count in new[] { 1, 2, 9, 64, 65, 500 })
            {
                var pool = new Pool(Pool.Channels(count));
                for (var steps = 0; steps <= 9; steps++)
                {
                    var order = pool.Choose(new RouteCall { Policy = policy, StepsMax = steps }).Order;
                    Assert.Equal(Math.Min(Math.Min(steps, 8), count), order.Length);
                    Assert.Equal(order.Length, order.Distinct().Count());
                }
            }
        }
    }

    [Fact]
    public void Same_number_gives_the_same_choice_at_any_size()
    {
        foreach (var count in new[] { 10, 300 })
        {
            var one = new Pool(Pool.Channels(count));
            var other = new Pool(Pool.Channels(count));

            Assert.Equal(
                Enumerable.Range(0, 20).SelectMany(_ => one.Choose().Order),
                Enumerable.Range(0, 20).SelectMany(_ => other.Choose().Order));
        }
    }

    [Fact]
    public void Nothing_is_allocated()
    {
        var pool = new Pool(Pool.Channels(1000));
        var picks = new RoutePick[8];
        var inputs = Enumerable.Range(0, 1000).Select(i => pool[i]).ToArray();
        var map = RouteMap.Of(inputs);
        foreach (var policy in Enum.GetValues<RoutingPolicy>())
        {
            Run(policy, 2);
            Assert.Equal(0, Allocations.Least(() => Run(policy, 200)));
        }

        void Run(RoutingPolicy policy, int calls)
        {
            for (var i = 0; i < calls; i++)
            {
                var call = new RouteCall { Policy = policy, Random = (ulong)i, Now = Pool.Now, BoundAt = i % 3 - 1 };
                RouteChoice.Choose(map, new RouteInputs(inputs), call, picks, out _);
            }
        }
    }
}
