using TokenHub.Core.Routing;
using TokenHub.Core.Snapshots;

namespace TokenHub.Gateway.Routing;

/// <summary>
/// Makes the plan of a request: the channels inside the key's scope and one group, in the order of
/// <see cref="RouteChoice"/>, with the price factors of this moment.
/// </summary>
/// <param name="ticksPerSecond">Of the clock that the times of channels are on.</param>
internal sealed class ChannelPicker(Random random, long ticksPerSecond)
{
    public RoutingResult Pick(RouteTable table, ReadOnlySpan<byte> model, in RoutingQuery query, RoutePlan plan)
    {
        if (!table.TryOpen(query.Group, query.Key, out var pool))
        {
            return new RoutingResult(RoutingFault.UnknownGroup, null);
        }

        if (table.Find(model) is not { IsUnknown: false } route)
        {
            return new RoutingResult(RoutingFault.UnknownModel, null);
        }

        if (!query.Key.AllowsModel(route.Model))
        {
            return new RoutingResult(RoutingFault.ModelNotAllowed, route);
        }

        return Fill(table, route, pool, query, plan)
            ? new RoutingResult(RoutingFault.None, route)
            : FaultOf(route, query, plan.Trace);
    }

    // A request without a prefix whose conversation is bound stays in the bound channel's group. Another one takes the
    // group of the channel that is best of all, and its fallbacks are of that group alone: two never mix.
    private bool Fill(RouteTable table, ModelRoute route, int pool, in RoutingQuery query, RoutePlan plan)
    {
        Span<RoutePick> picks = stackalloc RoutePick[RoutingRules.AttemptsLimit];
        var boundAt = query.Affinity.IsBound ? route.IndexOf(query.Affinity.Channel) : -1;
        if (pool == RoutePools.Common && route.HasCommonGroups)
        {
            var group = boundAt >= 0 ? route.CommonGroupOf(query.Key, boundAt) : RouteGroups.Closed;
            if (group == RouteGroups.Closed)
            {
                return FillFromAll(table, route, query, plan, picks);
            }

            pool = RoutePools.Of(group);
        }
        else if (pool == RoutePools.Common)
        {
            pool = RoutePools.Of(RouteGroups.None);
        }

        var found = Choose(table, route, pool, query, boundAt, StepsMax(table), picks, out var trace);
        return Add(table, route, pool, query, plan, picks[..found], trace);
    }

    private bool FillFromAll(
        RouteTable table, ModelRoute route, in RoutingQuery query, RoutePlan plan, Span<RoutePick> picks)
    {
        if (Choose(table, route, RoutePools.Common, query, -1, 1, picks, out var trace) == 0)
        {
            plan.Trace = trace;
            return false;
        }

        var first = picks[0];
        var pool = RoutePools.Of(route.CommonGroupOf(query.Key, first.At));
        Span<RoutePick> others = stackalloc RoutePick[RoutingRules.AttemptsLimit];
        var found = Choose(table, route, pool, query, -1, StepsMax(table), others, out _);
        var count = 1;
        foreach (ref readonly var other in others[..found])
        {
            var isInVain = other.Verdict == RouteVerdict.Resting && first.Verdict == RouteVerdict.Full;
            if (other.At != first.At && !isInVain && count < StepsMax(table))
            {
                picks[count++] = other;
            }
        }

        return Add(table, route, pool, query, plan, picks[..count], trace);
    }

    private int Choose(
        RouteTable table, ModelRoute route, int pool, in RoutingQuery query, int boundAt, int stepsMax,
        Span<RoutePick> picks, out RouteTrace trace)
    {
        var group = RoutePools.GroupOf(pool);
        var policy = group >= 0 && query.Group is not null
            ? table.Groups[group].Policy : table.Settings.Routing.Policy;
        var call = new RouteCall
        {
            Policy = policy,
            Now = query.Now,
            Random = (ulong)random.NextInt64(),
            Caller = RouteChance.OfCaller(query.Key.Account, route.Name),
            InputTokens = query.InputTokens,
            OutputTokens = query.OutputTokens,
            StepsMax = stepsMax,
            BoundAt = boundAt,
            IsPinned = query.Affinity.IsPinned,
        };
        var view = route.ViewOf(pool, query.Dialect);
        var live = new LivePool(view, table.Groups, pool, query, policy == RoutingPolicy.Cheapest);
        return RouteChoice.Choose(view.Map, live, call, picks, out trace);
    }

    private static bool Add(
        RouteTable table, ModelRoute route, int pool, in RoutingQuery query, RoutePlan plan,
        ReadOnlySpan<RoutePick> picks, in RouteTrace trace)
    {
        var group = RoutePools.GroupOf(pool);
        plan.Trace = trace;
        plan.Group = group >= 0 ? table.Groups[group] : null;
        var live = new LivePool(route.ViewOf(pool, query.Dialect), table.Groups, pool, query, needsPrices: false);
        foreach (ref readonly var pick in picks)
        {
            plan.Add(new RouteStep(route.Candidates[pick.At], live.FactorsOf(pick.At, group)));
        }

        return picks.Length > 0;
    }

    private static int StepsMax(RouteTable table) => RoutingRules.StepsFor(table.Settings.Routing.AttemptsMax);

    private RoutingResult FaultOf(ModelRoute route, in RoutingQuery query, in RouteTrace trace)
    {
        if (route.IsUnpriced)
        {
            return new RoutingResult(RoutingFault.Unpriced, route);
        }

        if (!route.HasCandidates)
        {
            return new RoutingResult(RoutingFault.NoneUsable, route);
        }

        if (trace.Exhausted > 0)
        {
            return new RoutingResult(RoutingFault.Exhausted, route, RetryAfterMs(route, query.Now));
        }

        var (anyDialect, anyUnpriced) = (false, false);
        foreach (var candidate in route.Candidates)
        {
            anyDialect |= candidate.Takes(query.Endpoint, query.Dialect);
            anyUnpriced |= candidate.HasUnpriced(query.Endpoint);
        }

        if (!anyDialect && anyUnpriced)
        {
            return new RoutingResult(RoutingFault.Unpriced, route);
        }

        return new RoutingResult(anyDialect ? RoutingFault.OutOfScope : RoutingFault.OtherProtocol, route);
    }

    // Until the first window opens anew.
    private int RetryAfterMs(ModelRoute route, long now)
    {
        var first = route.Lives.Where(live => live.ExhaustedUntil > now)
            .Min(live => (long?)live.ExhaustedUntil) ?? now;
        return (int)Math.Clamp((first - now) * 1000.0 / ticksPerSecond, 1, int.MaxValue);
    }
}
