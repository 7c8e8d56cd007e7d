using TokenHub.Core.Money;
using TokenHub.Core.Routing;

namespace TokenHub.Gateway.Routing;

/// <summary>A model's candidates in their present state, as the choice reads them for one request.</summary>
internal readonly struct LivePool(
    RouteView view, RouteGroups groups, int pool, RoutingQuery query, bool needsPrices) : IRoutePool
{
    // What a call takes, for a guess at how long a full channel has to be waited for.
    private const long CallMsUsual = 10_000;
    private const int FirstTokenMsUnknown = 1_000;

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

    public bool IsWorthLeaving(int boundAt, int otherAt, bool isFull)
    {
        var call = new SwitchTerms(
            query.InputTokens, query.OutputTokens, query.Affinity.CachedTokens, query.Affinity.CachedBp,
            query.WaitUnitsPerHour);
        return SwitchPrice.IsWorthLeaving(call, TermsOf(boundAt, isFull), TermsOf(otherAt, isFull: false));
    }

    /// <summary>By what prices are multiplied at a candidate now.</summary>
    public PriceFactors FactorsOf(int at, int group)
    {
        var live = view.Route.Lives[at];
        return new PriceFactors(
            group >= 0 ? groups[group].PriceFactorBp : PriceFactors.Once,
            Math.Clamp(live.SurgeBp, 1, PriceFactors.Max), Math.Clamp(live.FireSaleBp, 1, PriceFactors.Max));
    }

    // The tokens of a prompt that asks for cache writes are priced as others: both channels would charge them.
    private ChannelTerms TermsOf(int at, bool isFull)
    {
        var (live, tariff) = (view.Route.Lives[at], view.Route.Candidates[at].Tariff);
        var factor = FactorOf(at, live);
        var first = live.FirstTokenMs > 0 ? live.FirstTokenMs : FirstTokenMsUnknown;
        var slots = Math.Max(1, view.Inputs[at].SlotsMax);
        var line = isFull ? CallMsUsual * (live.Waiting + 1L) / slots : 0;
        return new ChannelTerms(
            (long)(tariff.Input * factor), (long)(tariff.CacheRead * factor), (long)(tariff.Output * factor),
            first + line, live.FailedBp, first);
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
