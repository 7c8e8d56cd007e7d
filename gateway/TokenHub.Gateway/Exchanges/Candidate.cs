using TokenHub.Core.Money;
using TokenHub.Core.Snapshots;
using TokenHub.Protocols.Tokens;

namespace TokenHub.Gateway.Exchanges;

/// <summary>A channel that serves a model, with the price and the addresses that go with the two.</summary>
internal sealed class Candidate
{
    private const int Variants = 3;
    private readonly UpstreamTarget?[] _targets = new UpstreamTarget?[((int)Endpoint.Metrics + 1) * Variants];

    public Candidate(UpstreamChannel channel, string model, string upstreamModel, Tariff tariff, TokenLimits limits)
    {
        Channel = channel;
        Tariff = tariff;
        Limits = limits;
        UpstreamModel = upstreamModel;
        Alias = upstreamModel == model ? null : upstreamModel;
        Encoding = TokenizerCatalog.EncodingOf(upstreamModel);
    }

    public UpstreamChannel Channel { get; }

    public Tariff Tariff { get; }

    public TokenLimits Limits { get; }

    /// <summary>The model's name at the upstream, and the one its answer should bear.</summary>
    public string UpstreamModel { get; }

    /// <summary>The upstream's own name of the model; null when it is the one asked for.</summary>
    public string? Alias { get; }

    /// <summary>How this model's text is counted.</summary>
    public TokenEncoding Encoding { get; }

    /// <summary>The protocol in which a client's request reaches this model here; None where there is no way.</summary>
    public Dialect UpstreamDialect(Dialect client) => Channel.DialectFor(client);

    /// <summary>Where a call goes at this channel. Made once: it is the same for every request.</summary>
    /// <param name="asArray">For Gemini streams: without <c>alt=sse</c> the stream is one JSON array.</param>
    /// <param name="isBeta">For Anthropic: with <c>?beta=true</c>.</param>
    public UpstreamTarget TargetOf(Endpoint endpoint, bool asArray, bool isBeta) =>
        _targets[((int)endpoint * Variants) + (asArray ? 1 : isBeta ? 2 : 0)] ??=
            new UpstreamTarget(Channel.UriOf(PathOf(endpoint, asArray) + (isBeta ? "?beta=true" : "")));

    private string PathOf(Endpoint endpoint, bool asArray) => endpoint switch
    {
        Endpoint.ChatCompletions => "/v1/chat/completions",
        Endpoint.Responses => "/v1/responses",
        Endpoint.Messages => "/v1/messages",
        Endpoint.MessagesCountTokens => "/v1/messages/count_tokens",
        Endpoint.GeminiGenerate => GeminiPath("generateContent"),
        Endpoint.GeminiStream => GeminiPath("streamGenerateContent") + (asArray ? "" : "?alt=sse"),
        Endpoint.GeminiCountTokens => GeminiPath("countTokens"),
        _ => throw new ArgumentOutOfRangeException(nameof(endpoint), endpoint, "Not a call to an upstream."),
    };

    private string GeminiPath(string verb) => $"/v1beta/models/{Uri.EscapeDataString(UpstreamModel)}:{verb}";
}
