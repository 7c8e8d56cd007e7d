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
    ResponsesInputTokens,

    /// <summary>The first of those that pass as they are, to channels that have them.</summary>
    Embeddings,
    Rerank,
    Images,
    ImageEdits,
    ImageVariations,
    Speech,
    Transcriptions,
    Translations,
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
        Endpoint.Responses or Endpoint.ResponsesInputTokens => Dialect.Responses,
        Endpoint.Messages or Endpoint.MessagesCountTokens => Dialect.Anthropic,
        Endpoint.GeminiGenerate or Endpoint.GeminiStream or Endpoint.GeminiCountTokens
            or Endpoint.GeminiModels or Endpoint.GeminiModel => Dialect.Gemini,
        _ => Dialect.Chat,
    };

    /// <summary>True for calls that are sent on to a channel.</summary>
    public static bool IsForwarded(this Endpoint endpoint) =>
        endpoint is >= Endpoint.ChatCompletions and <= Endpoint.Translations;

    /// <summary>True for calls that are never translated: only channels that have the same path take them.</summary>
    public static bool IsPassedOn(this Endpoint endpoint) =>
        endpoint is >= Endpoint.Embeddings and <= Endpoint.Translations;

    /// <summary>True for calls whose work is pictures or sound, with prices of their own.</summary>
    public static bool IsMedia(this Endpoint endpoint) => endpoint is >= Endpoint.Images and <= Endpoint.Translations;

    public static bool IsPictures(this Endpoint endpoint) =>
        endpoint is >= Endpoint.Images and <= Endpoint.ImageVariations;

    /// <summary>True for calls that bring a sound to be written down.</summary>
    public static bool Hears(this Endpoint endpoint) => endpoint is Endpoint.Transcriptions or Endpoint.Translations;

    /// <summary>True for calls that ask how many tokens a prompt has.</summary>
    public static bool CountsTokens(this Endpoint endpoint) => endpoint
        is Endpoint.MessagesCountTokens or Endpoint.GeminiCountTokens or Endpoint.ResponsesInputTokens;

    /// <summary>The path at the upstream of a call that is passed on under the same; else null.</summary>
    public static string? PathOf(this Endpoint endpoint) => endpoint switch
    {
        Endpoint.ResponsesInputTokens => "/v1/responses/input_tokens",
        Endpoint.Embeddings => "/v1/embeddings",
        Endpoint.Rerank => "/v1/rerank",
        Endpoint.Images => "/v1/images/generations",
        Endpoint.ImageEdits => "/v1/images/edits",
        Endpoint.ImageVariations => "/v1/images/variations",
        Endpoint.Speech => "/v1/audio/speech",
        Endpoint.Transcriptions => "/v1/audio/transcriptions",
        Endpoint.Translations => "/v1/audio/translations",
        _ => null,
    };

    /// <summary>True for calls that cost money and therefore take a hold.</summary>
    public static bool IsBilled(this Endpoint endpoint) =>
        endpoint.IsForwarded() && !endpoint.CountsTokens();

    /// <summary>What a call to this endpoint asks of an upstream.</summary>
    public static UpstreamCall CallOf(this Endpoint endpoint, bool isStream) =>
        endpoint.CountsTokens() ? UpstreamCall.CountTokens
        : isStream ? UpstreamCall.Stream
        : UpstreamCall.Whole;

    public static bool IsModelList(this Endpoint endpoint) =>
        endpoint is >= Endpoint.Models and <= Endpoint.GeminiModel;

    /// <summary>True when the method is the one this endpoint is called with.</summary>
    public static bool Takes(this Endpoint endpoint, string method) => endpoint.IsForwarded()
        ? method == "POST"
        : method is "GET" or "HEAD";
}
