using TokenHub.Core.Usage;

namespace TokenHub.Core.Money;

/// <summary>
/// Turns tokens into money. One sum over all classes, one division, one rounding (half up) for each request.
/// </summary>
public static class TariffMath
{
    /// <summary>Prices are per this many tokens.</summary>
    public const long TokensPerPrice = 1_000_000;

    /// <summary>Highest owner share, in basis points: half of each charge.</summary>
    public const int OwnerShareBpMax = 5_000;

    /// <summary>
    /// The charge for one request: at least one unit when a priced token was used, and never more than
    /// <see cref="Usd.ScriptUnitsMax"/>.
    /// </summary>
    public static Usd Cost(in Tariff tariff, in TokenUsage usage)
    {
        var sum = ((Int128)usage.InputFresh * tariff.Input)
            + ((Int128)usage.CacheRead * tariff.CacheRead)
            + ((Int128)(usage.CacheWrite5m + usage.CacheWriteOther) * tariff.CacheWrite5m)
            + ((Int128)usage.CacheWrite1h * tariff.CacheWrite1h)
            + ((Int128)usage.Output * tariff.Output);
        return Round(sum, tariff.Factors);
    }

    /// <summary>
    /// An upper bound for <paramref name="inputTokens"/> and <paramref name="outputTokens"/>: the amount to hold.
    /// </summary>
    public static Usd Hold(in Tariff tariff, long inputTokens, long outputTokens) =>
        Round(((Int128)inputTokens * tariff.InputWorst) + ((Int128)outputTokens * tariff.Output), tariff.Factors);

    /// <summary>
    /// The owner's part (rounded down) and the platform's (the rest): the two always add up to the charge.
    /// </summary>
    public static (Usd Owner, Usd Platform) Split(Usd cost, int ownerShareBp)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(cost.Units);
        ArgumentOutOfRangeException.ThrowIfNegative(ownerShareBp);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(ownerShareBp, OwnerShareBpMax);
        var owner = new Usd((long)((Int128)cost.Units * ownerShareBp / 10_000));
        return (owner, cost - owner);
    }

    private static Usd Round(Int128 unitsTimesMillion, in PriceFactors factors)
    {
        if (unitsTimesMillion <= 0)
        {
            return Usd.Zero;
        }

        // What is beyond the highest charge stays beyond it, and the product inside 128 bits.
        var most = (Int128)Usd.ScriptUnitsMax * TokensPerPrice;
        var (sum, divisor) = factors.IsOne
            ? (unitsTimesMillion, (Int128)TokensPerPrice)
            : (Int128.Min(unitsTimesMillion, most) * factors.Product, (Int128)TokensPerPrice * PriceFactors.Whole);
        var units = (sum + (divisor / 2)) / divisor;
        return new Usd((long)Int128.Clamp(units, 1, Usd.ScriptUnitsMax));
    }
}
