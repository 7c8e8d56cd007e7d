using System.Text.Json;
using TokenHub.Core.Snapshots;

namespace TokenHub.Protocols.Chat;

/// <summary>
/// A request in no dialect: what a caller wants of a model, whatever protocol he wrote it in. Made by a dialect's
/// request reader, read by another's request writer; it exists only where the two differ.
/// </summary>
/// <remarks>
/// JSON values and media in it are slices of the body it was read from: it must be disposed, and the body must live as
/// long as it does.
/// </remarks>
public sealed class ChatRequest(JsonDocument source) : IDisposable
{
    /// <summary>The dialect that the caller wrote it in; <see cref="Dialect.None"/> stands for Chat.</summary>
    public Dialect Dialect { get; init; }

    /// <summary>The model's name as the caller wrote it.</summary>
    public string Model { get; set; } = "";

    public bool Stream { get; set; }

    /// <summary>Usage at the end of a stream is wanted; only Chat's callers can say no.</summary>
    public bool IncludeUsage { get; set; } = true;

    /// <summary>All turns in order, system and developer ones included, wherever they stand.</summary>
    public List<ChatTurn> Turns { get; } = [];

    public List<ChatTool> Tools { get; } = [];

    public ToolChoice? ToolChoice { get; set; }

    /// <summary>Whether several calls may be made at once; null leaves it to the model.</summary>
    public bool? ParallelCalls { get; set; }

    public OutputFormat? Format { get; set; }

    public ReasoningWish? Reasoning { get; set; }

    public SamplingWishes Sampling { get; } = new();

    /// <summary>Most tokens to be written, reasoning included; null when the caller gave none.</summary>
    public long? OutputTokensMax { get; set; }

    public List<string> Stop { get; } = [];

    /// <summary>
    /// Those of them that the upstream cannot be told of: the answer is cut at them here. Set by the request's writer.
    /// </summary>
    public IReadOnlyList<string> StopsHere { get; set; } = [];

    /// <summary>
    /// Only the answer's end says what it used: the model thinks, and shows nothing of it. Set by the request's writer.
    /// </summary>
    public bool IsReadToItsEnd { get; set; }

    /// <summary>Who the caller's own user is, in the caller's words.</summary>
    public string? EndUser { get; set; }

    public string? PromptCacheKey { get; set; }

    public string? ServiceTier { get; set; }

    /// <summary>low, medium or high.</summary>
    public string? Verbosity { get; set; }

    /// <summary>An object of short strings, kept by the upstream with the answer.</summary>
    public JsonElement? Metadata { get; set; }

    /// <summary>
    /// Members of the request without a place here, by their path in the caller's dialect: a writer of another dialect
    /// reports each of them as dropped. Members that say the default are not listed.
    /// </summary>
    public Dictionary<string, JsonElement> Others { get; } = new(StringComparer.Ordinal);

    /// <summary>What the caller's tools are called here and there.</summary>
    public ToolBook ToolBook { get; } = new();

    /// <summary>
    /// Members of a Responses answer that repeat the request, written beforehand as JSON members without braces; empty
    /// for the other dialects.
    /// </summary>
    public ReadOnlyMemory<byte> Echo { get; set; }

    public void Dispose() => source.Dispose();
}
