using System.Collections.Concurrent;
using System.Collections.Frozen;
using TokenHub.Core.Keys;
using TokenHub.Core.Money;
using TokenHub.Core.Snapshots;

namespace TokenHub.Gateway.Routing;

/// <summary>
/// All routes of one snapshot: model to channels with prices found and credentials opened. Immutable but for a bounded
/// memory of routes made from patterns.
/// </summary>
public sealed class RouteTable
{
    private const int PatternRoutesMax = 4096;

    private readonly Snapshot _snapshot;
    private readonly Entry[] _entries;

    // Not frozen: a frozen dictionary of few entries cannot be asked for UTF-8.
    private readonly Dictionary<string, ModelRoute> _named;
    private readonly Dictionary<string, ModelRoute>.AlternateLookup<ReadOnlySpan<byte>> _namedUtf8;
    private readonly ConcurrentDictionary<string, ModelRoute> _matched = new(Utf8NameComparer.Instance);
    private readonly ConcurrentDictionary<string, ModelRoute>.AlternateLookup<ReadOnlySpan<byte>> _matchedUtf8;
    private readonly FrozenSet<string> _groups;

    private RouteTable(Snapshot snapshot, SecretBox? box, ChannelLives lives)
    {
        _snapshot = snapshot;
        _entries = box is null ? []
            : [.. snapshot.Channels.Select(
                entry => new Entry(entry, new UpstreamChannel(entry, box, lives.Of(entry.Id))))];
        _groups = _entries.SelectMany(e => e.Source.Groups).ToFrozenSet(StringComparer.Ordinal);
        _named = _entries.SelectMany(e => e.Source.Models).Where(m => !ModelPattern.IsPattern(m))
            .Distinct(StringComparer.Ordinal)
            .ToDictionary(model => model, RouteOf, Utf8NameComparer.Instance);
        _namedUtf8 = _named.GetAlternateLookup<ReadOnlySpan<byte>>();
        _matchedUtf8 = _matched.GetAlternateLookup<ReadOnlySpan<byte>>();
        Models = [.. _named.Values.Where(route => route.HasCandidates).OrderBy(r => r.Model, StringComparer.Ordinal)];
    }

    public static RouteTable Empty { get; } = new(Snapshot.Empty, box: null, new ChannelLives());

    public long Version => _snapshot.Version;

    /// <summary>Every model that a channel names and that can be served, in order of name.</summary>
    internal IReadOnlyList<ModelRoute> Models { get; }

    internal IEnumerable<UpstreamChannel> Channels => _entries.Select(e => e.Channel);

    /// <summary>The snapshot's settings besides its channels and prices.</summary>
    internal Snapshot Settings => _snapshot;

    /// <param name="lives">What is known of channels, which outlives the table.</param>
    internal static RouteTable Build(Snapshot snapshot, SecretBox box, ChannelLives lives) => new(snapshot, box, lives);

    internal bool HasGroup(string group) => _groups.Contains(group);

    /// <summary>The route of a model, or null when no channel serves it.</summary>
    internal ModelRoute? Find(ReadOnlySpan<byte> model)
    {
        if (_namedUtf8.TryGetValue(model, out var route) || _matchedUtf8.TryGetValue(model, out route))
        {
            return route;
        }

        return FindSlow(System.Text.Encoding.UTF8.GetString(model));
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
        var (serving, priced) = (0, 0);
        string? fault = null;
        foreach (var (entry, channel) in _entries)
        {
            if (!entry.Models.Any(pattern => ModelPattern.Matches(pattern, model)))
            {
                continue;
            }

            serving++;
            var (price, _) = PriceResolution.Resolve(_snapshot.Prices, _snapshot.FallbackPrice, channel.Id, model);
            priced += price is null ? 0 : 1;
            fault ??= channel.Fault;
            if (price is not null && channel.Fault is null)
            {
                var upstreamModel = entry.ModelMap.GetValueOrDefault(model, model);
                candidates.Add(new Candidate(channel, model, upstreamModel, price.ToTariff(), TokenLimits.Of(price)));
            }
        }

        return new ModelRoute(model, [.. candidates], serving == 0, serving > 0 && priced == 0, fault);
    }

    private sealed record Entry(ChannelEntry Source, UpstreamChannel Channel);
}
