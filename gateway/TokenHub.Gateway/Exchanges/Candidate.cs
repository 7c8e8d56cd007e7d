using TokenHub.Core.Money;
using TokenHub.Protocols.Tokens;

namespace TokenHub.Gateway.Exchanges;

/// <summary>A channel that serves a model, with the price and the addresses that go with the two.</summary>
internal sealed class Candidate
{
    private readonly string _upstreamModel;
    private readonly Uri?[] _uris = new Uri?[(int)Endpoint.Metrics + 1];
    private readonly Uri?[] _betaUris = new Uri?[(int)Endpoint.Metrics + 1];
    private Uri? _geminiArray;

    public Candidate(UpstreamChannel channel, string model, string upstreamModel, Tariff tariff)
    {
        Channel = channel;
        Tariff = tariff;
        _upstreamModel = upstreamModel;
        Alias = upstreamModel == model ? null : upstreamModel;
        Encoding = TokenizerCatalog.EncodingOf(upstreamModel);
    }

    public UpstreamChannel Channel { get; }

    public Tariff Tariff { get; }

    /// <summary>The upstream's own name of the model; null when it is the one asked for.</summary>
    public string? Alias { get; }

    /// <summary>How this model's text is counted.</summary>
    public TokenEncoding Encoding { get; }

    /// <summary>The address of a call at this channel. Made once: the answer is the same for every request.</summary>
    /// <param name="asArray">For Gemini streams: without <c>alt=sse</c> the stream is one JSON array.</param>
    public Uri UriOf(Endpoint endpoint, bool asArray) => asArray && endpoint == Endpoint.GeminiStream
        ? _geminiArray ??= Channel.UriOf(GeminiPath("streamGenerateContent"))
        : _uris[(int)endpoint] ??= Channel.UriOf(endpoint switch
        {
            Endpoint.ChatCompletions => "/v1/chat/completions",
            Endpoint.Responses => "/v1/responses",
            Endpoint.Messages => "/v1/messages",
            Endpoint.MessagesCountTokens => "/v1/messages/count_tokens",
            Endpoint.GeminiGenerate => GeminiPath("generateContent"),
            Endpoint.GeminiStream => GeminiPath("streamGenerateContent") + "?alt=sse",
            Endpoint.GeminiCountTokens => GeminiPath("countTokens"),
            _ => throw new ArgumentOutOfRangeException(nameof(endpoint), endpoint, "Not a call to an upstream."),
        });

    /// <summary>The same with <c>?beta=true</c>, for Anthropic.</summary>
    public Uri BetaUriOf(Endpoint endpoint) =>
        _betaUris[(int)endpoint] ??= new Uri(UriOf(endpoint, asArray: false).AbsoluteUri + "?beta=true");

    private string GeminiPath(string verb) => $"/v1beta/models/{Uri.EscapeDataString(_upstreamModel)}:{verb}";
}
