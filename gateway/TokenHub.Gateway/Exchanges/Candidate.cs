using TokenHub.Core.Money;
using TokenHub.Core.Snapshots;
using TokenHub.Protocols.Tokens;
using TokenHub.Protocols.Upstreams;

namespace TokenHub.Gateway.Exchanges;

/// <summary>A channel that serves a model, with the price and the addresses that go with the two.</summary>
internal sealed class Candidate
{
    private const int Calls = (int)UpstreamCall.CountTokens + 1;
    private const int Variants = 3;
    private readonly UpstreamTarget?[] _targets = new UpstreamTarget?[((int)Dialect.Converse + 1) * Calls * Variants];
    private readonly Dialect[] _dialects;
    private (string Path, UpstreamTarget? Target)[] _paths = [];

    public Candidate(UpstreamChannel channel, string model, string upstreamModel, Tariff tariff, TokenLimits limits)
    {
        Channel = channel;
        Tariff = tariff;
        Limits = limits;
        UpstreamModel = upstreamModel;
        Alias = upstreamModel == model ? null : upstreamModel;
        Encoding = TokenizerCatalog.EncodingOf(upstreamModel);
        _dialects =
        [
            .. Enumerable.Range(0, (int)Dialect.Converse + 1)
                .Select(client => channel.DialectFor((Dialect)client, upstreamModel)),
        ];
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

    /// <summary>The protocol in which the channel is called for a client of a protocol.</summary>
    public Dialect UpstreamDialect(Dialect client) => _dialects[(int)client];

    /// <summary>The same for a call: what is only passed on stays what it is.</summary>
    public Dialect UpstreamDialect(Endpoint endpoint, Dialect client) =>
        endpoint.PathOf() is null ? UpstreamDialect(client) : client;

    /// <summary>True when the call can be made here, translated or as it is.</summary>
    public bool Takes(Endpoint endpoint, Dialect client) => endpoint.IsPassedOn()
        ? Has(endpoint) && MediaModels.IsPriced(Tariff, endpoint, UpstreamModel)
        : UpstreamDialect(client) != Dialect.None;

    /// <summary>True when the call could be made here if it had a price.</summary>
    public bool HasUnpriced(Endpoint endpoint) =>
        endpoint.IsMedia() && Has(endpoint) && !MediaModels.IsPriced(Tariff, endpoint, UpstreamModel);

    private bool Has(Endpoint endpoint) =>
        Channel.Provider != Provider.DeepSeek && endpoint.PathOf() is { } path && TargetOf(path) is not null;

    /// <summary>True when the upstream itself counts the tokens of such a prompt.</summary>
    public bool Counts(Endpoint endpoint, Dialect client) => Speaks(client) && (endpoint.PathOf() is null
        ? Channel.Site.Counts(client) : Channel.Provider == Provider.OpenAi);

    /// <summary>True when requests of this protocol pass as they are.</summary>
    public bool Speaks(Dialect client) => UpstreamDialect(client) == client;

    /// <summary>Where a call goes at this channel. Made once: it is the same for every request.</summary>
    /// <param name="dialect">The protocol that the upstream is spoken to in.</param>
    /// <param name="asArray">For Gemini streams: without <c>alt=sse</c> the stream is one JSON array.</param>
    /// <param name="isBeta">For Anthropic: with <c>?beta=true</c>.</param>
    public UpstreamTarget TargetOf(Dialect dialect, UpstreamCall call, bool asArray = false, bool isBeta = false)
    {
        // Only Anthropic's own path has a query of this kind.
        isBeta &= dialect == Dialect.Anthropic && Channel.Site.FormOf(dialect) == BodyForm.Plain;
        var at = (((int)dialect * Calls) + (int)call) * Variants;
        return _targets[at + (asArray ? 1 : isBeta ? 2 : 0)] ??= new UpstreamTarget(new Uri(
            Channel.Site.UrlOf(dialect, call, UpstreamModel, asArray) + (isBeta ? "?beta=true" : ""),
            UriKind.Absolute));
    }

    /// <summary>
    /// Where a call goes that is passed on as it is, such as <c>/v1/embeddings</c>; null when this upstream has none.
    /// </summary>
    public UpstreamTarget? TargetOf(string path)
    {
        foreach (var (known, target) in _paths)
        {
            if (known == path)
            {
                return target;
            }
        }

        // There are few such paths; one found twice at once is the same.
        var made = Channel.Site.UrlOfPath(path, UpstreamModel) is { } address
            ? new UpstreamTarget(new Uri(address, UriKind.Absolute))
            : null;
        _paths = [.. _paths, (path, made)];
        return made;
    }
}
