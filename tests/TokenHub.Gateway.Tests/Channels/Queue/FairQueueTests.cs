using TokenHub.Core.Snapshots;
using TokenHub.Gateway.Channels.Gate;
using TokenHub.Gateway.Channels.Queue;
using Xunit;

namespace TokenHub.Gateway.Tests.Channels.Queue;

[Trait("row", "B05")]
public sealed class FairQueueTests
{
    [Fact]
    public async Task Slot_given_back_here_wakes_whoever_waits_without_a_timer()
    {
        using var world = new QueueWorld();
        var first = await world.ComeAsync(1, out var firstRid);
        var second = world.ComeAsync(2, out _);
        Assert.False(second.IsCompleted);
        Assert.Equal(1, world.Channels[0].Live.Waiting);

        world.Clock.Advance(TimeSpan.FromMilliseconds(40));
        world.GiveBack(1, firstRid, first);

        Assert.True(second.IsCompletedSuccessfully);
        Assert.Equal(new Queued(QueueEnd.In, 0, 2, 1, 40, 0), await second);
        Assert.Equal((1, 0), (world.Channels[0].Live.Running, world.Channels[0].Live.Waiting));
        Assert.Equal(0, world.Queue.Waiting);
    }

    [Fact]
    public async Task Slot_that_another_gateway_gives_back_is_found_within_fifty_milliseconds()
    {
        using var world = new QueueWorld();
        var place = await world.ComeAsync(1, out var rid);
        var waiting = world.ComeAsync(2, out _);
        world.Pass(200);
        var asked = world.Gate.Asked;
        Assert.InRange(asked, 2 + 3, 2 + 8);

        world.Gate.Leave(world.Channels[0], rid, 1, place.Fence, 0, default);
        world.Pass(55);

        Assert.Equal(QueueEnd.In, (await waiting).End);
    }

    [Fact]
    public async Task Any_channel_of_the_plan_serves_and_the_others_forget()
    {
        using var world = new QueueWorld(channels: 3);
        List<(Core.Requests.RequestId Rid, Queued Place)> held = [];
        for (var i = 0; i < 3; i++)
        {
            held.Add((Rid: default, Place: await world.ComeAsync(1, out var rid)));
            held[i] = (rid, held[i].Place);
        }

        var anywhere = world.ComeAsync(2, out _);
        var third = world.ComeAsync(3, out _, to: 2);
        world.GiveBack(1, held[1].Rid, held[1].Place);

        Assert.Equal(1, (await anywhere).Step);
        Assert.False(third.IsCompleted);
        Assert.Equal([0, 0, 1], world.Channels.Select(c => c.Live.Waiting));
        world.GiveBack(1, held[2].Rid, held[2].Place);
        Assert.Equal(2, (await third).Step);
    }

    [Fact]
    public async Task Nobody_waits_longer_than_the_rule_and_who_is_late_is_out_of_all_lines()
    {
        using var world = new QueueWorld(channels: 2);
        world.Rules = world.Rules with { QueueWaitMs = 300 };
        await world.ComeAsync(1, out _);
        await world.ComeAsync(1, out _);
        var late = world.ComeAsync(2, out _);

        world.Pass(295);
        Assert.False(late.IsCompleted);
        world.Pass(10);

        Assert.Equal(QueueEnd.TimedOut, (await late).End);
        Assert.InRange((await late).WaitedMs, 300, 305);
        Assert.Equal([0, 0], world.Channels.Select(c => c.Live.Waiting));
    }

    [Fact]
    public async Task Client_that_leaves_is_out_of_line_at_once_and_a_place_found_meanwhile_goes_back()
    {
        using var world = new QueueWorld();
        var place = await world.ComeAsync(1, out var rid);
        using var client = new CancellationTokenSource();
        var waiting = world.ComeAsync(2, out _, cancel: client.Token);
        var answer = new TaskCompletionSource();
        world.Gate.Delay = () => answer.Task;
        world.GiveBack(1, rid, place);
        Assert.False(waiting.IsCompleted);

        client.Cancel();

        Assert.Equal(QueueEnd.Gone, (await waiting).End);
        answer.SetResult();
        Assert.Equal(0, world.Gate.TakenAt(world.Channels[0]));
        Assert.Equal((0, 0), (world.Channels[0].Live.Running, world.Channels[0].Live.Waiting));
    }

    [Fact]
    public async Task Client_that_has_left_before_does_not_stand_in_line()
    {
        using var world = new QueueWorld();
        await world.ComeAsync(1, out _);

        var gone = await world.ComeAsync(2, out _, cancel: new CancellationToken(canceled: true));

        Assert.Equal(QueueEnd.Gone, gone.End);
        Assert.Equal(0, world.Queue.Waiting);
    }

    [Fact]
    public async Task Full_queue_refuses_at_once_whoever_has_most_in_it_and_lets_others_in_his_place()
    {
        using var world = new QueueWorld();
        world.Rules = world.Rules with { QueueMax = 10 };
        await world.ComeAsync(1, out _);
        var greedy = Enumerable.Range(0, 10).Select(_ => world.ComeAsync(1, out var _)).ToArray();

        var more = world.ComeAsync(1, out _);
        var other = world.ComeAsync(2, out _);

        Assert.Equal(QueueEnd.Full, (await more).End);
        Assert.False(other.IsCompleted);
        Assert.Equal(QueueEnd.Full, (await greedy[9]).End);
        Assert.All(greedy[..9], waiting => Assert.False(waiting.IsCompleted));
        Assert.Equal(10, world.Queue.Waiting);
    }

    [Fact]
    public async Task Group_has_a_bound_and_a_longest_wait_of_its_own_and_its_users_share_the_line()
    {
        using var world = new QueueWorld();
        await world.ComeAsync(1, out _);
        world.Group = new GroupEntry { Name = "small", QueueMax = 4, QueueWaitMs = 1_000 };
        var inGroup = Enumerable.Range(0, 4).Select(_ => world.ComeAsync(1, out var _)).ToArray();

        Assert.Equal(QueueEnd.Full, (await world.ComeAsync(1, out _)).End);
        var other = world.ComeAsync(2, out _);
        Assert.Equal(QueueEnd.Full, (await inGroup[3]).End);
        world.Group = null;
        var common = Enumerable.Range(0, 6).Select(_ => world.ComeAsync(1, out var _)).ToArray();
        Assert.Equal(10, world.Queue.Waiting);

        world.Clock.Advance(TimeSpan.FromMilliseconds(1_001));
        world.Queue.Tick();

        Assert.Equal(QueueEnd.TimedOut, (await other).End);
        Assert.All(inGroup[..3], waiting => Assert.Equal(QueueEnd.TimedOut, waiting.Result.End));
        Assert.All(common, waiting => Assert.False(waiting.IsCompleted));
        world.Group = new GroupEntry { Name = "small", QueueMax = 4, QueueWaitMs = 1_000 };
        Assert.False(world.ComeAsync(1, out _).IsCompleted);
    }

    [Fact]
    public async Task One_user_has_a_bound_of_his_own()
    {
        using var world = new QueueWorld();
        world.Rules = world.Rules with { QueueUserMax = 3 };
        await world.ComeAsync(1, out _);
        _ = Enumerable.Range(0, 3).Select(_ => world.ComeAsync(1, out var _)).ToArray();

        Assert.Equal(QueueEnd.UserFull, (await world.ComeAsync(1, out _)).End);
        Assert.False(world.ComeAsync(2, out _).IsCompleted);
    }

    [Fact]
    public async Task Who_cannot_be_served_in_time_is_refused_at_once_and_told_when()
    {
        using var world = new QueueWorld();
        world.Rules = world.Rules with { QueueWaitMs = 10_000 };
        var place = await world.ComeAsync(1, out var rid);
        world.GiveBack(1, rid, place, heldMs: 4_000);
        await world.ComeAsync(1, out _);

        var waits = Enumerable.Range(0, 4).Select(_ => world.ComeAsync(1, out var _)).ToArray();

        // Half of the running call on average, then one after the other: 2 s, 6 s, 10 s.
        Assert.All(waits[..3], waiting => Assert.False(waiting.IsCompleted));
        Assert.Equal(QueueEnd.TooLong, (await waits[3]).End);
        Assert.InRange((await waits[3]).RetryAfterMs, 14_000, 14_001);
        var other = world.ComeAsync(2, out _);
        Assert.False(other.IsCompleted);
        Assert.Equal(4, world.Queue.Waiting);
    }

    [Fact]
    public async Task User_without_running_calls_goes_before_those_of_one_with_many()
    {
        using var world = new QueueWorld(slots: 3);
        List<Queued> running = [];
        List<Core.Requests.RequestId> rids = [];
        for (var i = 0; i < 3; i++)
        {
            running.Add(await world.ComeAsync(1, out var rid));
            rids.Add(rid);
        }

        var many = Enumerable.Range(0, 5).Select(_ => world.ComeAsync(1, out var _)).ToArray();
        var one = world.ComeAsync(2, out _);
        world.GiveBack(1, rids[0], running[0]);

        Assert.Equal((QueueEnd.In, 1), ((await one).End, (await one).Position));
        Assert.All(many, waiting => Assert.False(waiting.IsCompleted));
    }

    [Fact]
    public async Task Rate_is_asked_again_when_it_lets_the_next_one_through_and_not_before()
    {
        using var world = new QueueWorld(slots: 100);
        var opensAt = world.Clock.GetTimestamp() + TimeSpan.FromMilliseconds(400).Ticks;
        var asked = 0;
        world.Gate.Says = (_, _) =>
        {
            asked++;
            var ms = (int)((opensAt - world.Clock.GetTimestamp()) / TimeSpan.TicksPerMillisecond);
            return ms > 0 ? new GateReply(GateCode.Rate, ms, 0) : null;
        };
        var waiting = world.ComeAsync(1, out _);

        world.Pass(395);
        Assert.Equal(1, asked);
        world.Pass(10);

        Assert.Equal(QueueEnd.In, (await waiting).End);
    }

    [Fact]
    public async Task Channel_that_runs_out_is_left_and_the_request_refused_when_it_was_the_last()
    {
        using var world = new QueueWorld(channels: 2);
        await world.ComeAsync(1, out _);
        await world.ComeAsync(1, out _);
        var waiting = world.ComeAsync(2, out _);

        world.Gate.Says = (channel, _) => channel.Id == 1 ? new GateReply(GateCode.Exhausted, 60_000, 0) : null;
        world.Pass(60);
        Assert.False(waiting.IsCompleted);
        Assert.Equal([0, 1], world.Channels.Select(c => c.Live.Waiting));
        world.Gate.Says = (_, _) => new GateReply(GateCode.Exhausted, 60_000, 0);
        world.Pass(60);

        Assert.Equal(QueueEnd.Exhausted, (await waiting).End);
        Assert.Equal(0, world.Queue.Waiting);
    }

    [Fact]
    public async Task While_redis_is_away_only_what_runs_here_counts()
    {
        using var world = new QueueWorld(slots: 2);
        world.Queue.Took(world.Channels[0].Live, 1, 1);
        world.Queue.Took(world.Channels[0].Live, 1, 1);
        world.Gate.Says = (_, _) => new GateReply(GateCode.Unavailable, 0, 0);
        var waiting = world.ComeAsync(2, out _);
        world.Pass(100);
        Assert.False(waiting.IsCompleted);

        world.Queue.GaveBack(world.Channels[0].Live, 1, 100);

        Assert.Equal(QueueEnd.In, (await waiting).End);
    }

    [Fact]
    public async Task Resting_channel_is_asked_only_for_those_who_have_no_other()
    {
        using var world = new QueueWorld(channels: 2);
        var first = await world.ComeAsync(1, out var firstRid);
        await world.ComeAsync(1, out _);
        var both = world.ComeAsync(2, out _);
        world.Channels[0].Live.RestsUntil = long.MaxValue;

        world.GiveBack(1, firstRid, first);
        Assert.False(both.IsCompleted);
        var only = world.ComeAsync(3, out _, to: 0);
        world.Pass(60);

        Assert.Equal(QueueEnd.In, (await only).End);
        Assert.False(both.IsCompleted);
    }
}
