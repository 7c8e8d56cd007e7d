namespace TokenHub.Core.Snapshots;

/// <summary>What a quota window counts.</summary>
public enum QuotaKind : byte
{
    /// <summary>Units of 1e-8 dollars, by the channel's price without factors.</summary>
    Money = 0,
    Tokens = 1,
    Requests = 2,
}

public enum PeriodUnit : byte
{
    Minute = 0,
    Hour = 1,
    Day = 2,
    Week = 3,
    Month = 4,
}

/// <summary>How much a channel may be used in a period; the first window of a channel is its primary one.</summary>
public sealed record WindowEntry
{
    public required QuotaKind Kind { get; init; }
    public required long Limit { get; init; }
    public required PeriodUnit Unit { get; init; }
    public int Count { get; init; } = 1;

    /// <summary>A moment at which a period begins; null: the zone's midnight of 2024-01-01, a Monday.</summary>
    public long? AnchorMs { get; init; }

    /// <summary>IANA name of the zone whose calendar counts.</summary>
    public string Timezone { get; init; } = "UTC";
}

/// <summary>
/// Quota that would lapse is sold cheaper: towards the end of the primary window, while so much of it is left.
/// </summary>
public sealed record FireSaleEntry
{
    /// <summary>From so long before the primary window ends.</summary>
    public required int BeforeEndSeconds { get; init; }

    /// <summary>While at least this part of the window's limit is left, in basis points.</summary>
    public int LeastLeftBp { get; init; }

    /// <summary>By what the channel's weight is multiplied, in basis points.</summary>
    public int WeightFactorBp { get; init; } = Money.PriceFactors.Once;

    /// <summary>By what its price is multiplied, in basis points.</summary>
    public int PriceFactorBp { get; init; } = Money.PriceFactors.Once;
}

/// <summary>
/// Quota that will not last its window is sold dearer: by the last hour's demand against what is left.
/// </summary>
public sealed record SurgeEntry
{
    /// <summary>Highest factor, in basis points.</summary>
    public required int FactorMaxBp { get; init; }
}
