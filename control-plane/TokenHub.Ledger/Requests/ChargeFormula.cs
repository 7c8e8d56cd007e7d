using System.Globalization;
using System.Text;
using TokenHub.Core.Money;
using TokenHub.Core.Usage;

namespace TokenHub.Ledger.Requests;

/// <summary>Writes a charge as arithmetic that a person, or a program, can do again.</summary>
public static class ChargeFormula
{
    /// <summary>Classes with tokens, in the order in which they are added up.</summary>
    public static IReadOnlyList<UsageClass> Classes(in Tariff tariff, in TokenUsage usage)
    {
        UsageClass[] all =
        [
            new("input", usage.InputFresh, new Usd(tariff.Input)),
            new("cache_read", usage.CacheRead, new Usd(tariff.CacheRead)),
            new("cache_write_5m", usage.CacheWrite5m + usage.CacheWriteOther, new Usd(tariff.CacheWrite5m)),
            new("cache_write_1h", usage.CacheWrite1h, new Usd(tariff.CacheWrite1h)),
            new("output", usage.Output, new Usd(tariff.Output)),
        ];
        return Array.FindAll(all, part => part.Tokens > 0);
    }

    /// <summary>
    /// For a charge <c>(750 * 2.50000000 + 500 * 10.00000000) / 1000000 = 0.00687500</c>, rounded half up at the eighth
    /// decimal; for a refund <c>0 = 0.00000000</c>.
    /// </summary>
    public static string Text(IReadOnlyList<UsageClass> classes, Usd cost, Outcome outcome)
    {
        if (!outcome.IsCharged() || classes.Count == 0)
        {
            return $"0 = {cost}";
        }

        var text = new StringBuilder("(");
        for (var i = 0; i < classes.Count; i++)
        {
            text.Append(i == 0 ? "" : " + ")
                .Append(CultureInfo.InvariantCulture, $"{classes[i].Tokens} * {classes[i].PricePerMillion}");
        }

        text.Append(CultureInfo.InvariantCulture, $") / {TariffMath.TokensPerPrice}");

        // The least charge for a priced token is one unit, which rounding alone would not give.
        return IsLeastCharge(classes, cost) ? $"max({text}, 0.00000001) = {cost}" : $"{text} = {cost}";
    }

    private static bool IsLeastCharge(IReadOnlyList<UsageClass> classes, Usd cost)
    {
        Int128 sum = 0;
        foreach (var part in classes)
        {
            sum += (Int128)part.Tokens * part.PricePerMillion.Units;
        }

        return cost.Units == 1 && sum < TariffMath.TokensPerPrice / 2;
    }
}
