using System.Globalization;
using System.Text;
using TokenHub.Core.Money;
using TokenHub.Core.Usage;

namespace TokenHub.Ledger.Requests;

/// <summary>Writes a charge as arithmetic that a person, or a program, can do again.</summary>
public static class ChargeFormula
{
    internal const string Images = "images";
    internal const string Audio = "audio";
    internal const string Characters = "characters";

    // Every price is for a divisor of this number.
    private const long Whole = 3 * TariffMath.TokensPerPrice;

    /// <summary>Classes with something in them that has a price, in the order in which they are added up.</summary>
    public static IReadOnlyList<UsageClass> Classes(in Tariff tariff, in TokenUsage usage)
    {
        UsageClass[] all =
        [
            Tokens("input", usage.InputFresh, tariff.Input),
            Tokens("cache_read", usage.CacheRead, tariff.CacheRead),
            Tokens("cache_write_5m", usage.CacheWrite5m + usage.CacheWriteOther, tariff.CacheWrite5m),
            Tokens("cache_write_1h", usage.CacheWrite1h, tariff.CacheWrite1h),
            Tokens("output", usage.Output, tariff.Output),
            Other(Characters, usage.Media.Characters, tariff.Characters, TariffMath.TokensPerPrice),
            Other(Images, usage.Media.Images, tariff.Image, 1),
            Other(Audio, usage.Media.AudioMs, tariff.AudioMinute, TariffMath.MsPerPrice),
        ];
        return Array.FindAll(all, part => part.Quantity > 0);
    }

    /// <summary>
    /// For a charge <c>(750 * 2.50000000 + 500 * 10.00000000) / 1000000 * 1.2 = 0.00825000</c>, rounded half up at the
    /// eighth decimal, with each factor that is not one; for a refund <c>0 = 0.00000000</c>.
    /// </summary>
    public static string Text(
        IReadOnlyList<UsageClass> classes, in PriceFactors factors, Usd cost, Outcome outcome)
    {
        if (!outcome.IsCharged() || classes.Count == 0)
        {
            return $"0 = {cost}";
        }

        var parts = Parts(classes);
        var sum = string.Join(" + ", parts);
        var text = new StringBuilder(parts.Count > 1 && !factors.IsOne ? $"({sum})" : sum);
        foreach (var bp in new[] { factors.GroupBp, factors.SurgeBp, factors.FireSaleBp })
        {
            if (bp != PriceFactors.Once)
            {
                text.Append(CultureInfo.InvariantCulture, $" * {FactorText(bp)}");
            }
        }

        // The least charge for anything priced is one unit, which rounding alone would not give.
        return IsLeastCharge(classes, factors, cost) ? $"max({text}, 0.00000001) = {cost}" : $"{text} = {cost}";
    }

    /// <summary>Basis points as a number: <c>1.2</c>.</summary>
    public static string FactorText(int bp) =>
        ((decimal)bp / PriceFactors.Once).ToString("0.####", CultureInfo.InvariantCulture);

    private static UsageClass Tokens(string name, long quantity, long price) =>
        new(name, quantity, new Usd(price), TariffMath.TokensPerPrice);

    private static UsageClass Other(string name, long quantity, long? price, long per) =>
        price is { } known ? new UsageClass(name, quantity, new Usd(known), per) : default;

    // What is priced by the million stands in one bracket.
    private static List<string> Parts(IReadOnlyList<UsageClass> classes)
    {
        var millions = classes.Where(part => part.Per == TariffMath.TokensPerPrice).Select(Product).ToList();
        List<string> parts = millions.Count == 0 ? []
            : [$"({string.Join(" + ", millions)}) / {TariffMath.TokensPerPrice}"];
        parts.AddRange(classes.Where(part => part.Per != TariffMath.TokensPerPrice)
            .Select(part => part.Per == 1 ? Product(part) : $"{Product(part)} / {part.Per}"));
        return parts;
    }

    private static string Product(UsageClass part) => $"{part.Quantity} * {part.Price}";

    private static bool IsLeastCharge(IReadOnlyList<UsageClass> classes, in PriceFactors factors, Usd cost)
    {
        if (cost.Units != 1)
        {
            return false;
        }

        Int128 sum = 0;
        foreach (var part in classes)
        {
            sum += (Int128)part.Quantity * part.Price.Units * (Whole / part.Per);
        }

        var once = (Int128)PriceFactors.Once * PriceFactors.Once * PriceFactors.Once;
        return sum * factors.GroupBp * factors.SurgeBp * factors.FireSaleBp * 2 < once * Whole;
    }
}
