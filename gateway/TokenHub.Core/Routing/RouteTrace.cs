namespace TokenHub.Core.Routing;

/// <summary>What decided for the first channel of a request. Values are stored: never renumber.</summary>
public enum RouteReason : byte
{
    None = 0,

    /// <summary>No other could serve.</summary>
    OnlyOne = 1,
    Priority = 2,
    Weight = 3,
    Load = 4,
    Price = 5,
    Order = 6,

    /// <summary>The conversation is bound to it.</summary>
    Bound = 7,

    /// <summary>The conversation is bound to another, and leaving it was worth the loss of its cache.</summary>
    Switched = 8,

    /// <summary>All that can serve are resting; the one that has rested longest is tried.</summary>
    LastResort = 9,

    /// <summary>It is the caller's own by rendezvous.</summary>
    Caller = 10,

    /// <summary>Others of its priority can serve, but their answers would have to be translated.</summary>
    OwnProtocol = 11,
}

/// <summary>
/// Why a request went where it went: the policy, what decided, and how many channels were left out for which reason; of
/// a large pool only those that had to be looked at are counted.
/// </summary>
/// <param name="Serving">Channels that serve the model at all.</param>
/// <param name="OutOfScope">Of these, outside the key's scope or the group.</param>
/// <param name="OtherCall">Have no such call.</param>
/// <param name="Cooling">Resting after a failure.</param>
/// <param name="Exhausted">A quota window is used up.</param>
/// <param name="Full">No slot was free.</param>
public readonly record struct RouteTrace(
    RoutingPolicy Policy,
    RouteReason Reason,
    int Serving,
    int OutOfScope,
    int OtherCall,
    int Cooling,
    int Exhausted,
    int Full);
