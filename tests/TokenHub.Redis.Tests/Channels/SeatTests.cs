using TokenHub.Core.Money;
using TokenHub.Core.Quota;
using TokenHub.Core.Requests;
using TokenHub.Core.Snapshots;
using TokenHub.Redis.Channels;
using TokenHub.Redis.Tests.Model;
using TokenHub.Redis.Tests.Servers;

namespace TokenHub.Redis.Tests.Channels;

/// <summary>What a place at a channel promises, by a clock that the test sets.</summary>
public sealed class SeatTests(Backends backends)
{
    private const int LeaseMs = 15_000;
    private const string Window = "00000000000000aa";
    private static readonly RequestIdSource Ids = new(1, 1);
    private static long _channel = 1000;
    private static CancellationToken None => CancellationToken.None;

    [Theory]
    [OnEachBackend]
    [Trait("row", "B06")]
    public async Task Slots_of_a_dead_gateway_are_free_when_its_lease_is_over(Backend backend)
    {
        var desk = await DeskAsync(backend);
        for (var i = 0; i < 3; i++)
        {
            Assert.Equal(SeatCode.Ok, (await desk.EnterAsync(slots: 3)).Code);
        }

        Assert.Equal((SeatCode.Full, 3), Seen(await desk.EnterAsync(slots: 3)));
        await desk.MoveAsync(LeaseMs - 1);
        Assert.Equal((SeatCode.Full, 3), Seen(await desk.EnterAsync(slots: 3)));
        await desk.MoveAsync(1);
        Assert.Equal((SeatCode.Ok, 1), Seen(await desk.EnterAsync(slots: 3)));
    }

    [Theory]
    [OnEachBackend]
    [Trait("row", "B06")]
    public async Task Renewed_lease_keeps_its_slot_and_a_late_one_frees_nobody_elses(Backend backend)
    {
        var desk = await DeskAsync(backend);
        var rid = Next();
        var kept = await desk.EnterAsync(rid, slots: 1);
        await desk.MoveAsync(10_000);
        Assert.Equal([kept.Fence], await desk.RenewAsync(new HeldSeat(rid, 1, kept.Fence, 0, Usd.Zero)));
        await desk.MoveAsync(10_000);
        Assert.Equal(SeatCode.Full, (await desk.EnterAsync(slots: 1)).Code);

        await desk.MoveAsync(LeaseMs);
        var other = await desk.EnterAsync(slots: 1);
        Assert.True(other.Fence > kept.Fence);
        Assert.Equal((SeatCode.Ok, 1), Seen(await desk.LeaveAsync(rid, kept.Fence)));
        Assert.Equal(SeatCode.Full, (await desk.EnterAsync(slots: 1)).Code);
    }

    [Theory]
    [OnEachBackend]
    [Trait("row", "A32")]
    public async Task Window_has_what_was_used_in_place_of_what_was_set_aside_exactly_once(Backend backend)
    {
        var desk = await DeskAsync(backend, limit: 1_000);
        var rid = Next();
        var place = await desk.EnterAsync(rid, tokens: 900);
        Assert.Equal((0, 900), (place.Used, place.Held));
        Assert.Equal(SeatCode.Repeated, (await desk.EnterAsync(rid, tokens: 900)).Code);
        var refused = await desk.EnterAsync(tokens: 101);
        Assert.Equal((SeatCode.NoRoom, SeatModel.SoonMs), (refused.Code, refused.WaitMs));

        var left = await desk.LeaveAsync(rid, place.Fence, tokens: 123);
        Assert.Equal((SeatCode.Ok, 123, 0), (left.Code, left.Used, left.Held));
        left = await desk.LeaveAsync(rid, place.Fence, tokens: 123);
        Assert.Equal((SeatCode.Gone, 123, 0), (left.Code, left.Used, left.Held));
        Assert.Equal(SeatCode.Ok, (await desk.EnterAsync(tokens: 877)).Code);
        Assert.Equal(SeatCode.NoRoom, (await desk.EnterAsync(tokens: 1)).Code);
    }

    [Theory]
    [OnEachBackend]
    [Trait("row", "A32")]
    public async Task Lapsed_place_still_corrects_its_window_once(Backend backend)
    {
        var desk = await DeskAsync(backend, limit: 1_000);
        var rid = Next();
        var place = await desk.EnterAsync(rid, tokens: 900);
        await desk.MoveAsync(LeaseMs + 1);

        // Its slot is free, but what it may use is not given to others.
        Assert.Equal((SeatCode.NoRoom, 0), Seen(await desk.EnterAsync(tokens: 200)));
        var left = await desk.LeaveAsync(rid, place.Fence, tokens: 10);
        Assert.Equal((SeatCode.Ok, 10, 0), (left.Code, left.Used, left.Held));
        Assert.Equal(SeatCode.Gone, (await desk.LeaveAsync(rid, place.Fence, tokens: 10)).Code);
    }

    [Theory]
    [OnEachBackend]
    [Trait("row", "A34")]
    public async Task Used_up_window_opens_with_its_next_period_and_what_runs_over_the_border_stays_in_its_own(
        Backend backend)
    {
        var desk = await DeskAsync(backend, limit: 1_000);
        var (first, second) = (Next(), Next());
        var place = await desk.EnterAsync(first, tokens: 600);
        var over = await desk.EnterAsync(second, tokens: 400);
        await desk.LeaveAsync(first, place.Fence, tokens: 1_000);
        var refused = await desk.EnterAsync(tokens: 1);
        Assert.Equal((SeatCode.Exhausted, 3_600_000), (refused.Code, refused.WaitMs));

        await desk.MoveAsync(3_600_000);
        var next = await desk.EnterAsync(tokens: 7);
        Assert.Equal((SeatCode.Ok, 0, 7), (next.Code, next.Used, next.Held));
        var left = await desk.LeaveAsync(second, over.Fence, tokens: 400);
        Assert.Equal((SeatCode.Ok, 0, 7), (left.Code, left.Used, left.Held));
    }

    [Theory]
    [OnEachBackend]
    [Trait("row", "A32")]
    public async Task Period_is_that_of_the_servers_clock_and_shifts_once_when_that_jumps(Backend backend)
    {
        var desk = await DeskAsync(backend, limit: 1_000);
        await desk.LeaveAsync(Next(), 0, tokens: 1_000);

        // A gateway whose clock is an hour ahead gets no new period from it.
        Assert.Equal(SeatCode.OtherPeriod, (await desk.EnterAsync(tokens: 1, aheadMs: 3_600_000)).Code);
        Assert.Equal(SeatCode.Exhausted, (await desk.EnterAsync(tokens: 1)).Code);

        // The server's does once; going back a little does not bring the old one again, nor empty the new one.
        await desk.MoveAsync(3_600_000);
        Assert.Equal(SeatCode.Ok, (await desk.EnterAsync(tokens: 1_000)).Code);
        await desk.MoveAsync(-30_000);
        Assert.Equal(SeatCode.NoRoom, (await desk.EnterAsync(tokens: 1)).Code);

        // Far back, it has to be counted anew: PostgreSQL knows what was used then.
        await desk.MoveAsync(-3_000_000);
        Assert.Equal(SeatCode.NotCounted, (await desk.EnterAsync(tokens: 1)).Code);
    }

    [Theory]
    [OnEachBackend]
    [Trait("row", "A32")]
    public async Task Lost_window_is_counted_anew_before_anything_is_let_in(Backend backend)
    {
        var desk = await DeskAsync(backend, limit: 1_000);
        var rid = Next();
        var place = await desk.EnterAsync(rid, tokens: 500);
        await desk.LoseAsync();

        Assert.Equal(SeatCode.NotCounted, (await desk.EnterAsync(tokens: 1)).Code);
        Assert.Equal(SeatCode.NotCounted, (await desk.LeaveAsync(rid, place.Fence, tokens: 400)).Code);
        Assert.Equal(SeatCode.Ok, (await desk.RecountAsync(used: 700)).Code);
        Assert.Equal(SeatCode.Repeated, (await desk.RecountAsync(used: 900)).Code);

        // What was under way is put back by its gateway, and counted where it has ended meanwhile.
        var other = Next();
        var fence = Assert.Single(await desk.RenewAsync(new HeldSeat(other, 1, place.Fence - 1, 100, Usd.Zero)));
        Assert.True(fence > place.Fence);
        var left = await desk.LeaveAsync(rid, place.Fence, tokens: 150);
        Assert.Equal((SeatCode.CountedWithoutPlace, 850, 100), (left.Code, left.Used, left.Held));
        Assert.Equal(SeatCode.Gone, (await desk.LeaveAsync(rid, place.Fence, tokens: 150)).Code);
        left = await desk.LeaveAsync(other, fence, tokens: 50);
        Assert.Equal((SeatCode.Ok, 900, 0), (left.Code, left.Used, left.Held));
    }

    [Theory]
    [OnEachBackend]
    [Trait("row", "A32")]
    public async Task Counts_of_an_earlier_epoch_are_not_believed_where_they_are_lower(Backend backend)
    {
        var desk = await DeskAsync(backend, limit: 1_000);
        await desk.LeaveAsync(Next(), 0, tokens: 300);
        desk.Epoch++;

        Assert.Equal(SeatCode.NotCounted, (await desk.EnterAsync(tokens: 1)).Code);
        Assert.Equal(800, (await desk.RecountAsync(used: 800)).Used);
        desk.Epoch++;
        Assert.Equal(800, (await desk.RecountAsync(used: 200)).Used);
        desk.Epoch--;
        Assert.Equal(SeatCode.Ok, (await desk.EnterAsync(tokens: 1)).Code);
    }

    [Theory]
    [OnEachBackend]
    [Trait("row", "S07")]
    public async Task Rates_hold_to_the_unit_and_what_was_not_used_flows_back(Backend backend)
    {
        var desk = await DeskAsync(backend);
        for (var i = 0; i < 10; i++)
        {
            Assert.Equal(SeatCode.Ok, (await desk.EnterAsync(rpm: 10)).Code);
        }

        var refused = await desk.EnterAsync(rpm: 10);
        Assert.Equal((SeatCode.Rate, 6_000), (refused.Code, refused.WaitMs));
        await desk.MoveAsync(6_000);
        Assert.Equal(SeatCode.Ok, (await desk.EnterAsync(rpm: 10)).Code);
        Assert.Equal(SeatCode.Rate, (await desk.EnterAsync(rpm: 10)).Code);

        var second = await DeskAsync(backend);
        var rid = Next();
        var place = await second.EnterAsync(rid, tokens: 600, tpm: 1_000);
        Assert.Equal(SeatCode.Rate, (await second.EnterAsync(tokens: 500, tpm: 1_000)).Code);
        await second.LeaveAsync(rid, place.Fence, tokens: 500, tpm: 1_000);
        Assert.Equal(SeatCode.Ok, (await second.EnterAsync(tokens: 500, tpm: 1_000)).Code);
        Assert.Equal(SeatCode.Rate, (await second.EnterAsync(tokens: 1, tpm: 1_000)).Code);
    }

    [Theory]
    [OnEachBackend]
    [Trait("row", "A38")]
    public async Task Demand_of_the_last_hour_is_told(Backend backend)
    {
        var desk = await DeskAsync(backend, limit: 10_000);
        await desk.LeaveAsync(Next(), 0, tokens: 600);
        Assert.Equal(600, (await desk.EnterAsync()).HourDemand);
        await desk.MoveAsync(3_600_000 + 1_800_000);
        await desk.LeaveAsync(Next(), 0, tokens: 50);
        Assert.Equal(350, (await desk.EnterAsync()).HourDemand);
        await desk.MoveAsync(7_200_000);
        Assert.Equal(0, (await desk.EnterAsync()).HourDemand);
    }

    private static (SeatCode Code, int Slots) Seen(SeatReply reply) => (reply.Code, reply.SlotsUsed);

    private static RequestId Next() => Ids.Next(1_790_000_000_000);

    private async Task<Desk> DeskAsync(Backend backend, long? limit = null)
    {
        var runner = await ClockedRunner.CreateAsync(backends.Client(backend).Runner);
        var desk = new Desk(runner, backends.Client(backend), Interlocked.Increment(ref _channel), limit);
        await desk.MoveAsync(0);
        if (limit is not null)
        {
            await desk.RecountAsync(used: 0);
        }

        return desk;
    }

    /// <summary>One channel with at most one window, of tokens by the hour.</summary>
    private sealed class Desk(ClockedRunner runner, RedisClient client, long channel, long? limit)
    {
        private readonly ChannelSeats _seats = new(runner);
        private long _ms = 1_789_999_200_000;

        public long Epoch { get; set; } = 1;

        public Task MoveAsync(long ms) => runner.SetAsync((_ms += ms) * 1000);

        public async Task LoseAsync()
        {
            await client.DeleteAsync(RedisKeys.ChannelState(channel), None);
            await client.DeleteAsync(RedisKeys.ChannelPlaces(channel), None);
            await client.DeleteAsync(RedisKeys.ChannelSlots(channel), None);
            await MoveAsync(1);
        }

        public ValueTask<SeatReply> EnterAsync(
            RequestId? rid = null, int? slots = null, int? rpm = null, int? tpm = null, long tokens = 0, long aheadMs = 0) =>
            _seats.EnterAsync(
                new SeatRequest(
                    channel, Epoch, rid ?? Next(), 1, 1, 1, LeaseMs, slots, rpm, tpm, tokens, new Usd(tokens)),
                Claims(limit ?? 0, aheadMs), None);

        public ValueTask<SeatReply> LeaveAsync(RequestId rid, long fence, long tokens = 0, int? tpm = null) =>
            _seats.LeaveAsync(
                new SeatReturn(channel, Epoch, rid, 1, fence, tpm, tokens, new Usd(tokens)), Claims(limit ?? 0), None);

        public async Task<long[]> RenewAsync(params HeldSeat[] held)
        {
            var fences = new long[held.Length];
            var reply = await _seats.RenewAsync(
                channel, Epoch, 1, 1, LeaseMs, Claims(limit ?? 0), held, fences, None);
            Assert.Equal(SeatCode.Ok, reply.Code);
            return fences;
        }

        public ValueTask<SeatReply> RecountAsync(long used) =>
            _seats.RecountAsync(channel, Epoch, Claims(used), None);

        private WindowClaim[] Claims(long amount, long aheadMs = 0)
        {
            var start = (_ms + aheadMs) / 3_600_000 * 3_600_000;
            return limit is null
                ? []
                : [new WindowClaim(Window, QuotaKind.Tokens, amount, new QuotaPeriod(start, start + 3_600_000))];
        }
    }
}
