using TokenHub.Core.Money;
using TokenHub.Core.Routing;
using TokenHub.Core.Snapshots;
using TokenHub.Core.Usage;
using TokenHub.Ledger.Corrections;

namespace TokenHub.Ledger.Requests;

/// <summary>One request with everything that explains its charge.</summary>
public sealed record RequestDetail : RequestSummary
{
    public required string UpstreamId { get; init; }
    public long OwnerAccount { get; init; }
    public int OwnerShareBp { get; init; }
    public required Usd OwnerPart { get; init; }
    public required Usd PlatformPart { get; init; }

    /// <summary>The hold, then what became of it, then what was given back afterwards.</summary>
    public required IReadOnlyList<RequestStage> Stages { get; init; }

    public required IReadOnlyList<RequestAttempt> Attempts { get; init; }

    /// <summary>The channel's policy for a client that leaves, as it was when the request ended.</summary>
    public AbortPolicy AbortPolicy { get; init; }

    /// <summary>Money given back afterwards; the formula gives the charge before it.</summary>
    public IReadOnlyList<Correction> Corrections { get; init; } = [];

    public Usd Refunded => Corrections.Aggregate(Usd.Zero, (sum, correction) => sum + correction.Amount);

    /// <summary>The classes that were used, in the order of the formula.</summary>
    public required IReadOnlyList<UsageClass> Classes { get; init; }

    /// <summary>Null when the request was refunded before it had a price.</summary>
    public Tariff? Tariff { get; init; }

    /// <summary>What the model's maker asks; null where that is not known.</summary>
    public PriceEntry? ListPrice { get; init; }

    /// <summary>What the same usage costs there; null where that is not known, or nothing was charged.</summary>
    public Usd? ListCost { get; init; }

    /// <summary>By what the price was multiplied.</summary>
    public PriceFactors Factors { get; init; }

    /// <summary>Why it went where it went; null where nothing is known of it.</summary>
    public RouteTrace? Route { get; init; }

    /// <summary>
    /// Plain arithmetic over what was used, prices and factors, which comes to <see cref="RequestSummary.Cost"/>.
    /// </summary>
    public required string Formula { get; init; }
}

/// <summary>
/// <c>hold</c>, then <c>settle</c> or <c>refund</c>, then <c>correction</c>s. <see cref="Amount"/> is what was held,
/// charged, or given back.
/// </summary>
public readonly record struct RequestStage(string Name, Usd Amount, DateTimeOffset At);

/// <summary>What was used of one class, and the price of so many of it.</summary>
/// <param name="Quantity">Tokens, pictures, milliseconds of sound, or characters.</param>
/// <param name="Per">For how many the price is: a million tokens or characters, one picture, a minute of sound.</param>
public readonly record struct UsageClass(string Name, long Quantity, Usd Price, long Per)
{
    /// <summary>Tokens of a class that is counted in tokens, else 0.</summary>
    public bool IsTokens => Per == TariffMath.TokensPerPrice && Name != ChargeFormula.Characters;
}
