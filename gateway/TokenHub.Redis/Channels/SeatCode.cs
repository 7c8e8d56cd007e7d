namespace TokenHub.Redis.Channels;

/// <summary>How the scripts of a channel answer. Below zero: refused, and nothing was changed.</summary>
public enum SeatCode
{
    None = 0,
    Ok = 1,

    /// <summary>The same was asked before, and holds.</summary>
    Repeated = 2,

    /// <summary>The place was given back before.</summary>
    Gone = 3,

    /// <summary>There was no place, but what was used is counted.</summary>
    CountedWithoutPlace = 4,

    /// <summary>A quota window is used up.</summary>
    Exhausted = -4,

    /// <summary>Redis does not know what was used of the windows: the control plane has to count it.</summary>
    NotCounted = -6,
    Rate = -7,
    BadArgument = -9,

    /// <summary>No slot is free.</summary>
    Full = -10,

    /// <summary>By Redis' clock another period of a window holds than the one asked for.</summary>
    OtherPeriod = -12,

    /// <summary>What is left of a quota window is not enough for so much.</summary>
    NoRoom = -13,
}
