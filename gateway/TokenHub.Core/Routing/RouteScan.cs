namespace TokenHub.Core.Routing;

/// <summary>The choice by looking at every candidate: exact, also about who was left out and why.</summary>
internal static class RouteScan
{
    public static void Fill<TPool>(
        RouteMap map, in TPool pool, in RouteCall call, ref RouteRanking ranking, ref RouteCensus census)
        where TPool : struct, IRoutePool
    {
        var random = call.Random;
        for (var position = 0; position < map.Count; position++)
        {
            var at = map.At(position);
            var input = pool.Read(at);
            var verdict = RouteScore.VerdictOf(input, call.Now);
            census.Count(verdict);
            if (verdict > RouteVerdict.Resting)
            {
                continue;
            }

            var rank = Ranked.RankOf(verdict, map.TierOf(position));
            census.CountRank(rank);
            var chance = RouteChance.Next(ref random);
            var key = LeastKeyOf(map, position, call, input, verdict);
            if (ranking.MayTake(rank, key))
            {
                ranking.Offer(RankedOf(map, position, call, input, rank, RouteChance.UnitOf(chance)));
            }
        }
    }

    /// <summary>A candidate's place under the policy.</summary>
    public static Ranked RankedOf(
        RouteMap map, int position, in RouteCall call, in RouteInput input, long rank, double chance)
    {
        var at = map.At(position);
        var verdict = (RouteVerdict)(rank >> 32);
        if (call.Policy == RoutingPolicy.Sticky && verdict != RouteVerdict.Resting)
        {
            var meeting = map.MeetingOf(position, call.Caller);
            return new Ranked(rank, -Math.Log(meeting) * map.PerWeightOf(position), 0, at);
        }

        // The smallest of such numbers is a candidate's with the probability of its share among all.
        var byShare = -Math.Log(chance) / RouteScore.ShareOf(input);
        var key = LeastKeyOf(map, position, call, input, verdict);
        return call.Policy == RoutingPolicy.Weighted && verdict != RouteVerdict.Resting
            ? new Ranked(rank, byShare, 0, at)
            : new Ranked(rank, key, byShare, at);
    }

    // What decides before chance does; where chance alone decides, a number that is never above the key.
    public static double LeastKeyOf(
        RouteMap map, int position, in RouteCall call, in RouteInput input, RouteVerdict verdict) =>
        verdict == RouteVerdict.Resting ? input.RestsUntil : call.Policy switch
        {
            RoutingPolicy.LeastLoaded => RouteScore.LoadOf(input),
            RoutingPolicy.Cheapest => RouteScore.PriceOf(input, call),
            RoutingPolicy.Fifo => input.Order,
            RoutingPolicy.Sticky => (1 - map.MeetingOf(position, call.Caller)) * map.PerWeightOf(position),
            _ => 0,
        };
}
