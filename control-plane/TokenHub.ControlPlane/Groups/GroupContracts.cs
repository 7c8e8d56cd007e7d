using TokenHub.ControlPlane.OpenApi;

namespace TokenHub.ControlPlane.Groups;

/// <summary>A channel group as the API shows it. Its name is its id and the prefix of its paths.</summary>
internal sealed record GroupView
{
    public required string Name { get; init; }

    /// <summary>How one of its channels is chosen among those of one priority.</summary>
    [Allowed("weighted", "least_loaded", "cheapest", "fifo", "sticky")]
    public required string Policy { get; init; }

    /// <summary>By what prices are multiplied in this group.</summary>
    public required string PriceFactor { get; init; }

    /// <summary>Who may use it; empty: everybody. Null for those who do not manage groups.</summary>
    public IReadOnlyList<string>? UserIds { get; init; }

    /// <summary>Its channels also serve calls without the prefix.</summary>
    public required bool InCommon { get; init; }

    /// <summary>A second attempt is started when the first is slow to begin.</summary>
    public required bool Hedges { get; init; }

    /// <summary>Requests a minute of all its users together.</summary>
    public int? Rpm { get; init; }

    /// <summary>Tokens a minute of all its users together.</summary>
    public int? Tpm { get; init; }

    /// <summary>Of its requests so many may wait at one gateway for a full channel; null: as for all.</summary>
    public int? QueueMax { get; init; }

    /// <summary>Longest wait there, in ms; null: as for all.</summary>
    public int? QueueWaitMs { get; init; }

    public required long Version { get; init; }
    public required DateTime CreatedAt { get; init; }
}

/// <summary>Settings of a new group; channels join it by naming it.</summary>
internal sealed record CreateGroup
{
    public required string Name { get; init; }

    [Allowed("weighted", "least_loaded", "cheapest", "fifo", "sticky")]
    public string? Policy { get; init; }

    /// <summary>From 0.0001 to 10; 1 when left out.</summary>
    public string? PriceFactor { get; init; }

    public IReadOnlyList<string>? UserIds { get; init; }
    public bool? InCommon { get; init; }
    public bool? Hedges { get; init; }
    public int? Rpm { get; init; }
    public int? Tpm { get; init; }

    /// <summary>Of its requests so many may wait at one gateway for a full channel; 0: none.</summary>
    public int? QueueMax { get; init; }

    /// <summary>Longest wait there, in ms.</summary>
    public int? QueueWaitMs { get; init; }
}

/// <summary>A change of a group; fields that are left out stay. The name cannot be changed.</summary>
internal sealed record UpdateGroup
{
    [Allowed("weighted", "least_loaded", "cheapest", "fifo", "sticky")]
    public string? Policy { get; init; }

    public string? PriceFactor { get; init; }

    /// <summary>All of them anew; empty: everybody.</summary>
    public IReadOnlyList<string>? UserIds { get; init; }

    public bool? InCommon { get; init; }
    public bool? Hedges { get; init; }

    /// <summary>Null takes the limit away.</summary>
    public int? Rpm { get; init; }

    /// <summary>Null takes the limit away.</summary>
    public int? Tpm { get; init; }

    /// <summary>Null: as for all.</summary>
    public int? QueueMax { get; init; }

    /// <summary>Null: as for all.</summary>
    public int? QueueWaitMs { get; init; }
}
