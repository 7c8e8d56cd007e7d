namespace TokenHub.Redis;

/// <summary>
/// How the till answers. Above zero: done, or was done before. Below zero: refused, and nothing was changed.
/// </summary>
public enum TillCode
{
    None = 0,
    Ok = 1,

    /// <summary>The same was asked before (a repeat after a lost answer); or there is nothing to do.</summary>
    Repeated = 2,
    AlreadySettled = 3,

    /// <summary>There was no hold, but the charge is recorded.</summary>
    RecordedWithoutHold = 4,
    Funds = -1,

    /// <summary>Redis has lost this shard, or never had it: the control plane has to build it.</summary>
    ShardNotBuilt = -2,
    Disabled = -3,
    KeyCap = -4,

    /// <summary>Redis holds an older epoch than this process has seen: it went back in time.</summary>
    StaleEpoch = -5,
    NotHydrated = -6,
    Rate = -7,

    /// <summary>
    /// The same request id with another amount, account or key. Never happens in order: raise an alarm.
    /// </summary>
    Conflict = -8,
    BadArgument = -9,
    Concurrency = -10,

    /// <summary>No such hold: it was released, has been settled and acknowledged, or Redis has lost it.</summary>
    NoHold = -11,
}
