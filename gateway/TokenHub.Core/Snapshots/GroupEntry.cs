using TokenHub.Core.Routing;

namespace TokenHub.Core.Snapshots;

/// <summary>A group of channels: with a path prefix, a price factor, users and a policy of its own.</summary>
public sealed record GroupEntry
{
    /// <summary>The name, which is also the path prefix.</summary>
    public required string Name { get; init; }

    public RoutingPolicy Policy { get; init; }

    /// <summary>By what prices are multiplied in this group, in basis points.</summary>
    public int PriceFactorBp { get; init; } = Money.PriceFactors.Once;

    /// <summary>Accounts that may use the group; empty means everybody.</summary>
    public IReadOnlyList<long> Accounts { get; init; } = [];

    /// <summary>Its channels also serve calls without a prefix.</summary>
    public bool InCommon { get; init; } = true;

    /// <summary>Start a second attempt when the first is slow to begin.</summary>
    public bool Hedges { get; init; }

    /// <summary>Requests a minute of all its users together; null: no limit.</summary>
    public int? Rpm { get; init; }

    /// <summary>Tokens a minute of all its users together; null: no limit.</summary>
    public int? Tpm { get; init; }

    /// <summary>Of its requests so many may wait in line at one gateway; null: as the rules say for all.</summary>
    public int? QueueMax { get; init; }

    /// <summary>Longest wait there; null: as the rules say.</summary>
    public int? QueueWaitMs { get; init; }
}
