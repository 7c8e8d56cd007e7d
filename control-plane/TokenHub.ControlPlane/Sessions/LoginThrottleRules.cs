namespace TokenHub.ControlPlane.Sessions;

/// <summary>
/// How bad sign-ins slow down further ones. Each attempt counts against three subjects before its password is looked
/// at, so that parallel attempts cannot slip past, and is taken back when it succeeds.
/// </summary>
internal sealed record LoginThrottleRules(int FreeFailures, TimeSpan DelayMax)
{
    /// <summary>One account from one address: the usual guesser.</summary>
    public static readonly LoginThrottleRules Pair = new(5, TimeSpan.FromMinutes(15));

    /// <summary>One address over many accounts.</summary>
    public static readonly LoginThrottleRules Address = new(30, TimeSpan.FromMinutes(15));

    /// <summary>
    /// One account from many addresses. The delay stays short: it must not become a way to lock others out.
    /// </summary>
    public static readonly LoginThrottleRules Account = new(50, TimeSpan.FromMinutes(1));

    /// <summary>Failures are forgotten when none was added for this long.</summary>
    public static readonly TimeSpan ForgetAfter = TimeSpan.FromHours(1);

    /// <summary>The state after one more attempt; null when the attempt comes too early.</summary>
    public ThrottleState? Count(ThrottleState state, DateTime now)
    {
        if (state.BlockedUntil > now)
        {
            return null;
        }

        var failures = state.LastAttemptAt < now - ForgetAfter ? 1 : state.Failures + 1;
        var over = failures - FreeFailures;
        if (over < 0)
        {
            return new ThrottleState(failures, now, null);
        }

        // One second after the last free attempt, then doubling; the shift is bounded long before it could overflow.
        var seconds = Math.Min(1L << Math.Min(over, 20), (long)DelayMax.TotalSeconds);
        return new ThrottleState(failures, now, now + TimeSpan.FromSeconds(seconds));
    }
}

/// <summary>What is remembered of one subject.</summary>
internal readonly record struct ThrottleState(int Failures, DateTime LastAttemptAt, DateTime? BlockedUntil);
