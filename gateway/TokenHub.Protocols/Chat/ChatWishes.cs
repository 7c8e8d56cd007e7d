using System.Text.Json;

namespace TokenHub.Protocols.Chat;

public enum OutputFormatKind : byte
{
    Text,
    JsonObject,
    JsonSchema,
}

/// <summary>The form that the answer's text must have.</summary>
public sealed record OutputFormat(OutputFormatKind Kind)
{
    public string? Name { get; init; }

    public string? Description { get; init; }

    public JsonElement? Schema { get; init; }

    public bool? Strict { get; init; }
}

/// <summary>How much a model is to think; in order, so that one can be compared with another.</summary>
public enum Effort : byte
{
    None,
    Minimal,
    Low,
    Medium,
    High,
    XHigh,
    Max,
}

/// <summary>How the caller wants the model to think, as he said it; what he did not say is null.</summary>
public sealed record ReasoningWish
{
    public Effort? Effort { get; init; }

    /// <summary>Tokens; 0 switches thinking off, -1 leaves it to the model.</summary>
    public long? BudgetTokens { get; init; }

    /// <summary>The model decides whether it thinks (Anthropic's <c>adaptive</c>).</summary>
    public bool IsAdaptive { get; init; }

    /// <summary>Whether the caller wants to read the thoughts; null when he did not say.</summary>
    public bool? ShowsText { get; init; }

    /// <summary>auto, concise or detailed (Responses).</summary>
    public string? Summary { get; init; }
}

/// <summary>How words are drawn; what the caller did not say is null.</summary>
public sealed class SamplingWishes
{
    public double? Temperature { get; set; }

    public double? TopP { get; set; }

    public long? TopK { get; set; }

    public double? FrequencyPenalty { get; set; }

    public double? PresencePenalty { get; set; }

    public long? Seed { get; set; }

    /// <summary>Answers to one request.</summary>
    public int? N { get; set; }

    public bool? Logprobs { get; set; }

    public int? TopLogprobs { get; set; }

    /// <summary>Log probabilities of tokens are wanted.</summary>
    public bool AsksChances => Logprobs is true || TopLogprobs is > 0;

    public JsonElement? LogitBias { get; set; }
}
