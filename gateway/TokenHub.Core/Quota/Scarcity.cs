using TokenHub.Core.Money;
using TokenHub.Core.Snapshots;

namespace TokenHub.Core.Quota;

/// <summary>
/// What a channel's primary window does to its weight and price, in basis points: quota that would lapse is sold
/// cheaper, quota that will not last its period dearer. Pure: of the state of the window alone, so that all gateways
/// come to the same and everything is as before when the next period begins.
/// </summary>
/// <param name="WeightBp">By what a fire-sale multiplies the channel's weight.</param>
/// <param name="FireSaleBp">By what a fire-sale multiplies its price.</param>
/// <param name="SurgeBp">By what scarcity multiplies its price.</param>
public readonly record struct Scarcity(int WeightBp, int FireSaleBp, int SurgeBp)
{
    private const long HourMs = 3_600_000;
    private const int Once = PriceFactors.Once;

    public static Scarcity None { get; } = new(Once, Once, Once);

    /// <param name="limit">Of the primary window.</param>
    /// <param name="left">What is left of it, with what is set aside counted as used.</param>
    /// <param name="hourDemand">What was used in the last hour, in what the window counts.</param>
    /// <param name="untilEndMs">Until its period ends.</param>
    public static Scarcity Of(
        FireSaleEntry? fireSale, SurgeEntry? surge, long limit, long left, long hourDemand, long untilEndMs)
    {
        var isSold = fireSale is not null && IsSold(fireSale, LeftBp(limit, left), untilEndMs);
        return new Scarcity(
            isSold ? Bounded(fireSale!.WeightFactorBp) : Once,
            isSold ? Bounded(fireSale!.PriceFactorBp) : Once,
            surge is null ? Once : SurgeOf(surge.FactorMaxBp, left, hourDemand, untilEndMs));
    }

    /// <summary>What is left of a limit, in basis points, rounded down: none only when nothing is left.</summary>
    public static int LeftBp(long limit, long left) =>
        limit <= 0 || left <= 0 ? 0 : (int)Int128.Clamp((Int128)left * Once / limit, 1, Once);

    private static bool IsSold(FireSaleEntry entry, int leftBp, long untilEndMs) =>
        untilEndMs > 0 && untilEndMs <= entry.BeforeEndSeconds * 1000L && leftBp > 0 && leftBp >= entry.LeastLeftBp;

    /// <summary>
    /// One while the rest lasts at the last hour's rate; then rising with the part of the demand that is not covered,
    /// without a jump, to the highest factor where nothing is left.
    /// </summary>
    private static int SurgeOf(int factorMaxBp, long left, long hourDemand, long untilEndMs)
    {
        var most = Bounded(factorMaxBp);
        if (hourDemand <= 0 || untilEndMs <= 0 || most <= Once)
        {
            return Once;
        }

        var expected = (Int128)hourDemand * untilEndMs / HourMs;
        var covered = Int128.Max(left, 0);
        return expected <= covered ? Once : Once + (int)((most - Once) * (expected - covered) / expected);
    }

    private static int Bounded(int factorBp) => Math.Clamp(factorBp, 1, PriceFactors.Max);
}
