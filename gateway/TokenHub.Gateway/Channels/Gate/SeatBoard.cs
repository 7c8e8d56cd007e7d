using TokenHub.Core.Quota;
using TokenHub.Core.Requests;
using TokenHub.Redis.Channels;

namespace TokenHub.Gateway.Channels.Gate;

/// <summary>
/// The places that this gateway has at one channel, and how the channel stood when Redis last spoke of it. Thread-safe.
/// </summary>
internal sealed class SeatBoard
{
    private readonly Lock _lock = new();
    private readonly Dictionary<(RequestId Rid, int Attempt), HeldSeat> _seats = [];
    private SeatReply _last;
    private long _lastAt;

    public int Count
    {
        get
        {
            lock (_lock)
            {
                return _seats.Count;
            }
        }
    }

    public void Add(in HeldSeat seat)
    {
        lock (_lock)
        {
            _seats[(seat.Rid, seat.Attempt)] = seat;
        }
    }

    /// <summary>
    /// Takes a place off. Returns its fence, which a renewal may have changed; or the one given if it is not here.
    /// </summary>
    public long Remove(RequestId rid, int attempt, long fence)
    {
        lock (_lock)
        {
            return _seats.Remove((rid, attempt), out var seat) ? seat.Fence : fence;
        }
    }

    /// <summary>The places whose leases are to be renewed: those of which Redis has told.</summary>
    public HeldSeat[] Renewable()
    {
        lock (_lock)
        {
            return [.. _seats.Values.Where(seat => seat.Fence > 0)];
        }
    }

    /// <summary>What a renewal has made of the fence of a place that is still here.</summary>
    public void Refence(in HeldSeat seat, long fence)
    {
        lock (_lock)
        {
            if (fence > 0 && _seats.TryGetValue((seat.Rid, seat.Attempt), out var known) && known.Fence == seat.Fence)
            {
                _seats[(seat.Rid, seat.Attempt)] = known with { Fence = fence };
            }
        }
    }

    /// <summary>Keeps what an answer said of the primary window.</summary>
    public void Saw(in SeatReply reply, long at)
    {
        lock (_lock)
        {
            if (reply.Period != default)
            {
                _last = reply;
            }

            _lastAt = at;
        }
    }

    /// <summary>When an answer last came; 0 before any.</summary>
    public long SeenAt
    {
        get
        {
            lock (_lock)
            {
                return _lastAt;
            }
        }
    }

    /// <summary>What of the primary window is used or set aside in a period, and the last hour's demand.</summary>
    public (long Taken, long HourDemand) Primary(QuotaPeriod period)
    {
        lock (_lock)
        {
            return (period.StartMs < _last.Period.EndMs ? _last.Used + _last.Held : 0, _last.HourDemand);
        }
    }
}
