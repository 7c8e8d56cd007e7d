using TokenHub.Core.Money;
using TokenHub.Core.Routing;
using TokenHub.Core.Snapshots;

namespace TokenHub.Gateway.Routing;

/// <summary>
/// Everything known about one model name: who serves it, or why nobody can. Immutable but for views of itself, which
/// are made when first asked for.
/// </summary>
internal sealed class ModelRoute
{
    private const int Dialects = (int)Dialect.Gemini + 1;

    private readonly RouteGroups _groups;
    private readonly Candidate[] _candidates;
    private readonly int[][] _groupsOf;
    private readonly long[] _channels;
    private readonly RouteInput[]?[] _inputs = new RouteInput[Dialects][];
    private readonly RouteView?[] _views;

    /// <param name="groupsOf">The groups of each candidate's channel.</param>
    public ModelRoute(
        string model, Candidate[] candidates, int[][] groupsOf, RouteGroups groups, bool isUnknown, bool isUnpriced,
        string? channelFault)
    {
        (Model, _candidates, _groupsOf, _groups) = (model, candidates, groupsOf, groups);
        (IsUnknown, IsUnpriced, ChannelFault) = (isUnknown, isUnpriced, channelFault);
        Name = RouteChance.OfName(model);
        Lives = [.. candidates.Select(candidate => candidate.Channel.Live)];
        HasCommonGroups = groupsOf.Any(named => named.Any(group => groups[group].InCommon));
        _channels = [.. candidates.Select(candidate => candidate.Channel.Id)];
        _views = new RouteView[(groups.Count + RoutePools.Of(0)) * Dialects];
    }

    public string Model { get; }

    /// <summary>Stands for the name, the same at every gateway.</summary>
    public ulong Name { get; }

    /// <summary>No channel serves a model of this name.</summary>
    public bool IsUnknown { get; }

    /// <summary>Channels serve it, but no price rule covers it on any of them.</summary>
    public bool IsUnpriced { get; }

    /// <summary>Why a channel that serves it was left out, or null.</summary>
    public string? ChannelFault { get; }

    public ReadOnlySpan<Candidate> Candidates => _candidates;

    /// <summary>What is known of each candidate's channel at the moment.</summary>
    public ChannelLive[] Lives { get; }

    public bool HasCandidates => _candidates.Length > 0;

    /// <summary>Channels of groups compete for calls without a prefix.</summary>
    public bool HasCommonGroups { get; }

    /// <summary>A client of this protocol can call it, as it is or translated.</summary>
    public bool IsReachedFrom(Dialect dialect) => _candidates.Any(c => c.UpstreamDialect(dialect) != Dialect.None);

    /// <summary>The candidate on a channel; -1 when the channel does not serve the model.</summary>
    public int IndexOf(long channel) => Array.IndexOf(_channels, channel);

    public ReadOnlySpan<int> GroupsOf(int at) => _groupsOf[at];

    /// <summary>True when a pool has a candidate that the key may use.</summary>
    public bool IsOpenTo(KeyEntry key, int pool)
    {
        for (var at = 0; at < _candidates.Length; at++)
        {
            if (IsIn(at, pool) && IsOpenTo(key, pool, at))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>True when a candidate in a pool that is open to the key's account is in the key's scope.</summary>
    public bool IsOpenTo(KeyEntry key, int pool, int at) => key.AllowsChannel(_channels[at])
        && (RoutePools.GroupOf(pool) >= 0 || CommonGroupOf(key, at) != RouteGroups.Closed);

    /// <summary>By which group a candidate serves the key's calls without a prefix.</summary>
    public int CommonGroupOf(KeyEntry key, int at) =>
        _groups.CommonOf(_groupsOf[at], key.Account, key.Record.Groups);

    /// <summary>The candidates of a pool as callers of a protocol find them.</summary>
    public RouteView ViewOf(int pool, Dialect dialect)
    {
        var place = (pool * Dialects) + (int)dialect;
        return Volatile.Read(ref _views[place]) ?? MakeView(place, pool, dialect);
    }

    // Two who make the same one at once make the same.
    private RouteView MakeView(int place, int pool, Dialect dialect)
    {
        var inputs = _inputs[(int)dialect] ??= RouteView.InputsOf(_candidates, LeastFactors(), dialect);
        int[] members = [.. Enumerable.Range(0, inputs.Length).Where(at => IsIn(at, pool))];
        var view = new RouteView(this, inputs, RouteMap.Of(inputs, members));
        Volatile.Write(ref _views[place], view);
        return view;
    }

    private double[] LeastFactors() =>
    [
        .. _groupsOf.Select(named => named.Length == 0 ? 1.0
            : named.Min(group => _groups[group].PriceFactorBp / (double)PriceFactors.Once)),
    ];

    private bool IsIn(int at, int pool)
    {
        var (named, group) = (_groupsOf[at], RoutePools.GroupOf(pool));
        return group >= 0 ? named.Contains(group)
            : named.Length == 0 || (pool == RoutePools.Common && named.Any(one => _groups[one].InCommon));
    }
}
