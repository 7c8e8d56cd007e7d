using TokenHub.Core.Snapshots;
using TokenHub.Gateway.Errors;

namespace TokenHub.Gateway.Routing;

/// <summary>Why no channel was found.</summary>
internal enum RoutingFault : byte
{
    None = 0,
    UnknownModel,
    UnknownGroup,

    /// <summary>The key may not use this model.</summary>
    ModelNotAllowed,
    Unpriced,

    /// <summary>The model is served, but by nobody who has such a call.</summary>
    OtherProtocol,

    /// <summary>Every channel that serves it is outside the key's scope or the group asked for.</summary>
    OutOfScope,

    /// <summary>Channels that should serve it cannot: unreadable credential, unsupported provider.</summary>
    NoneUsable,
}

/// <summary>Room three's answer, beside the plan.</summary>
internal readonly record struct RoutingResult(RoutingFault Fault, ModelRoute? Route)
{
    public GatewayError ToError() => Fault switch
    {
        RoutingFault.None => default,
        RoutingFault.UnknownModel => new(GatewayFault.ModelUnknown, Param: "model"),
        RoutingFault.UnknownGroup => new(GatewayFault.GroupUnknown),
        RoutingFault.ModelNotAllowed => new(GatewayFault.ModelNotAllowed, Param: "model"),
        RoutingFault.Unpriced => new(GatewayFault.ModelUnpriced, Param: "model"),
        RoutingFault.OtherProtocol => new(GatewayFault.OtherProtocol, Param: "model"),
        RoutingFault.OutOfScope => new(GatewayFault.ChannelsOutOfScope),
        _ => new(GatewayFault.NoChannel, Route?.ChannelFault is { } fault
            ? $"No channel can serve this model: {fault}."
            : null),
    };
}

/// <summary>What a request brings to the choice.</summary>
internal readonly record struct RoutingQuery(
    Dialect Dialect, string? Group, KeyEntry Key, Endpoint Endpoint = Endpoint.Unknown)
{
    /// <summary>The conversation that the request is of.</summary>
    public AffinityMatch Affinity { get; init; }
}

/// <summary>
/// Chooses channels inside the key's scope and group: first the conversation's own, then not cooling before cooling,
/// higher priority before lower, those of the client's own protocol before those reached by translation, by weight
/// among equals.
/// </summary>
internal sealed class ChannelPicker(ChannelHealth health, Random random)
{
    public RoutingResult Pick(RouteTable table, ReadOnlySpan<byte> model, in RoutingQuery query, RoutePlan plan)
    {
        if (query.Group is { } group && !table.HasGroup(group))
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

        var steps = Math.Min(table.Settings.Routing.AttemptsMax, RoutingRules.AttemptsLimit);
        var named = query.Group;
        plan.Group = named is null ? null : table.Settings.Groups.FirstOrDefault(one => one.Name == named);
        while (plan.Count < steps && PickOne(route, query, plan) is { } next)
        {
            plan.Add(new RouteStep(next, default));
        }

        return plan.Count > 0
            ? new RoutingResult(RoutingFault.None, route)
            : new RoutingResult(FaultOf(route, query), route);
    }

    // One pass: of the best rank seen so far, each candidate takes the place with probability weight / sum of weights.
    private Candidate? PickOne(ModelRoute route, in RoutingQuery query, RoutePlan except)
    {
        Candidate? chosen = null;
        var bestRank = long.MinValue;
        var total = 0L;
        foreach (var candidate in route.Candidates)
        {
            if (IsIn(except, candidate) || !IsEligible(candidate, query))
            {
                continue;
            }

            var rank = RankOf(candidate.Channel, candidate.Speaks(query.Dialect), query.Affinity);
            if (rank > bestRank)
            {
                (bestRank, total) = (rank, 0);
            }

            if (rank == bestRank)
            {
                total += Math.Max(1, candidate.Channel.Weight);
                if (random.NextInt64(total) < Math.Max(1, candidate.Channel.Weight))
                {
                    chosen = candidate;
                }
            }
        }

        return chosen;
    }

    private static bool IsIn(RoutePlan plan, Candidate candidate)
    {
        foreach (ref readonly var step in plan.Steps)
        {
            if (ReferenceEquals(step.Candidate, candidate))
            {
                return true;
            }
        }

        return false;
    }

    // Weight 0 means last among its equals, as a cooling channel is last among all.
    private long RankOf(UpstreamChannel channel, bool isOwnDialect, in AffinityMatch affinity)
    {
        var rank = ((long)channel.Priority << 2) | (channel.Weight > 0 ? 2L : 0L) | (isOwnDialect ? 1L : 0L);
        var isBound = channel.Id == affinity.Channel;
        return isBound && affinity.IsPinned ? long.MaxValue
            : health.IsCooling(channel) ? rank - (1L << 40)
            : isBound ? rank + (1L << 40) : rank;
    }

    private static bool IsEligible(Candidate candidate, in RoutingQuery query) =>
        candidate.Takes(query.Endpoint, query.Dialect)
        && query.Key.AllowsChannel(candidate.Channel.Id)
        && (query.Group is null || candidate.Channel.IsInGroup(query.Group));

    private static RoutingFault FaultOf(ModelRoute route, in RoutingQuery query)
    {
        if (route.IsUnpriced)
        {
            return RoutingFault.Unpriced;
        }

        if (!route.HasCandidates)
        {
            return RoutingFault.NoneUsable;
        }

        var (anyDialect, anyUnpriced) = (false, false);
        foreach (var candidate in route.Candidates)
        {
            anyDialect |= candidate.Takes(query.Endpoint, query.Dialect);
            anyUnpriced |= candidate.HasUnpriced(query.Endpoint);
        }

        return anyDialect ? RoutingFault.OutOfScope
            : anyUnpriced ? RoutingFault.Unpriced
            : RoutingFault.OtherProtocol;
    }
}
