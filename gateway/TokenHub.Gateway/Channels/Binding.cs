using TokenHub.Core.Routing;

namespace TokenHub.Gateway.Channels;

/// <summary>Where a conversation is at home, and what is known of its prompt there.</summary>
internal sealed record Binding
{
    public required long Channel { get; init; }

    /// <summary>The rule's generation when it was made; under any other it counts as none.</summary>
    public required long RuleGeneration { get; init; }

    /// <summary>The channel's, likewise.</summary>
    public required long ChannelGeneration { get; init; }

    /// <summary>Tokens of prompt that the upstream probably has in its cache.</summary>
    public long CachedTokens { get; init; }

    /// <summary>How long it keeps them.</summary>
    public CacheLife Life { get; init; }

    /// <summary>When the last answer came, by the gateways' clocks.</summary>
    public long UsedMs { get; init; }

    /// <summary>Answers in a row that should have read from the cache and did not.</summary>
    public int Misses { get; init; }

    /// <summary>It was stored for a few minutes only: nobody knew whether the conversation goes on.</summary>
    public bool IsBrief { get; init; }

    /// <summary>First tokens in a row that were slow for the channel.</summary>
    public int SlowRuns { get; init; }
}
