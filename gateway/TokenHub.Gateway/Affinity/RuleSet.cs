using TokenHub.Core.Snapshots;
using TokenHub.Protocols.Conversations;

namespace TokenHub.Gateway.Affinity;

/// <summary>A rule made ready for looking: which calls it is for, and where the key is read.</summary>
/// <param name="Endpoints">A bit for each endpoint that it is for.</param>
/// <param name="Places">In order.</param>
internal sealed record ReadyRule(AffinityRule Rule, uint Endpoints, ReadyPlace[] Places, bool UsesPrefix)
{
    public bool IsFor(Endpoint endpoint, ReadOnlySpan<char> model) => (Endpoints & (1u << (int)endpoint)) != 0
        && (Rule.Model is null || ModelPattern.Matches(Rule.Model, model));
}

/// <summary>A place of a key: a header in both of its spellings, or the number of a value in the body.</summary>
internal readonly record struct ReadyPlace(string? Header, string? OtherSpelling, int Value);

/// <summary>The rules of one snapshot and its channels by id. Immutable.</summary>
internal sealed class RuleSet
{
    // In the order of the paths of a rule.
    private static readonly Endpoint[] Conversations =
    [
        Endpoint.ChatCompletions, Endpoint.Responses, Endpoint.Messages, Endpoint.GeminiGenerate,
        Endpoint.GeminiStream,
    ];

    private readonly Dictionary<long, ChannelEntry> _channels;

    public RuleSet(Snapshot snapshot)
    {
        Snapshot = snapshot;

        // Where there is one channel, there is nowhere else to go.
        Rules = snapshot.Channels.Count < 2 ? [] : [.. snapshot.AffinityRules.Select(Ready).OfType<ReadyRule>()];
        _channels = Rules.Length == 0 ? [] : snapshot.Channels.ToDictionary(channel => channel.Id);
    }

    public static RuleSet Empty { get; } = new(Snapshot.Empty);

    public Snapshot Snapshot { get; }

    public ReadyRule[] Rules { get; }

    /// <summary>What the rules want of a body.</summary>
    public PointerTree Wanted { get; } = new();

    public ChannelEntry? Channel(long id) => _channels.GetValueOrDefault(id);

    // A source that only a later version understands: the rule is for nothing here.
    private ReadyRule? Ready(AffinityRule rule)
    {
        var endpoints = Conversations.Zip(AffinityRule.Paths)
            .Where(c => rule.Path is null || ModelPattern.Matches(rule.Path, c.Second))
            .Aggregate(0u, (bits, c) => bits | (1u << (int)c.First));
        if (endpoints == 0 || !AffinitySource.TryParse(rule.Source, out var source))
        {
            return null;
        }

        var places = source.Places.Select(Ready).Where(p => p.Header is not null || p.Value >= 0);
        return new ReadyRule(rule, endpoints, [.. places], source.UsesPrefix);
    }

    // Proxies may drop names with underscores, and clients have sent both.
    private ReadyPlace Ready(AffinityPlace place) => place.Header is { } name
        ? new ReadyPlace(name, name.Contains('-') ? name.Replace('-', '_') : name.Replace('_', '-'), -1)
        : new ReadyPlace(null, null, Wanted.Add(place.Steps));
}
