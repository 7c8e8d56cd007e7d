using TokenHub.Core.Usage;

namespace TokenHub.Core.Money;

/// <summary>
/// Turns tokens into money. One sum over all classes, one division, one rounding (half up) for each request.
/// </summary>
public static class TariffMath
{
    /// <summary>Prices are per this many tokens.</summary>
    public const long TokensPerPrice = 1_000_000;

    /// <summary>A price of sound is for so many milliseconds.</summary>
    public const long MsPerPrice = 60_000;

    // A millisecond is a sixty-thousandth of its price, a token a millionth: three million is what both divide.
    private const long Thirds = 3;
    private const long MsInSum = TokensPerPrice * Thirds / MsPerPrice;

    /// <summary>Highest owner share, in basis points: half of each charge.</summary>
    public const int OwnerShareBpMax = 5_000;

    /// <summary>
    /// The charge for one request: at least one unit when anything priced was used, and never more than
    /// <see cref="Usd.ScriptUnitsMax"/>.
    /// </summary>
    public static Usd Cost(in Tariff tariff, in TokenUsage usage)
    {
        var sum = ((Int128)usage.InputFresh * tariff.Input)
            + ((Int128)usage.CacheRead * tariff.CacheRead)
            + ((Int128)(usage.CacheWrite5m + usage.CacheWriteOther) * tariff.CacheWrite5m)
            + ((Int128)usage.CacheWrite1h * tariff.CacheWrite1h)
            + ((Int128)usage.Output * tariff.Output);
        return Round(sum, usage.Media, tariff);
    }

    /// <summary>
    /// An upper bound for <paramref name="inputTokens"/> and <paramref name="outputTokens"/>: the amount to hold.
    /// </summary>
    public static Usd Hold(in Tariff tariff, long inputTokens, long outputTokens, in MediaUnits media = default) =>
        Round(((Int128)inputTokens * tariff.InputWorst) + ((Int128)outputTokens * tariff.Output), media, tariff);

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

    private static Usd Round(Int128 tokens, in MediaUnits media, in Tariff tariff)
    {
        if (media.IsEmpty)
        {
            return Round(tokens, TokensPerPrice, tariff.Factors);
        }

        var sum = (tokens * Thirds)
            + (Bounded(media.Images) * (tariff.Image ?? 0) * TokensPerPrice * Thirds)
            + (Bounded(media.AudioMs) * (tariff.AudioMinute ?? 0) * MsInSum)
            + (Bounded(media.Characters) * (tariff.Characters ?? 0) * Thirds);
        return Round(sum, TokensPerPrice * Thirds, tariff.Factors);
    }

    private static Int128 Bounded(long units) => Math.Min(units, MediaUnits.Max);

    private static Usd Round(Int128 dividend, long whole, in PriceFactors factors)
    {
        if (dividend <= 0)
        {
            return Usd.Zero;
        }

        // What is beyond the highest charge stays beyond it, and the product inside 128 bits.
        var most = (Int128)Usd.ScriptUnitsMax * whole;
        var (sum, divisor) = factors.IsOne
            ? (dividend, (Int128)whole)
            : (Int128.Min(dividend, most) * factors.Product, (Int128)whole * PriceFactors.Whole);
        var units = (sum + (divisor / 2)) / divisor;
        return new Usd((long)Int128.Clamp(units, 1, Usd.ScriptUnitsMax));
    }
}
