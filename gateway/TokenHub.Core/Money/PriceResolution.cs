using TokenHub.Core.Snapshots;

namespace TokenHub.Core.Money;

/// <summary>Where a price was found, in the order in which it is looked for.</summary>
public enum PriceStep
{
    None = 0,
    ChannelPattern = 1,
    ChannelDefault = 2,
    GlobalPattern = 3,
    GlobalDefault = 4,
    RuntimeFallback = 5,
}

/// <summary>
/// The five-step price look-up: a channel's own pattern, the channel's default (<c>*</c>), a global pattern, the global
/// default, the runtime fallback. Among patterns an exact name wins, then the one with most literal characters, then
/// the newest.
/// </summary>
public static class PriceResolution
{
    /// <summary>
    /// Finds the price of <paramref name="model"/> on a channel; null with <see cref="PriceStep.None"/> when there is
    /// none.
    /// </summary>
    public static (PriceEntry? Price, PriceStep Step) Resolve(
        IReadOnlyList<PriceEntry> prices, PriceEntry? fallback, long channelId, string model)
    {
        PriceEntry? best = null;
        var bestRank = (Step: int.MaxValue, Literal: -1, Id: -1L);
        foreach (var price in prices)
        {
            if ((price.ChannelId is { } owner && owner != channelId) || !ModelPattern.Matches(price.Model, model))
            {
                continue;
            }

            var step = StepOf(price);
            var rank = (Step: (int)step, Literal: ModelPattern.Specificity(price.Model), Id: price.Id);
            if (rank.Step < bestRank.Step
                || (rank.Step == bestRank.Step
                    && (rank.Literal, rank.Id).CompareTo((bestRank.Literal, bestRank.Id)) > 0))
            {
                (best, bestRank) = (price, rank);
            }
        }

        if (best is not null)
        {
            return (best, (PriceStep)bestRank.Step);
        }

        return fallback is null ? (null, PriceStep.None) : (fallback, PriceStep.RuntimeFallback);
    }

    private static PriceStep StepOf(PriceEntry price) => (price.ChannelId, price.Model) switch
    {
        (not null, "*") => PriceStep.ChannelDefault,
        (not null, _) => PriceStep.ChannelPattern,
        (null, "*") => PriceStep.GlobalDefault,
        (null, _) => PriceStep.GlobalPattern,
    };
}
