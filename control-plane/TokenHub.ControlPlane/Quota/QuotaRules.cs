using TokenHub.ControlPlane.Access;
using TokenHub.ControlPlane.Channels;
using TokenHub.ControlPlane.Problems;
using TokenHub.Core.Money;

namespace TokenHub.ControlPlane.Quota;

/// <summary>What rates, fire-sale and surge of a channel may be, and what a member may set on his own.</summary>
internal static class QuotaRules
{
    private const int RateMax = 2_000_000_000;
    private const int BeforeEndSecondsMax = 366 * 86_400;

    public static void Check(FieldChecks checks, ChannelShape shape)
    {
        checks.Range(shape.Rpm, "rpm", 1, RateMax);
        checks.Range(shape.Tpm, "tpm", 1, RateMax);
        if (shape.FireSale is { } sale)
        {
            NeedsWindow(checks, shape, "fire_sale");
            checks.Range(sale.BeforeEndSeconds, "fire_sale.before_end_seconds", 1, BeforeEndSecondsMax);
            checks.Range(sale.LeastLeftBp, "fire_sale.least_left_bp", 0, PriceFactors.Once);
            checks.Range(sale.WeightFactorBp, "fire_sale.weight_factor_bp", PriceFactors.Once, PriceFactors.Max);
            checks.Range(sale.PriceFactorBp, "fire_sale.price_factor_bp", 1, PriceFactors.Once);
        }

        if (shape.Surge is { } surge)
        {
            NeedsWindow(checks, shape, "surge");
            checks.Range(surge.FactorMaxBp, "surge.factor_max_bp", PriceFactors.Once, PriceFactors.Max);
        }
    }

    /// <summary>
    /// A member's fire-sale must not lift his weight above what he may set, and users' prices are not his.
    /// </summary>
    public static void CheckMember(
        FieldChecks checks, ChannelShape after, ChannelShape before, Caller caller, int weightMax)
    {
        if (caller.IsAdmin)
        {
            return;
        }

        checks.Require(after.Surge == before.Surge, "surge", "forbidden", "can only be set by an admin");
        checks.Require(
            after.FireSale == before.FireSale
            || (long)after.Weight * (after.FireSale?.WeightFactorBp ?? 0) <= (long)weightMax * PriceFactors.Once,
            "fire_sale.weight_factor_bp",
            "forbidden",
            $"a weight above {weightMax} can only be set by an admin");
    }

    private static void NeedsWindow(FieldChecks checks, ChannelShape shape, string field) => checks.Require(
        shape.Windows.Count > 0, field, "needs_window", "needs a quota window, whose period it goes by");
}
