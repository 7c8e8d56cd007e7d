using TokenHub.Core.Snapshots;

namespace TokenHub.Core.Routing;

/// <summary>
/// Puts the channels that may serve a call in the order in which they are tried. Pure: no clock, no chance of its own,
/// no I/O, no memory taken; gateway, control plane and simulation call the same function.
/// </summary>
public static class RouteChoice
{
    // Up to so many candidates all are looked at; of more, by what the policy needs.
    internal const int ScanMax = 64;

    // Steps that a policy decides. Channels that stand side by side by price, age or load may all fail at once: what
    // comes after is drawn by weight and state.
    private const int OrderedMax = 2;

    /// <summary>Returns how many steps were chosen; 0 when no candidate can serve, now or later.</summary>
    /// <param name="picks">Room for the steps, in order.</param>
    /// <param name="trace">
    /// Why, and how many were left out for which reason; of many candidates, only those that had to be looked at are
    /// counted.
    /// </param>
    public static int Choose<TPool>(
        RouteMap map, in TPool pool, in RouteCall call, Span<RoutePick> picks, out RouteTrace trace)
        where TPool : struct, IRoutePool
    {
        Span<Ranked> room = stackalloc Ranked[RoutingRules.AttemptsLimit];
        var wanted = Math.Max(0, Math.Min(Math.Min(call.StepsMax, picks.Length), Math.Min(room.Length, map.Count)));
        if (call is { IsPinned: true, BoundAt: >= 0 })
        {
            return Pin(map, pool, call, picks, out trace);
        }

        var isOrdered = call.Policy != RoutingPolicy.Weighted && wanted > OrderedMax;
        var ranking = new RouteRanking(room[..(isOrdered ? OrderedMax : wanted)]);
        var isSample = Fill(map, pool, call, ref ranking, out var census);
        var count = Add(ranking, picks);
        if (isOrdered && count == OrderedMax)
        {
            Span<Ranked> others = stackalloc Ranked[RoutingRules.AttemptsLimit];
            var drawn = new RouteRanking(ranking, others[..wanted]);
            Fill(map, pool, call with { Policy = RoutingPolicy.Weighted }, ref drawn, out _);
            count = Add(drawn, picks);
        }

        var reason = ReasonOf(map, ranking, census, call.Policy, isSample);
        if (call.BoundAt >= 0 && count > 0)
        {
            reason = PutBound(map, pool, call, picks, ref count, wanted, reason);
        }

        trace = census.ToTrace(map, call.Policy, reason);
        return count;
    }

    // True when not all were looked at.
    private static bool Fill<TPool>(
        RouteMap map, in TPool pool, in RouteCall call, ref RouteRanking ranking, out RouteCensus census)
        where TPool : struct, IRoutePool
    {
        census = default;
        if (ranking.IsFull || (map.Count > ScanMax && RouteSample.TryFill(map, pool, call, ref ranking, ref census)))
        {
            return true;
        }

        ranking.Clear();
        census = default;
        RouteScan.Fill(map, pool, call, ref ranking, ref census);
        return false;
    }

    private static int Add(in RouteRanking ranking, Span<RoutePick> picks)
    {
        var count = 0;
        foreach (ref readonly var ranked in ranking.Best)
        {
            // A full channel can be waited for; one that rests would be tried in its place, and most likely fail.
            if (ranked.Verdict == RouteVerdict.Resting && count > 0 && picks[count - 1].Verdict == RouteVerdict.Full)
            {
                break;
            }

            picks[count++] = new RoutePick(ranked.At, ranked.Verdict);
        }

        return count;
    }

    // Bound traffic stays where it is, whatever it finds there.
    private static int Pin<TPool>(
        RouteMap map, in TPool pool, in RouteCall call, Span<RoutePick> picks, out RouteTrace trace)
        where TPool : struct, IRoutePool
    {
        var census = default(RouteCensus);
        var verdict = RouteScore.VerdictOf(pool.Read(call.BoundAt), call.Now);
        census.Count(verdict);
        var canServe = verdict <= RouteVerdict.Resting && picks.Length > 0;
        trace = census.ToTrace(map, call.Policy, canServe ? RouteReason.Bound : RouteReason.None);
        if (canServe)
        {
            picks[0] = new RoutePick(call.BoundAt, verdict);
        }

        return canServe ? 1 : 0;
    }

    // The conversation's own channel goes first, unless it cannot serve at once or the best other is worth the loss.
    private static RouteReason PutBound<TPool>(
        RouteMap map, in TPool pool, in RouteCall call, Span<RoutePick> picks, ref int count, int wanted,
        RouteReason reason)
        where TPool : struct, IRoutePool
    {
        var verdict = RouteScore.VerdictOf(pool.Read(call.BoundAt), call.Now);
        var place = PlaceOf(picks[..count], call.BoundAt);
        if (map.FindTier(call.BoundAt) < 0 || verdict > RouteVerdict.Full)
        {
            return place == 0 ? reason : RouteReason.Switched;
        }

        var other = place == 0 ? 1 : 0;
        if (other < count && picks[other].Verdict == RouteVerdict.Available
            && pool.IsWorthLeaving(call.BoundAt, picks[other].At, verdict == RouteVerdict.Full))
        {
            PutFirst(picks, other);
            return RouteReason.Switched;
        }

        if (place < 0)
        {
            count = Math.Min(count + 1, wanted);
            place = count - 1;
            picks[place] = new RoutePick(call.BoundAt, verdict);
        }

        PutFirst(picks, place);
        return RouteReason.Bound;
    }

    private static int PlaceOf(ReadOnlySpan<RoutePick> picks, int at)
    {
        for (var i = 0; i < picks.Length; i++)
        {
            if (picks[i].At == at)
            {
                return i;
            }
        }

        return -1;
    }

    private static void PutFirst(Span<RoutePick> picks, int place)
    {
        var first = picks[place];
        picks[..place].CopyTo(picks[1..]);
        picks[0] = first;
    }

    private static RouteReason ReasonOf(
        RouteMap map, in RouteRanking ranking, in RouteCensus census, RoutingPolicy policy, bool isSample)
    {
        if (ranking.Count == 0)
        {
            return RouteReason.None;
        }

        var best = ranking.Best[0];
        if (best.Verdict == RouteVerdict.Resting)
        {
            return RouteReason.LastResort;
        }

        if (!isSample && (census.Serviceable == 1 || (census.Peers == 1 && census.Available == 1)))
        {
            return RouteReason.OnlyOne;
        }

        // Of a sample the peers are known only where the whole tier was looked at.
        if (census.Peers == 1 && (!isSample || map.LengthOf(best.Tier) == 1))
        {
            return map.DeciderOf(best.Tier, NextTier(map, ranking));
        }

        return policy switch
        {
            RoutingPolicy.LeastLoaded => RouteReason.Load,
            RoutingPolicy.Cheapest => RouteReason.Price,
            RoutingPolicy.Fifo => RouteReason.Order,
            RoutingPolicy.Sticky => RouteReason.Caller,
            _ => RouteReason.Weight,
        };
    }

    // From where the best would have come without the first; where only one was wanted, the tier after it.
    private static int NextTier(RouteMap map, in RouteRanking ranking) =>
        ranking.Count > 1 && ranking.Best[1].Verdict == ranking.Best[0].Verdict
            ? ranking.Best[1].Tier
            : Math.Min(ranking.Best[0].Tier + 1, map.Tiers - 1);
}
