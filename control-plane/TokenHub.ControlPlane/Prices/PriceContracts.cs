using System.Text.Json.Serialization;
using TokenHub.ControlPlane.OpenApi;
using TokenHub.ControlPlane.Wire;

namespace TokenHub.ControlPlane.Prices;

/// <summary>
/// Dollars for one million tokens of each class; a cache price that is not given equals the input price. What is not
/// measured in tokens has prices of its own, and all that are given add up: a model that is priced by the picture, the
/// minute or the character has <c>input</c> and <c>output</c> of 0.
/// </summary>
internal record PriceRates
{
    public required PricePerMillion Input { get; init; }
    public required PricePerMillion Output { get; init; }
    public PricePerMillion? CacheRead { get; init; }

    [JsonPropertyName("cache_write_5m")]
    public PricePerMillion? CacheWrite5m { get; init; }

    [JsonPropertyName("cache_write_1h")]
    public PricePerMillion? CacheWrite1h { get; init; }

    /// <summary>
    /// Dollars for one picture made. Null: pictures are not priced so, and image models that report no tokens refused.
    /// </summary>
    public PricePerMillion? Image { get; init; }

    /// <summary>
    /// Dollars for one minute of sound heard or made. Null: sound is not priced so, and models that report no tokens
    /// refused.
    /// </summary>
    public PricePerMillion? AudioMinute { get; init; }

    /// <summary>Dollars for one million characters of text read aloud. Null: not priced so.</summary>
    public PricePerMillion? Characters { get; init; }

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

    /// <summary>What the model's maker asks of everybody. Null: not known.</summary>
    public ListRates? List { get; init; }

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
