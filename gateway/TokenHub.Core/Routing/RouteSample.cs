namespace TokenHub.Core.Routing;

/// <summary>
/// The choice among many candidates without looking at all of them; by chance and by rendezvous it is the same choice
/// that looking at all would give.
/// </summary>
internal static class RouteSample
{
    // Draws before it is cheaper to look at all.
    private const int DrawsMax = 48;

    // Of the least loaded so many are drawn and compared: nearly as even as comparing all, and gateways do not herd.
    private const int Compared = 32;

    /// <summary>False when fewer were found than wanted: then all have to be looked at.</summary>
    public static bool TryFill<TPool>(
        RouteMap map, in TPool pool, in RouteCall call, ref RouteRanking ranking, ref RouteCensus census)
        where TPool : struct, IRoutePool
    {
        var random = call.Random;
        for (var tier = 0; tier < map.Tiers && !ranking.IsFull; tier++)
        {
            var isFilled = call.Policy switch
            {
                RoutingPolicy.Fifo => Walk(map, pool, call, tier, ref ranking, ref census),
                RoutingPolicy.Sticky => Meet(map, pool, call, tier, ref ranking, ref census),
                RoutingPolicy.Cheapest => Seek(map, pool, call, tier, ref random, ref ranking, ref census),
                _ when map.LengthOf(tier) <= RouteChoice.ScanMax =>
                    LookAtAll(map, pool, call, tier, ref random, ref ranking, ref census),
                RoutingPolicy.LeastLoaded => Compare(map, pool, call, tier, ref random, ref ranking, ref census),
                _ => Draw(map, pool, call, tier, ref random, ref ranking, ref census),
            };
            if (!isFilled)
            {
                return false;
            }
        }

        return ranking.IsFull;
    }

    // Each is drawn in proportion to the most it can weigh, and taken with the probability of what it weighs now.
    private static bool Draw<TPool>(
        RouteMap map, in TPool pool, in RouteCall call, int tier, ref ulong random, ref RouteRanking ranking,
        ref RouteCensus census)
        where TPool : struct, IRoutePool
    {
        var rank = Ranked.RankOf(RouteVerdict.Available, tier);
        for (var draw = 0; draw < DrawsMax && !ranking.IsFull; draw++)
        {
            var position = map.Draw(tier, RouteChance.UnitOf(RouteChance.Next(ref random)));
            var at = map.At(position);
            var input = pool.Read(at);
            var verdict = RouteScore.VerdictOf(input, call.Now);
            census.Count(verdict);
            var share = RouteScore.ShareOf(input) / RouteMap.MostOf(input);
            if (verdict == RouteVerdict.Available && RouteChance.UnitOf(RouteChance.Next(ref random)) <= share
                && !ranking.Contains(at))
            {
                census.CountRank(rank);
                ranking.Offer(new Ranked(rank, draw, 0, at));
            }
        }

        return ranking.IsFull;
    }

    private static bool Compare<TPool>(
        RouteMap map, in TPool pool, in RouteCall call, int tier, ref ulong random, ref RouteRanking ranking,
        ref RouteCensus census)
        where TPool : struct, IRoutePool
    {
        var (start, length) = map.RangeOf(tier).GetOffsetAndLength(map.Count);
        var first = (int)(RouteChance.Next(ref random) % (ulong)length);
        for (var i = 0; i < Compared; i++)
        {
            // Evenly spread over the tier, from a place by chance: none comes twice.
            var position = start + ((first + (int)((long)i * length / Compared)) % length);
            Look(map, pool, call, tier, position, ref random, ref ranking, ref census);
        }

        return ranking.IsFull;
    }

    // Oldest lot first: those behind the first that can serve need not be looked at.
    private static bool Walk<TPool>(
        RouteMap map, in TPool pool, in RouteCall call, int tier, ref RouteRanking ranking, ref RouteCensus census)
        where TPool : struct, IRoutePool
    {
        var (start, length) = map.RangeOf(tier).GetOffsetAndLength(map.Count);
        var random = 0UL;
        for (var position = start; position < start + length && !ranking.IsFull; position++)
        {
            Look(map, pool, call, tier, position, ref random, ref ranking, ref census);
        }

        return true;
    }

    // Most are passed by with one multiplication: -ln u is never below 1 - u.
    private static bool Meet<TPool>(
        RouteMap map, in TPool pool, in RouteCall call, int tier, ref RouteRanking ranking, ref RouteCensus census)
        where TPool : struct, IRoutePool
    {
        var range = map.RangeOf(tier);
        var seeds = map.SeedsOf(range);
        var perWeight = map.PerWeightOf(range);
        var rank = Ranked.RankOf(RouteVerdict.Available, tier);
        var (most, random, caller) = (ranking.MostOf(rank), 0UL, call.Caller);
        for (var i = 0; i < seeds.Length && i < perWeight.Length; i++)
        {
            if ((1 - RouteMap.MeetingOf(seeds[i], caller)) * perWeight[i] <= most)
            {
                Look(map, pool, call, tier, range.Start.Value + i, ref random, ref ranking, ref census);
                most = ranking.MostOf(rank);
            }
        }

        return true;
    }

    // Most are passed by for the least that they can cost. Of those that cost the same only some are compared, from a
    // place by chance on.
    private static bool Seek<TPool>(
        RouteMap map, in TPool pool, in RouteCall call, int tier, ref ulong random, ref RouteRanking ranking,
        ref RouteCensus census)
        where TPool : struct, IRoutePool
    {
        var range = map.RangeOf(tier);
        var inputs = map.LeastInputOf(range);
        var outputs = map.LeastOutputOf(range);
        var rank = Ranked.RankOf(RouteVerdict.Available, tier);
        var (most, looks) = (ranking.MostOf(rank), 0);
        var first = (int)(RouteChance.Next(ref random) % (ulong)inputs.Length);
        var (inputTokens, outputTokens) = (call.InputTokens, call.OutputTokens);
        for (var n = 0; n < inputs.Length; n++)
        {
            var i = first + n < inputs.Length ? first + n : first + n - inputs.Length;
            if ((inputTokens * inputs[i]) + (outputTokens * outputs[i]) < most)
            {
                Look(map, pool, call, tier, range.Start.Value + i, ref random, ref ranking, ref census);
                most = ranking.MostOf(rank);
                most = ++looks > Compared ? most * (1 - 1e-9) : most;
            }
        }

        return true;
    }

    private static bool LookAtAll<TPool>(
        RouteMap map, in TPool pool, in RouteCall call, int tier, ref ulong random, ref RouteRanking ranking,
        ref RouteCensus census)
        where TPool : struct, IRoutePool
    {
        var (start, length) = map.RangeOf(tier).GetOffsetAndLength(map.Count);
        for (var position = start; position < start + length; position++)
        {
            Look(map, pool, call, tier, position, ref random, ref ranking, ref census);
        }

        return true;
    }

    private static void Look<TPool>(
        RouteMap map, in TPool pool, in RouteCall call, int tier, int position, ref ulong random,
        ref RouteRanking ranking, ref RouteCensus census)
        where TPool : struct, IRoutePool
    {
        var input = pool.Read(map.At(position));
        var verdict = RouteScore.VerdictOf(input, call.Now);
        census.Count(verdict);
        if (verdict != RouteVerdict.Available)
        {
            return;
        }

        var rank = Ranked.RankOf(verdict, tier);
        census.CountRank(rank);
        var least = RouteScan.LeastKeyOf(map, position, call, input, verdict);
        if (ranking.MayTake(rank, least))
        {
            var chance = RouteChance.UnitOf(RouteChance.Next(ref random));
            ranking.Offer(RouteScan.RankedOf(map, position, call, input, rank, chance));
        }
    }
}
