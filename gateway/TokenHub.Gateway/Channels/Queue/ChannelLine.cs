namespace TokenHub.Gateway.Channels.Queue;

/// <summary>
/// The users of one channel that has limits, and who of them waits for it. Slots are shared by weight: nobody is given
/// one more than his share rounded up while another has less than his share rounded down, and what whole slots cannot
/// divide goes to whoever had too little so far. Guarded by the queue's lock; makes no calls.
/// </summary>
/// <param name="frequency">Of the clock's timestamps, a second.</param>
internal sealed class ChannelLine(ChannelLive live, long frequency)
{
    // A new call moves the usual time by a tenth.
    private const double HoldMsWeight = 0.1;
    private readonly Dictionary<long, Share> _shares = [];
    private readonly List<Share> _waiting = [];
    private double _holdMs;
    private long _settledAt;
    private long _turns;

    public ChannelLive Live => live;

    /// <summary>Requests in line.</summary>
    public int Waiting { get; private set; }

    /// <summary>Its gate is being asked; one at a time for the whole channel.</summary>
    public bool IsAsking { get; set; }

    /// <summary>Something changed while it was being asked.</summary>
    public bool AskAgain { get; set; }

    /// <summary>A slot may be free, but all who wait were being asked for elsewhere.</summary>
    public bool WasPassedOver { get; set; }

    /// <summary>Not before then is it worth to ask again.</summary>
    public long AskAt { get; set; }

    /// <summary>Counts places given back here; tells a newcomer that he missed one.</summary>
    public int Left { get; private set; }

    public long LeftAt { get; private set; }

    public int Users => _shares.Count;

    public bool Rests(long now) => Volatile.Read(ref live.RestsUntil) > now;

    public void Take(long account, int weight, long now)
    {
        Settle(now);
        var share = Of(account);
        share.Weight = weight;
        share.Running++;
        share.Turn = ++_turns;
    }

    /// <param name="heldMs">How long the place was taken.</param>
    public void Leave(long account, int heldMs, long now)
    {
        Settle(now);
        Left++;
        LeftAt = now;
        _holdMs = _holdMs == 0 ? Math.Max(1, heldMs) : _holdMs + ((heldMs - _holdMs) * HoldMsWeight);
        if (_shares.TryGetValue(account, out var share))
        {
            share.Running = Math.Max(0, share.Running - 1);
            Forget(share);
        }
    }

    public void Join(Waiter waiter, long now)
    {
        Settle(now);
        var share = Of(waiter.Call.Account);
        share.Weight = waiter.Call.Weight;
        share.Waiters.Add(waiter);
        if (share.Waiters.Count == 1)
        {
            _waiting.Add(share);
        }

        Waiting++;
        Volatile.Write(ref live.Waiting, Waiting);
    }

    public void Remove(Waiter waiter, long now)
    {
        Settle(now);
        var share = _shares[waiter.Call.Account];
        share.Waiters.Remove(waiter);
        if (share.Waiters.Count == 0)
        {
            _waiting.Remove(share);
            Forget(share);
        }

        Waiting--;
        Volatile.Write(ref live.Waiting, Waiting);
    }

    /// <summary>Whose turn it is; null when nobody waits who is not being asked for already.</summary>
    public Waiter? Next(long now)
    {
        Settle(now);
        var rests = Rests(now);
        var (running, weights) = Totals();
        var (next, best, most) = ((Waiter?)null, (Share?)null, 0.0);
        foreach (var share in _waiting)
        {
            // With the slot that is to be given away; all that lacks less than a whole slot is alike.
            var lacks = ((running + 1.0) * share.Weight / weights) - share.Running;
            lacks = lacks > 0 && lacks < 1 ? 0 : lacks;
            if ((best is null || IsBefore(share, lacks, best, most)) && share.First(now, rests) is { } first)
            {
                (next, best, most) = (first, share, lacks);
            }
        }

        return next;
    }

    /// <summary>Place in this line of the last one of a user, from 1, as things stand.</summary>
    public int PositionOfLast(long account)
    {
        var own = _shares[account];
        var rank = own.Rank(own.Waiters.Count - 1);
        var position = own.Waiters.Count;
        foreach (var share in _waiting)
        {
            // Among equals the earlier goes first, and the last one came last.
            position += share == own ? 0 : share.CountUpTo(rank);
        }

        return position;
    }

    /// <summary>Turns a millisecond, by how long calls take and how many run here; 0 when nothing is known.</summary>
    public double TurnsPerMs => _holdMs == 0 ? 0 : Math.Max(1, Volatile.Read(ref live.Running)) / _holdMs;

    private void Settle(long now)
    {
        var passed = now - _settledAt;
        _settledAt = now;
        if (_waiting.Count < 2 || passed <= 0 || _holdMs == 0)
        {
            return;
        }

        var (running, weights) = Totals();
        var calls = passed * 1000.0 / frequency / _holdMs;
        foreach (var share in _waiting)
        {
            share.Remember((((double)running * share.Weight / weights) - share.Running) * calls);
        }
    }

    // Among those who lack alike: who had less so far, then who was served longest ago.
    private static bool IsBefore(Share share, double lacks, Share best, double most) =>
        lacks != most ? lacks > most
        : share.Lag != best.Lag ? share.Lag > best.Lag
        : share.Turn < best.Turn;

    private (int Running, int Weights) Totals()
    {
        var (running, weights) = (0, 0);
        foreach (var share in _waiting)
        {
            running += share.Running;
            weights += share.Weight;
        }

        return (running, weights);
    }

    private Share Of(long account)
    {
        if (!_shares.TryGetValue(account, out var share))
        {
            _shares[account] = share = new Share(account);
        }

        return share;
    }

    private void Forget(Share share)
    {
        if (share.IsEmpty)
        {
            _shares.Remove(share.Account);
        }
    }
}
