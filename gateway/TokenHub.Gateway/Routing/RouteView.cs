using TokenHub.Core.Money;
using TokenHub.Core.Routing;
using TokenHub.Core.Snapshots;

namespace TokenHub.Gateway.Routing;

/// <summary>Which of a model's channels compete: those for calls without a prefix, or those of one group.</summary>
internal static class RoutePools
{
    public const int Common = 0;

    /// <summary>The pool of a group, or of <see cref="RouteGroups.None"/>.</summary>
    public static int Of(int group) => group + 2;

    public static int GroupOf(int pool) => pool - 2;
}

/// <summary>A model's candidates as the choice reads them for callers of one protocol.</summary>
internal sealed class RouteView(ModelRoute route, RouteInput[] inputs, RouteMap map)
{
    private const double Once = PriceFactors.Once;

    public ModelRoute Route { get; } = route;

    public RouteInput[] Inputs { get; } = inputs;

    public RouteMap Map { get; } = map;

    /// <param name="leastFactors">The least that the groups of each multiply its price with.</param>
    public static RouteInput[] InputsOf(
        ReadOnlySpan<Candidate> candidates, ReadOnlySpan<double> leastFactors, Dialect dialect)
    {
        var inputs = new RouteInput[candidates.Length];
        for (var i = 0; i < inputs.Length; i++)
        {
            var (channel, tariff) = (candidates[i].Channel, candidates[i].Tariff);
            inputs[i] = new RouteInput
            {
                Channel = channel.Id,
                Priority = channel.Priority,
                Weight = channel.Weight,
                IsOwnDialect = candidates[i].Speaks(dialect),

                // Channels are made in the order in which their lots are offered.
                Order = channel.Id,
                SlotsMax = channel.Entry.MaxConcurrency ?? 0,
                WeightBpMax = Math.Max(PriceFactors.Once, channel.Entry.FireSale?.WeightFactorBp ?? 0),
                InputPrice = tariff.Input,
                OutputPrice = tariff.Output,
                FactorLeast = leastFactors[i]
                    * Math.Min(1, (channel.Entry.FireSale?.PriceFactorBp ?? PriceFactors.Once) / Once),
                Bar = candidates[i].UpstreamDialect(dialect) == Dialect.None ? RouteBar.Call : RouteBar.None,
            };
        }

        return inputs;
    }
}
