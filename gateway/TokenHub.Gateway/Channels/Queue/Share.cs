namespace TokenHub.Gateway.Channels.Queue;

/// <summary>What one user has of one channel at this gateway, whichever keys he comes with.</summary>
internal sealed class Share(long account)
{
    /// <summary>Most that is remembered of a past too large or too small, in requests.</summary>
    public const double LagMax = 3;

    private const double Rounding = 1e-9;

    public long Account { get; } = account;

    public int Weight { get; set; } = 1;

    public int Running { get; set; }

    /// <summary>When it was last served, in turns of its channel; 0 when it never was.</summary>
    public long Turn { get; set; }

    /// <summary>By how many requests less than the ideal ran while others waited with it.</summary>
    public double Lag { get; private set; }

    /// <summary>Those in line, the oldest first.</summary>
    public List<Waiter> Waiters { get; } = [];

    public bool IsEmpty => Running == 0 && Waiters.Count == 0;

    /// <summary>About when it is the turn of one in line: a low one is before a high one.</summary>
    /// <param name="more">So many of the same user go before.</param>
    public double Rank(int more) => (Running + more + 0.5) / Weight;

    /// <summary>How many of those in line come up to this rank.</summary>
    public int CountUpTo(double rank) =>
        (int)Math.Clamp(Math.Floor((rank * Weight) - Running + 0.5 + Rounding), 0, Waiters.Count);

    public void Remember(double requests) => Lag = Math.Clamp(Lag + requests, -LagMax, LagMax);

    /// <summary>The oldest that may be asked for now; null when all are being asked for.</summary>
    public Waiter? First(long now, bool channelRests)
    {
        foreach (var waiter in Waiters)
        {
            if (!waiter.IsAsked && (!channelRests || waiter.RestsEverywhere(now)))
            {
                return waiter;
            }
        }

        return null;
    }
}
