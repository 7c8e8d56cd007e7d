using TokenHub.Core.Money;
using TokenHub.Core.Routing;

namespace TokenHub.Gateway.Routing;

/// <summary>A model's candidates in their present state, as the choice reads them for one request.</summary>
internal readonly struct LivePool(
    RouteView view, RouteGroups groups, int pool, RoutingQuery query, bool needsPrices) : IRoutePool
{
    public RouteInput Read(int at)
    {
        var input = view.Inputs[at];
        var live = view.Route.Lives[at];
        input.Running = live.Running;
        input.Waiting = live.Waiting;
        input.SlotsUsed = live.SlotsUsed;
        input.FullUntil = live.FullUntil;
        input.ExhaustedUntil = live.ExhaustedUntil;
        input.LeftBp = live.LeftBp;
        input.WeightBp = live.WeightBp;
        input.RestsUntil = live.RestsUntil;
        input.IsHalfOpen = live.IsHalfOpen;
        input.FailedBp = live.FailedBp;
        input.FirstTokenMs = live.FirstTokenMs;
        if (!view.Route.IsOpenTo(query.Key, pool, at))
        {
            input.Bar = RouteBar.Scope;
        }
        else if (query.Endpoint.IsPassedOn())
        {
            input.Bar = view.Route.Candidates[at].Takes(query.Endpoint, query.Dialect) ? RouteBar.None : RouteBar.Call;
        }

        if (needsPrices)
        {
            input.Factor = FactorOf(at, live);
        }

        return input;
    }

    // What its cache is worth is not known here; a channel that is full would have to be waited for.
    public bool IsWorthLeaving(int boundAt, int otherAt, bool isFull) => isFull;

    /// <summary>By what prices are multiplied at a candidate now.</summary>
    public PriceFactors FactorsOf(int at, int group)
    {
        var live = view.Route.Lives[at];
        return new PriceFactors(
            group >= 0 ? groups[group].PriceFactorBp : PriceFactors.Once,
            Math.Clamp(live.SurgeBp, 1, PriceFactors.Max), Math.Clamp(live.FireSaleBp, 1, PriceFactors.Max));
    }

    private double FactorOf(int at, ChannelLive live)
    {
        const double Once = PriceFactors.Once;
        var group = RoutePools.GroupOf(pool) is >= 0 and var named
            ? named : view.Route.CommonGroupOf(query.Key, at);
        var ofGroup = group >= 0 ? groups[group].PriceFactorBp : PriceFactors.Once;
        return live.SurgeBp / Once * (live.FireSaleBp / Once) * (ofGroup / Once);
    }
}
