using TokenHub.Core.Snapshots;
using TokenHub.Protocols.Upstreams;

namespace TokenHub.Gateway.Exchanges;

/// <summary>What a request is for.</summary>
internal enum Endpoint : byte
{
    Unknown = 0,
    ChatCompletions,
    Responses,
    Messages,
    MessagesCountTokens,
    GeminiGenerate,
    GeminiStream,
    GeminiCountTokens,
    Models,
    Model,
    GeminiModels,
    GeminiModel,
    Health,
    Ready,
    Metrics,
}

internal static class EndpointFacts
{
    /// <summary>The protocol in which this endpoint is spoken; errors of an unknown path have OpenAI's shape.</summary>
    public static Dialect DialectOf(this Endpoint endpoint) => endpoint switch
    {
        Endpoint.Responses => Dialect.Responses,
        Endpoint.Messages or Endpoint.MessagesCountTokens => Dialect.Anthropic,
        Endpoint.GeminiGenerate or Endpoint.GeminiStream or Endpoint.GeminiCountTokens
            or Endpoint.GeminiModels or Endpoint.GeminiModel => Dialect.Gemini,
        _ => Dialect.Chat,
    };

    /// <summary>True for calls that are sent on to a channel.</summary>
    public static bool IsForwarded(this Endpoint endpoint) =>
        endpoint is >= Endpoint.ChatCompletions and <= Endpoint.GeminiCountTokens;

    /// <summary>True for calls that cost money and therefore take a hold.</summary>
    public static bool IsBilled(this Endpoint endpoint) =>
        endpoint.IsForwarded() && endpoint is not (Endpoint.MessagesCountTokens or Endpoint.GeminiCountTokens);

    /// <summary>What a call to this endpoint asks of an upstream.</summary>
    public static UpstreamCall CallOf(this Endpoint endpoint, bool isStream) =>
        endpoint is Endpoint.MessagesCountTokens or Endpoint.GeminiCountTokens ? UpstreamCall.CountTokens
        : isStream ? UpstreamCall.Stream
        : UpstreamCall.Whole;

    public static bool IsModelList(this Endpoint endpoint) =>
        endpoint is >= Endpoint.Models and <= Endpoint.GeminiModel;

    /// <summary>True when the method is the one this endpoint is called with.</summary>
    public static bool Takes(this Endpoint endpoint, string method) => endpoint.IsForwarded()
        ? method == "POST"
        : method is "GET" or "HEAD";
}
