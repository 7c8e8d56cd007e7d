using TokenHub.ControlPlane.OpenApi;
using TokenHub.Core.Money;

namespace TokenHub.ControlPlane.Quota;

/// <summary>Quota that would lapse is sold cheaper, towards the end of the first window's period.</summary>
internal sealed record FireSale
{
    /// <summary>From so long before the period ends.</summary>
    public required int BeforeEndSeconds { get; init; }

    /// <summary>While at least so much of the limit is left, in hundredths of a per cent; 0 when left out.</summary>
    public int? LeastLeftBp { get; init; }

    /// <summary>By what the channel's weight is multiplied, in ten-thousandths; 10000 when left out.</summary>
    public int? WeightFactorBp { get; init; }

    /// <summary>By what its price is multiplied, in ten-thousandths, at most 10000; 10000 when left out.</summary>
    public int? PriceFactorBp { get; init; }
}

/// <summary>
/// Quota of the first window that will not last its period at the last hour's rate is sold dearer.
/// </summary>
internal sealed record Surge
{
    /// <summary>What the price is multiplied by when nothing is left, in ten-thousandths.</summary>
    public required int FactorMaxBp { get; init; }
}

/// <summary>How much of its quota a channel has used.</summary>
internal sealed record QuotaView
{
    public required string ChannelId { get; init; }

    /// <summary>Attempts under way over all gateways; null while Redis cannot be asked.</summary>
    public int? SlotsUsed { get; init; }

    public int? MaxConcurrency { get; init; }

    /// <summary>The first is the main one.</summary>
    public required IReadOnlyList<QuotaWindowView> Windows { get; init; }

    /// <summary>By what the channel's weight is multiplied now, in ten-thousandths.</summary>
    public required int WeightFactorBp { get; init; }

    /// <summary>By what a fire-sale multiplies its price now.</summary>
    public required int FireSaleFactorBp { get; init; }

    /// <summary>By what scarcity multiplies its price now.</summary>
    public required int SurgeFactorBp { get; init; }

    /// <summary><c>ledger</c> while Redis cannot be asked: what is under way is not in it.</summary>
    [Allowed("redis", "ledger")]
    public required string Source { get; init; }
}

/// <summary>
/// A window in its present period. Amounts are in USD and points, tokens, or requests, as its limit is.
/// </summary>
internal sealed record QuotaWindowView
{
    [Allowed("minute", "hour", "day", "week", "month")]
    public required string PeriodUnit { get; init; }

    public required int PeriodCount { get; init; }
    public required string Timezone { get; init; }
    public required DateTime StartsAt { get; init; }
    public required DateTime EndsAt { get; init; }

    public Usd? LimitUsd { get; init; }
    public Usd? UsedUsd { get; init; }
    public Usd? HeldUsd { get; init; }
    public Usd? LeftUsd { get; init; }
    public Usd? LimitPoints { get; init; }
    public Usd? UsedPoints { get; init; }
    public Usd? LeftPoints { get; init; }
    public long? LimitTokens { get; init; }
    public long? UsedTokens { get; init; }
    public long? HeldTokens { get; init; }
    public long? LeftTokens { get; init; }
    public long? LimitRequests { get; init; }
    public long? UsedRequests { get; init; }
    public long? HeldRequests { get; init; }
    public long? LeftRequests { get; init; }

    /// <summary>What is left of the limit, in hundredths of a per cent.</summary>
    public required int LeftBp { get; init; }
}
