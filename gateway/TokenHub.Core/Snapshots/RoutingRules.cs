using TokenHub.Core.Routing;

namespace TokenHub.Core.Snapshots;

/// <summary>What holds for the choice of channels everywhere; each number has its default here.</summary>
public sealed record RoutingRules
{
    /// <summary>How channels are chosen for calls without a group's prefix.</summary>
    public RoutingPolicy Policy { get; init; }

    /// <summary>Channels tried for one request, a hedge included; at most <see cref="AttemptsLimit"/>.</summary>
    public int AttemptsMax { get; init; } = 4;

    /// <summary>No further attempt begins so long after the first.</summary>
    public int AttemptsWithinMs { get; init; } = 120_000;

    /// <summary>Failures in a row that open a channel's circuit.</summary>
    public int BreakerFailures { get; init; } = 5;

    /// <summary>First rest of an open circuit; doubles with each further one up to <see cref="BreakerRestMaxMs"/>.
    /// </summary>
    public int BreakerRestMs { get; init; } = 5_000;

    public int BreakerRestMaxMs { get; init; } = 300_000;

    /// <summary>Longest cooldown that a reset header of an upstream can ask for.</summary>
    public int CooldownMaxMs { get; init; } = 3_600_000;

    /// <summary>Requests that may wait in front of full channels at one gateway.</summary>
    public int QueueMax { get; init; } = 1_000;

    /// <summary>Longest wait there.</summary>
    public int QueueWaitMs { get; init; } = 30_000;

    /// <summary>Channels are probed on a schedule.</summary>
    public bool Probes { get; init; }

    public const int AttemptsLimit = 8;
}
