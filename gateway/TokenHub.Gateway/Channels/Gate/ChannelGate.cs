using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using TokenHub.Core.Money;
using TokenHub.Core.Quota;
using TokenHub.Core.Requests;
using TokenHub.Gateway.Planes;
using TokenHub.Redis;
using TokenHub.Redis.Channels;

namespace TokenHub.Gateway.Channels.Gate;

/// <summary>
/// The gate in Redis. A channel without limits never costs a call. While Redis is away only what this gateway knows
/// holds: these are limits, not money. What it hears goes to <see cref="ChannelLive"/>.
/// </summary>
/// <param name="epoch">Of the counts to be believed: rises with any loss of Redis.</param>
/// <param name="recount">Has the control plane count a channel's windows; false when it cannot now.</param>
internal sealed class ChannelGate(
    ChannelSeats seats,
    GatewayIdentity identity,
    Func<long> epoch,
    Func<UpstreamChannel, Task<bool>> recount,
    ServerClock clock,
    TimeProvider time) : IChannelGate
{
    /// <summary>A place is free again so long after its gateway has died.</summary>
    public const int LeaseMs = 15_000;

    // A period that ends while it is asked about, counts that are lost: each may follow another.
    private const int RoundsMax = 4;
    private const int LeaveTriesMax = 60;
    private static readonly TimeSpan LeavePauseMax = TimeSpan.FromSeconds(10);

    // Above that many, places are left to their leases.
    private const int LeavesMax = 20_000;

    private readonly ConcurrentDictionary<long, SeatBoard> _boards = new();
    private int _leaves;

    /// <summary>Places given back of which Redis has not heard yet.</summary>
    public int Leaving => Volatile.Read(ref _leaves);

    public ValueTask<GateReply> EnterAsync(
        UpstreamChannel channel, RequestId rid, int attempt, long tokens, Usd cost,
        CancellationToken cancellationToken) =>
        channel.Limits.IsNone
            ? ValueTask.FromResult(new GateReply(GateCode.Ok, 0, 0))
            : EnterLimitedAsync(channel, rid, attempt, tokens, cost);

    public void Leave(UpstreamChannel channel, RequestId rid, int attempt, long fence, long tokens, Usd cost)
    {
        if (!channel.Limits.IsNone)
        {
            var known = BoardOf(channel).Remove(rid, attempt, fence);
            _ = LeaveAsync(channel, rid, attempt, known, tokens, cost);
        }
    }

    /// <summary>
    /// Renews all places of this gateway at a channel; with none there it only asks how the channel stands.
    /// </summary>
    public async Task<bool> RenewAsync(UpstreamChannel channel, CancellationToken cancel)
    {
        var board = BoardOf(channel);
        var held = board.Renewable();
        var from = 0;
        do
        {
            var count = Math.Min(ChannelSeats.PlacesMax, held.Length - from);
            var fences = new long[count];
            var reply = await seats.RenewAsync(
                channel.Id, epoch(), identity.GatewayNo, identity.BootNo, LeaseMs,
                channel.Limits.ClaimsAt(clock.NowMs), held.AsSpan(from, count), fences, cancel);
            Note(channel, board, reply);
            if (reply.Code == SeatCode.NotCounted)
            {
                if (!await recount(channel))
                {
                    return false;
                }

                continue;
            }

            for (var i = 0; i < count; i++)
            {
                board.Refence(held[from + i], fences[i]);
            }

            from += count;
        }
        while (from < held.Length);
        return true;
    }

    /// <summary>Channels at which this gateway has a place, or had one since it started.</summary>
    public bool HasSeats(UpstreamChannel channel) => _boards.TryGetValue(channel.Id, out var board) && board.Count > 0;

    /// <summary>Since Redis last spoke of a channel.</summary>
    public TimeSpan AgeOf(UpstreamChannel channel) =>
        _boards.TryGetValue(channel.Id, out var board) && board.SeenAt > 0
            ? time.GetElapsedTime(board.SeenAt)
            : TimeSpan.MaxValue;

    /// <summary>Works out anew what the primary window does to weight and price, as time goes on.</summary>
    public void Reprice(UpstreamChannel channel)
    {
        var (limits, live) = (channel.Limits, channel.Live);
        if (!limits.HasWindows)
        {
            (live.LeftBp, live.WeightBp, live.FireSaleBp, live.SurgeBp) =
                (PriceFactors.Once, PriceFactors.Once, PriceFactors.Once, PriceFactors.Once);
            return;
        }

        var now = clock.NowMs;
        var period = limits.ClaimsAt(now)[0].Period;
        var (taken, demand) = BoardOf(channel).Primary(period);
        var left = limits.PrimaryLimit - taken;
        var scarcity = Scarcity.Of(
            limits.FireSale, limits.Surge, limits.PrimaryLimit, left, demand, period.EndMs - now);
        live.LeftBp = Scarcity.LeftBp(limits.PrimaryLimit, left);
        (live.WeightBp, live.FireSaleBp, live.SurgeBp) = (scarcity.WeightBp, scarcity.FireSaleBp, scarcity.SurgeBp);
    }

    // The call to Redis is not given up with the request: whether the place was taken would not be known.
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<GateReply> EnterLimitedAsync(
        UpstreamChannel channel, RequestId rid, int attempt, long tokens, Usd cost)
    {
        var (limits, board) = (channel.Limits, BoardOf(channel));
        try
        {
            for (var round = 0; round < RoundsMax; round++)
            {
                var seat = new SeatRequest(
                    channel.Id, epoch(), rid, attempt, identity.GatewayNo, identity.BootNo, LeaseMs,
                    limits.Slots, limits.Rpm, limits.Tpm, tokens, cost);
                var reply = await seats.EnterAsync(seat, limits.ClaimsAt(clock.NowMs), CancellationToken.None);
                Note(channel, board, reply);
                switch (reply.Code)
                {
                    case SeatCode.Ok or SeatCode.Repeated:
                        board.Add(new HeldSeat(rid, attempt, reply.Fence, tokens, cost));
                        return new GateReply(GateCode.Ok, 0, reply.Fence);
                    case SeatCode.OtherPeriod:
                        continue;
                    case SeatCode.NotCounted when await recount(channel):
                        continue;
                    case SeatCode.NotCounted:
                        return EnterAlone(channel, board, rid, attempt, tokens, cost);
                    case SeatCode.Full:
                        return new GateReply(GateCode.Full, reply.WaitMs, 0);
                    case SeatCode.Rate:
                        return new GateReply(GateCode.Rate, reply.WaitMs, 0);
                    default:
                        return new GateReply(GateCode.Exhausted, reply.WaitMs, 0);
                }
            }
        }
        catch (RedisUnavailableException)
        {
            // By what is known here.
        }

        return EnterAlone(channel, board, rid, attempt, tokens, cost);
    }

    private static GateReply EnterAlone(
        UpstreamChannel channel, SeatBoard board, RequestId rid, int attempt, long tokens, Usd cost)
    {
        if (board.Count >= (channel.Limits.Slots ?? int.MaxValue))
        {
            return new GateReply(GateCode.Full, 0, 0);
        }

        board.Add(new HeldSeat(rid, attempt, 0, tokens, cost));
        return new GateReply(GateCode.Unavailable, 0, 0);
    }

    private async Task LeaveAsync(
        UpstreamChannel channel, RequestId rid, int attempt, long fence, long tokens, Usd cost)
    {
        if (Interlocked.Increment(ref _leaves) <= LeavesMax)
        {
            for (var i = 0; i < LeaveTriesMax && !await TryLeaveAsync(channel, rid, attempt, fence, tokens, cost); i++)
            {
                var pause = TimeSpan.FromMilliseconds(100L << Math.Min(i, 10));
                await Task.Delay(pause < LeavePauseMax ? pause : LeavePauseMax, time);
            }
        }

        Interlocked.Decrement(ref _leaves);
    }

    private async ValueTask<bool> TryLeaveAsync(
        UpstreamChannel channel, RequestId rid, int attempt, long fence, long tokens, Usd cost)
    {
        try
        {
            var seat = new SeatReturn(channel.Id, epoch(), rid, attempt, fence, channel.Limits.Tpm, tokens, cost);
            var reply = await seats.LeaveAsync(seat, channel.Limits.ClaimsAt(clock.NowMs), CancellationToken.None);
            Note(channel, BoardOf(channel), reply);
            if (reply.Code != SeatCode.NotCounted)
            {
                return true;
            }

            await recount(channel);
            return false;
        }
        catch (RedisUnavailableException)
        {
            return false;
        }
    }

    private void Note(UpstreamChannel channel, SeatBoard board, in SeatReply reply)
    {
        clock.Saw(reply.NowMs);
        board.Saw(reply, time.GetTimestamp());
        var (live, limits) = (channel.Live, channel.Limits);
        live.SlotsUsed = reply.SlotsUsed;
        switch (reply.Code)
        {
            case SeatCode.Full or SeatCode.Rate:
                Volatile.Write(ref live.FullUntil, After(reply.WaitMs));
                break;
            case SeatCode.Exhausted:
                Volatile.Write(ref live.ExhaustedUntil, After(reply.WaitMs));
                break;
            case SeatCode.Ok when reply.Fence > 0:
                Volatile.Write(ref live.ExhaustedUntil, 0);
                Volatile.Write(ref live.FullUntil, 0);
                break;
            case SeatCode.Ok when limits.Slots is { } slots && reply.SlotsUsed < slots:
                Volatile.Write(ref live.FullUntil, 0);
                break;
        }

        if (limits.HasWindows)
        {
            Reprice(channel);
        }
    }

    private long After(int ms) => time.GetTimestamp() + (ms * time.TimestampFrequency / 1000);

    private SeatBoard BoardOf(UpstreamChannel channel) => _boards.GetOrAdd(channel.Id, static _ => new SeatBoard());
}
