using System.Diagnostics;
using TokenHub.Core.Routing;

namespace TokenHub.Simulation.Tests.Routing;

/// <summary>
/// The routing function in the loop, over seeded worlds. <c>-explicit only</c> runs a million requests.
/// </summary>
[Trait("row", "S05")]
public sealed class RoutingSimulationTests
{
    private const int Calls = 100_000;

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Thirty_per_cent_of_twenty_channels_failing_in_turn_are_felt_by_nobody(int seed)
    {
        var world = new RoutingWorld(seed, 20);
        world.Run(2_000, 200, everySecond: FailInTurn);
        var (asked, attempts) = (world.Asked, world.Attempts);

        world.Run(Calls, 200, everySecond: FailInTurn);

        Say($"{world.Good} of {world.Asked} good, {(world.Attempts - attempts) / (double)(world.Asked - asked):f4} "
            + $"attempts a call after the first 10 s, longest {world.LongestMs} ms");
        Assert.Equal(world.Asked, world.Good + world.Failed);
        Assert.True(world.Good >= 0.999 * world.Asked, $"{world.Failed} of {world.Asked} failed");
        Assert.True(world.Attempts - attempts <= 1.1 * (world.Asked - asked), $"{world.Attempts} attempts");
        Assert.True(world.LongestMs < 5_000, $"{world.LongestMs} ms");
    }

    [Theory]
    [InlineData(RoutingPolicy.Cheapest, 1)]
    [InlineData(RoutingPolicy.Cheapest, 7)]
    [InlineData(RoutingPolicy.Fifo, 1)]
    [InlineData(RoutingPolicy.LeastLoaded, 1)]
    [InlineData(RoutingPolicy.Sticky, 1)]
    public void They_are_felt_by_nobody_under_any_policy_also_where_all_that_come_first_fail_at_once(
        RoutingPolicy policy, int step)
    {
        // With a step of 1 the cheapest six fail together, and then the next six; with 7 prices lie criss-cross.
        var world = new RoutingWorld(14, 20, (channel, known) =>
            (known[channel.At].InputPrice, known[channel.At].SlotsMax) = (1 + (channel.At * step % 20), 0))
        {
            Policy = policy,
        };
        world.Run(2_000, 200, users: 2_000, everySecond: FailInTurn);
        var (asked, attempts) = (world.Asked, world.Attempts);

        world.Run(Calls, 200, users: 2_000, everySecond: FailInTurn);

        Say($"{policy}: {100.0 * world.Good / world.Asked:f3} % of {world.Asked} good, "
            + $"{(world.Attempts - attempts) / (double)(world.Asked - asked):f4} attempts a call, longest {world.LongestMs} ms");
        Assert.True(world.Good >= 0.999 * world.Asked, $"{world.Failed} of {world.Asked} failed");
        Assert.True(world.Attempts - attempts <= 1.1 * (world.Asked - asked), $"{world.Attempts} attempts");
    }

    [Fact]
    public void Equal_channels_get_equal_loads()
    {
        var world = new RoutingWorld(4, 20);
        world.Run(Calls, 400);

        var even = Calls / 20.0;
        Say($"shares {world.Channels.Min(c => c.Served) / even:f3} to {world.Channels.Max(c => c.Served) / even:f3} of even");
        Assert.All(world.Channels, channel => Assert.InRange(channel.Served / even, 0.93, 1.07));
        Assert.True(world.Good > 0.9999 * Calls);
    }

    [Theory]
    [InlineData(RoutingPolicy.Weighted)]
    [InlineData(RoutingPolicy.LeastLoaded)]
    public void Weighted_loads_follow_weights_and_least_loaded_ones_follow_slots(RoutingPolicy policy)
    {
        var world = new RoutingWorld(5, 10, (channel, known) =>
        {
            known[channel.At].Weight = policy == RoutingPolicy.Weighted ? 1 + channel.At : 1;
            known[channel.At].SlotsMax = policy == RoutingPolicy.Weighted ? 0 : 10 * (1 + channel.At);
        })
        {
            Policy = policy,
        };
        world.Run(Calls, 300);

        foreach (var channel in world.Channels)
        {
            Assert.InRange(channel.Served / (Calls * (1.0 + channel.At) / 55), 0.85, 1.15);
        }
    }

    [Fact]
    public void Slow_channel_gets_less_and_gets_its_share_back_when_it_recovers()
    {
        var world = new RoutingWorld(6, 10);
        world.Channels[0].Slowness = 20;
        world.Run(Calls / 2, 100);
        var slow = world.Channels[0].Served;
        world.Channels[0].Slowness = 1;
        world.Run(Calls / 10, 100);
        var recovering = world.Channels[0].Served;
        world.Run(Calls / 2, 100);

        Say($"{slow / (Calls / 20.0):f2} of its share while slow, {(world.Channels[0].Served - recovering) / (Calls / 20.0):f2} after");
        Assert.InRange(slow / (Calls / 20.0), 0.1, 0.7);
        Assert.InRange((world.Channels[0].Served - recovering) / (Calls / 20.0), 0.9, 1.1);
    }

    [Fact]
    [Trait("row", "A34")]
    public void Channel_that_ran_out_is_not_chosen_until_its_window_opens_anew()
    {
        RoutingWorld? seen = null;
        var world = new RoutingWorld(7, 12, (channel, _) => channel.Quota = channel.At % 3 == 0 ? 0 : 400_000)
        {
            OnChosen = picks =>
            {
                foreach (var pick in picks)
                {
                    Assert.True(seen!.Known[pick.At].ExhaustedUntil <= seen.NowMs, "an exhausted channel was chosen");
                }
            },
        };
        seen = world;
        world.Run(Calls, 200);

        Assert.All(world.Channels, channel => Assert.True(channel.UsedMost <= channel.Quota));
        Assert.True(world.Channels.Where(c => c.Quota > 0).All(c => c.UsedMost > 0.8 * c.Quota), "no window ran out");
        Assert.True(world.Good >= 0.999 * world.Asked, $"{world.Failed} failed, {world.Waits} waits");
    }

    [Fact]
    public void Cheapest_is_really_the_cheapest_of_those_that_can_serve()
    {
        RoutingWorld? seen = null;
        var world = new RoutingWorld(8, 20, (channel, known) =>
        {
            known[channel.At].InputPrice = 1 + (channel.At * 7 % 20);
            (known[channel.At].SlotsMax, channel.Quota) = (8, channel.At % 2 == 0 ? 600_000 : 0);
        })
        {
            Policy = RoutingPolicy.Cheapest,
            OnChosen = picks =>
            {
                var open = seen!.Known.Where(k => RouteScore.VerdictOf(k, seen.NowMs) == RouteVerdict.Available).ToList();
                Assert.True(open.Count == 0 || seen.Known[picks[0].At].InputPrice == open.Min(k => k.InputPrice));
            },
        };
        seen = world;
        world.Run(Calls, 100);

        Assert.True(world.Channels[3].Served > world.Channels[17].Served, "the dearest had as much as the cheapest");
        Assert.True(world.Good >= 0.999 * world.Asked, $"{world.Failed} failed");
    }

    [Fact]
    [Trait("row", "C14")]
    public void Lots_are_drained_in_their_order()
    {
        const long Lot = 10_000_000;
        var world = new RoutingWorld(9, 20, (channel, known) =>
        {
            (channel.Quota, channel.WindowMs) = (Lot, long.MaxValue / 4);
            known[channel.At].SlotsMax = 0;
        })
        {
            Policy = RoutingPolicy.Fifo,
        };
        world.Run(Calls, 200);

        var touched = world.Channels.Where(channel => channel.FirstCallMs >= 0).ToList();
        Assert.InRange(touched.Count, 12, 19);
        Assert.Equal(touched.Select(c => c.At).Order(), touched.OrderBy(c => c.FirstCallMs).Select(c => c.At));


        // A small call may still fit into a lot that a large one found too small.
        Assert.All(touched.SkipLast(2), channel => Assert.InRange(channel.Used, Lot - 2_500, Lot));
    }

    [Fact]
    public void Sticky_callers_move_only_when_their_channel_fails_and_come_back()
    {
        var world = new RoutingWorld(10, 20) { Policy = RoutingPolicy.Sticky };
        world.Run(Calls / 4, 100, users: 2_000);
        var before = world.Channels.Select(channel => channel.Served).ToArray();
        world.Channels[3].IsFailing = true;
        world.Run(Calls / 2, 100, users: 2_000);
        var during = world.Channels.Select(channel => channel.Served).ToArray();

        Assert.True(during[3] - before[3] < 0.02 * before[3], $"{during[3] - before[3]} went to the failing channel");
        for (var at = 0; at < 20; at++)
        {
            // Twice the calls of before, and a nineteenth of those of the lost channel.
            Assert.True(at == 3 || during[at] - before[at] > 1.8 * before[at], $"channel {at} lost callers of its own");
        }
    }

    [Fact]
    [Trait("row", "S06")]
    public void Forty_conversations_over_four_accounts_hit_their_caches_as_if_they_had_one()
    {
        const int Turns = 20;
        var alone = Conversations(1, quota: 0);
        var four = Conversations(4, quota: 300_000);

        Say($"cached {four.CachedTokens / (double)four.PromptTokens:p1} of the prompts, alone {alone.CachedTokens / (double)alone.PromptTokens:p1}");
        Assert.True(four.CachedTokens >= 0.95 * alone.CachedTokens, $"{four.CachedTokens} of {alone.CachedTokens}");
        Assert.All(four.Channels, channel => Assert.True(channel.UsedMost <= channel.Quota));

        static RoutingWorld Conversations(int accounts, long quota)
        {
            var world = new RoutingWorld(11, accounts, (channel, _) => channel.Quota = quota) { Binds = true };
            for (var turn = 1; turn <= Turns; turn++)
            {
                for (var conversation = 0; conversation < 40; conversation++)
                {
                    world.Turn(conversation, 500 * turn);
                }

                world.Pass(30_000);
            }

            return world;
        }
    }

    [Fact]
    public void Same_seed_gives_the_same_world()
    {
        var (one, other) = (new RoutingWorld(12, 20), new RoutingWorld(12, 20));
        one.Run(5_000, 200, everySecond: FailInTurn);
        other.Run(5_000, 200, everySecond: FailInTurn);

        Assert.Equal(one.Channels.Select(c => (c.Served, c.Attempts)), other.Channels.Select(c => (c.Served, c.Attempts)));
        Assert.Equal(one.NowMs, other.NowMs);
    }

    [Fact]
    public void Hundred_thousand_requests_take_less_than_their_part_of_a_minute() => Measure(Calls);

    [Fact(Explicit = true)]
    public void Million_requests_take_less_than_a_minute() => Measure(1_000_000);

    private static void Measure(int calls)
    {
        var world = new RoutingWorld(13, 20, (channel, _) => channel.Quota = channel.At < 5 ? 2_000_000 : 0);
        var cpu = Environment.CpuUsage.TotalTime;
        var clock = Stopwatch.StartNew();
        world.Run(calls, 200, everySecond: FailInTurn);

        // Other tests may run beside this one, so the smaller of the two is its own.
        var took = TimeSpan.FromTicks(Math.Min((Environment.CpuUsage.TotalTime - cpu).Ticks, clock.Elapsed.Ticks));
        Say($"{calls} requests, {world.Attempts} attempts in {took.TotalSeconds:f2} s: "
            + $"{calls / took.TotalMinutes:n0} requests a minute; {100.0 * world.Good / world.Asked:f4} % good");
        Assert.True(world.Good >= 0.999 * world.Asked, $"{world.Failed} failed");
        Assert.True(calls / took.TotalMinutes >= 1_000_000, $"{calls} took {took}");
    }

    // Every ten seconds another six of the channels fail.
    private static void FailInTurn(RoutingWorld world)
    {
        var turn = (int)(world.NowMs / 10_000);
        foreach (var channel in world.Channels)
        {
            channel.IsFailing = (channel.At + (turn * 6)) % 20 < 6;
        }
    }

    private static void Say(string text) => TestContext.Current.TestOutputHelper?.WriteLine(text);
}
