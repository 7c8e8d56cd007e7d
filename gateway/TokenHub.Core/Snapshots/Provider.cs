using System.Text.Json.Serialization;

namespace TokenHub.Core.Snapshots;

/// <summary>
/// The kind of upstream: how it is addressed and signed. Which bytes it speaks is its <see cref="Dialect"/>.
/// </summary>
[JsonConverter(typeof(JsonStringEnumConverter<Provider>))]
public enum Provider
{
    [JsonStringEnumMemberName("openai")] OpenAi = 1,
    [JsonStringEnumMemberName("anthropic")] Anthropic = 2,
    [JsonStringEnumMemberName("gemini")] Gemini = 3,
    [JsonStringEnumMemberName("deepseek")] DeepSeek = 4,
    [JsonStringEnumMemberName("openai_compatible")] OpenAiCompatible = 5,
    [JsonStringEnumMemberName("azure")] Azure = 6,
    [JsonStringEnumMemberName("bedrock")] Bedrock = 7,
    [JsonStringEnumMemberName("vertex")] Vertex = 8,
}

/// <summary>A protocol that an upstream offers beside others.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<ApiStyle>))]
public enum ApiStyle
{
    [JsonStringEnumMemberName("chat")] Chat = 1,
    [JsonStringEnumMemberName("responses")] Responses = 2,
    [JsonStringEnumMemberName("messages")] Messages = 3,
}

/// <summary>The protocol in which a request is written.</summary>
public enum Dialect : byte
{
    None = 0,

    /// <summary>OpenAI Chat Completions.</summary>
    Chat = 1,

    /// <summary>OpenAI Responses.</summary>
    Responses = 2,

    /// <summary>Anthropic Messages.</summary>
    Anthropic = 3,

    /// <summary>Gemini generateContent.</summary>
    Gemini = 4,

    /// <summary>Bedrock Converse; upstreams only.</summary>
    Converse = 5,
}
