namespace TokenHub.Core.Usage;

/// <summary>
/// Tokens of one request in one canonical form, whatever the provider's arithmetic. <see cref="Input"/> is every prompt
/// token, cached or not; cache classes are parts of it. <see cref="Output"/> is everything generated, reasoning
/// included.
/// </summary>
public readonly record struct TokenUsage
{
    public long Input { get; init; }
    public long CacheRead { get; init; }
    public long CacheWrite5m { get; init; }
    public long CacheWrite1h { get; init; }

    /// <summary>Cache writes whose lifetime the provider did not say; priced like the five-minute class.</summary>
    public long CacheWriteOther { get; init; }

    public long Output { get; init; }

    /// <summary>Part of <see cref="Output"/>.</summary>
    public long Reasoning { get; init; }

    /// <summary>Part of <see cref="Input"/>: prompt tokens that the provider's own tools added (Gemini).</summary>
    public long ToolUsePrompt { get; init; }

    /// <summary>Pictures, sound and text read aloud, where the answer is of these.</summary>
    public MediaUnits Media { get; init; }

    public long CacheWrite => CacheWrite5m + CacheWrite1h + CacheWriteOther;

    /// <summary>Prompt tokens at the plain input price; never negative, however a provider's parts add up.</summary>
    public long InputFresh => Math.Max(0, Input - CacheRead - CacheWrite);

    public long Total => Input + Output;

    public bool IsEmpty => Input == 0 && Output == 0 && Media.IsEmpty;
}
