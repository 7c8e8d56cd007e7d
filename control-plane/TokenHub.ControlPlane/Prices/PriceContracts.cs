using System.Text.Json.Serialization;
using TokenHub.ControlPlane.OpenApi;
using TokenHub.ControlPlane.Wire;

namespace TokenHub.ControlPlane.Prices;

/// <summary>What is asked here, and beside it what the upstream asks, what the maker's list says, and limits.</summary>
internal record PriceRates : Rates
{
    /// <summary>
    /// What the upstream itself asks; left out, it asks what this price says. For admins and auditors.
    /// </summary>
    public PricePerMillion? UpstreamInput { get; init; }

    public PricePerMillion? UpstreamOutput { get; init; }
    public PricePerMillion? UpstreamCacheRead { get; init; }

    [JsonPropertyName("upstream_cache_write_5m")]
    public PricePerMillion? UpstreamCacheWrite5m { get; init; }

    [JsonPropertyName("upstream_cache_write_1h")]
    public PricePerMillion? UpstreamCacheWrite1h { get; init; }

    public PricePerMillion? UpstreamImage { get; init; }
    public PricePerMillion? UpstreamAudioMinute { get; init; }
    public PricePerMillion? UpstreamCharacters { get; init; }

    /// <summary>
    /// What the model's maker asks of everybody: never charged, but receipts tell what a call would have cost by it.
    /// Null: not known.
    /// </summary>
    public Rates? List { get; init; }

    /// <summary>Most prompt tokens the model takes: a report of more is not believed. Null: not known.</summary>
    public long? ContextTokens { get; init; }

    /// <summary>
    /// Most tokens the model writes in one answer: a report of more is not believed. Null: not known.
    /// </summary>
    public long? MaxOutputTokens { get; init; }
}

/// <summary>The price of a model name or a pattern, for every channel or for one.</summary>
internal sealed record PutPrice : PriceRates
{
    /// <summary>A name, a pattern such as <c>gpt-*</c>, or <c>*</c> for the default.</summary>
    public required string Model { get; init; }

    /// <summary>Left out: the price holds on every channel that has none of its own.</summary>
    public string? ChannelId { get; init; }
}

/// <summary>One price version. It never changes; a new price for the same model retires it.</summary>
internal sealed record PriceView : PriceRates
{
    public required string Id { get; init; }
    public required string Model { get; init; }
    public string? ChannelId { get; init; }
    public required DateTime CreatedAt { get; init; }
    public DateTime? RetiredAt { get; init; }
}

/// <summary>Which price holds, and in which step of the look-up it was found.</summary>
internal sealed record ResolvedPrice
{
    public required string Model { get; init; }
    public string? ChannelId { get; init; }

    /// <summary>Where the price was found; with <c>none</c> the model is refused.</summary>
    [Allowed(
        "channel_pattern", "channel_default", "global_pattern", "global_default", "runtime_fallback", "none")]
    public required string Step { get; init; }

    public PriceView? Price { get; init; }
}
