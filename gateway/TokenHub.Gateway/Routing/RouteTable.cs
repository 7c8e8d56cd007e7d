using System.Collections.Concurrent;
using TokenHub.Core.Keys;
using TokenHub.Core.Routing;
using TokenHub.Core.Snapshots;

namespace TokenHub.Gateway.Routing;

/// <summary>
/// All routes of one snapshot: model to channels with prices found and credentials opened. A route is made when it is
/// first asked for, so that a snapshot of many channels and models is in force at once. Immutable but for these
/// memories, of which the one of names that only patterns cover is bounded.
/// </summary>
public sealed class RouteTable
{
    private const int PatternRoutesMax = 4096;

    private readonly Snapshot _snapshot;
    private readonly Entry[] _entries;
    private readonly ServedModels _served;
    private readonly RoutePrices _prices;

    // Not frozen: a frozen dictionary of few entries cannot be asked for UTF-8.
    private readonly Dictionary<string, Named> _named;
    private readonly Dictionary<string, Named>.AlternateLookup<ReadOnlySpan<byte>> _namedUtf8;
    private readonly ConcurrentDictionary<string, ModelRoute> _matched = new(Utf8NameComparer.Instance);
    private readonly ConcurrentDictionary<string, ModelRoute>.AlternateLookup<ReadOnlySpan<byte>> _matchedUtf8;
    private IReadOnlyList<ModelRoute>? _models;

    private RouteTable(Snapshot snapshot, SecretBox? box, ChannelLives lives)
    {
        _snapshot = snapshot;
        Groups = new RouteGroups(snapshot);
        _entries = box is null ? []
            : [.. snapshot.Channels.Select(entry => new Entry(
                entry, new UpstreamChannel(entry, box, lives.Of(entry.Id)), Groups.Of(entry)))];
        _served = new ServedModels([.. _entries.Select(entry => entry.Source.Models)]);
        _prices = new RoutePrices(snapshot);
        _named = _served.Names.ToDictionary(model => model, model => new Named(model), Utf8NameComparer.Instance);
        _namedUtf8 = _named.GetAlternateLookup<ReadOnlySpan<byte>>();
        _matchedUtf8 = _matched.GetAlternateLookup<ReadOnlySpan<byte>>();
    }

    public static RouteTable Empty { get; } = new(Snapshot.Empty, box: null, new ChannelLives());

    public long Version => _snapshot.Version;

    /// <summary>Every model that a channel names and that can be served, in order of name.</summary>
    internal IReadOnlyList<ModelRoute> Models => _models ??=
    [
        .. _named.Values.Select(RouteOf).Where(route => route.HasCandidates)
            .OrderBy(route => route.Model, StringComparer.Ordinal),
    ];

    internal IEnumerable<UpstreamChannel> Channels => _entries.Select(e => e.Channel);

    internal RouteGroups Groups { get; }

    /// <summary>The snapshot's settings besides its channels and prices.</summary>
    internal Snapshot Settings => _snapshot;

    /// <param name="lives">What is known of channels, which outlives the table.</param>
    internal static RouteTable Build(Snapshot snapshot, SecretBox box, ChannelLives lives) => new(snapshot, box, lives);

    /// <summary>
    /// The pool of the group that a path names, or of calls without a prefix. False when there is no such group or the
    /// key may not use it, which its caller cannot tell apart.
    /// </summary>
    internal bool TryOpen(string? name, KeyEntry key, out int pool)
    {
        pool = RoutePools.Common;
        if (name is null)
        {
            return true;
        }

        if (!Groups.TryFind(name, out var group) || !Groups.IsOpen(group, key.Account, key.Record.Groups))
        {
            return false;
        }

        pool = RoutePools.Of(group);
        return true;
    }

    /// <summary>The route of a model, or null when no channel serves it.</summary>
    internal ModelRoute? Find(ReadOnlySpan<byte> model)
    {
        if (_namedUtf8.TryGetValue(model, out var named))
        {
            return RouteOf(named);
        }

        return _matchedUtf8.TryGetValue(model, out var route) ? route
            : FindSlow(System.Text.Encoding.UTF8.GetString(model));
    }

    // Two who make the same route at once make the same.
    private ModelRoute RouteOf(Named named)
    {
        if (Volatile.Read(ref named.Route) is { } known)
        {
            return known;
        }

        var made = RouteOf(named.Model);
        Volatile.Write(ref named.Route, made);
        return made;
    }

    // The first request for a name that only patterns cover.
    private ModelRoute? FindSlow(string model)
    {
        var route = RouteOf(model);
        if (route.IsUnknown)
        {
            return null;
        }

        if (_matched.Count < PatternRoutesMax)
        {
            _matched.TryAdd(model, route);
        }

        return route;
    }

    private ModelRoute RouteOf(string model)
    {
        List<Candidate> candidates = [];
        List<int[]> groups = [];
        var (serving, priced) = (0, 0);
        string? fault = null;
        var prices = _prices.Of(model);
        foreach (var index in _served.By(model))
        {
            var (entry, channel, named) = _entries[index];
            serving++;
            var price = prices.Of(channel.Id);
            priced += price is null ? 0 : 1;
            fault ??= channel.Fault;
            if (price is not null && channel.Fault is null)
            {
                var upstreamModel = entry.ModelMap.GetValueOrDefault(model, model);
                candidates.Add(new Candidate(channel, model, upstreamModel, price.ToTariff(), TokenLimits.Of(price)));
                groups.Add(named);
            }
        }

        return new ModelRoute(
            model, [.. candidates], [.. groups], Groups, serving == 0, serving > 0 && priced == 0, fault);
    }

    private sealed record Entry(ChannelEntry Source, UpstreamChannel Channel, int[] Groups);

    private sealed class Named(string model)
    {
        public string Model { get; } = model;

        // A field, for Volatile.
        public ModelRoute? Route;
    }
}
