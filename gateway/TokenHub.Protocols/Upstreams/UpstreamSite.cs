using TokenHub.Core.Snapshots;

namespace TokenHub.Protocols.Upstreams;

/// <summary>
/// Where an upstream is called and in which protocol: everything about a channel's addresses, for both planes. Knows
/// nothing of sockets; whether an address may be reached is decided where connections are made.
/// </summary>
public abstract class UpstreamSite
{
    private static readonly Dialect[] ResponsesFirst = [Dialect.Responses, Dialect.Chat, Dialect.Anthropic];
    private static readonly Dialect[] ChatFirst = [Dialect.Chat, Dialect.Responses, Dialect.Anthropic];

    private readonly ApiStyle[] _apis;

    private protected UpstreamSite(ChannelEntry entry, params ApiStyle[] usual)
    {
        Base = entry.BaseUrl.TrimEnd('/');
        _apis = entry.Apis.Count > 0 ? [.. entry.Apis] : usual;
    }

    /// <summary>The channel's address without a slash at its end.</summary>
    public string Base { get; }

    /// <param name="secret">Some addresses name the project or region that the credential belongs to.</param>
    public static UpstreamSite Of(ChannelEntry entry, ChannelSecret secret) => entry.Provider switch
    {
        Provider.Azure => new AzureSite(entry),
        Provider.Bedrock => new BedrockSite(entry, secret),
        Provider.Vertex => new VertexSite(entry, secret),
        Provider.Anthropic => new AnthropicSite(entry),
        Provider.Gemini => new GeminiSite(entry),
        _ => new OpenAiSite(entry),
    };

    /// <summary>The protocol in which the upstream is spoken to for a client of this one.</summary>
    public abstract Dialect DialectFor(Dialect client, string model);

    /// <summary>The address of a call, query included.</summary>
    /// <param name="asArray">A Gemini stream as one JSON array: without <c>alt=sse</c>.</param>
    public abstract string UrlOf(Dialect dialect, UpstreamCall what, string model, bool asArray = false);

    /// <summary>
    /// The address of a call that is passed on as it is, such as <c>/v1/embeddings</c>; null where the upstream has
    /// none.
    /// </summary>
    public virtual string? UrlOfPath(string path, string model) => null;

    /// <summary>
    /// Where the upstream lists its models, each to be asked for with GET.
    /// </summary>
    public abstract IReadOnlyList<string> ListUrls { get; }

    /// <summary>True when all lists together are the upstream's models; else the first that answers is.</summary>
    public virtual bool AddsLists => false;

    /// <summary>True when the upstream counts the tokens of a prompt in this protocol.</summary>
    public abstract bool Counts(Dialect dialect);

    /// <summary>How a body in this protocol is to be changed before it is sent.</summary>
    public virtual BodyForm FormOf(Dialect dialect) => BodyForm.Plain;

    /// <summary>
    /// True when errors come in a form of the provider's own, which is none of the protocol spoken.
    /// </summary>
    public virtual bool HasOwnErrors(Dialect dialect) => false;

    /// <summary>True when the protocol is offered.</summary>
    private protected bool Offers(Dialect dialect) => dialect switch
    {
        Dialect.Chat => Array.IndexOf(_apis, ApiStyle.Chat) >= 0,
        Dialect.Responses => Array.IndexOf(_apis, ApiStyle.Responses) >= 0,
        Dialect.Anthropic => Array.IndexOf(_apis, ApiStyle.Messages) >= 0,
        _ => false,
    };

    private protected bool HasApis => _apis.Length > 0;

    /// <summary>The client's own protocol where it is offered, else the first of an order.</summary>
    /// <param name="prefersResponses">
    /// The maker's own servers lose least through Responses; what only resembles them is best at Chat.
    /// </param>
    private protected Dialect Choose(Dialect client, bool prefersResponses) => Offers(client)
        ? client
        : Array.Find(prefersResponses ? ResponsesFirst : ChatFirst, Offers);

    /// <summary>The same where Messages serve Claude alone, beside a maker's protocols that do not serve it.</summary>
    private protected Dialect ChooseByModel(Dialect client, string model, bool prefersResponses) =>
        Offers(Dialect.Anthropic) && IsClaude(model) ? Dialect.Anthropic
        : client is Dialect.Chat or Dialect.Responses && Offers(client) ? client
        : Array.Find(prefersResponses ? ResponsesFirst : ChatFirst, Offers);

    /// <summary>
    /// A path put behind a base that may name a version already: <c>https://host</c> and <c>https://host/v1</c> mean
    /// the same.
    /// </summary>
    private protected static string Join(string origin, string path) =>
        HasVersion(origin) ? origin + path[path.IndexOf('/', 1)..] : origin + path;

    private protected static bool HasVersion(string baseUrl)
    {
        if (!Uri.TryCreate(baseUrl, UriKind.Absolute, out var url))
        {
            return false;
        }

        foreach (var segment in url.Segments)
        {
            if (segment.Length > 1 && segment[0] is 'v' && char.IsAsciiDigit(segment[1]))
            {
                return true;
            }
        }

        return false;
    }

    private protected static string WithoutEnd(string text, params ReadOnlySpan<string> ends)
    {
        foreach (var end in ends)
        {
            if (text.EndsWith(end, StringComparison.OrdinalIgnoreCase))
            {
                return text[..^end.Length];
            }
        }

        return text;
    }

    private protected static string OpenAiPath(Dialect dialect) => dialect switch
    {
        Dialect.Responses => "/v1/responses",
        Dialect.Anthropic => "/v1/messages",
        _ => "/v1/chat/completions",
    };

    private protected static string AnthropicPath(UpstreamCall what) =>
        what == UpstreamCall.CountTokens ? "/v1/messages/count_tokens" : "/v1/messages";

    private protected static string GeminiVerb(UpstreamCall what, bool asArray) => what switch
    {
        UpstreamCall.Stream => asArray ? ":streamGenerateContent" : ":streamGenerateContent?alt=sse",
        UpstreamCall.CountTokens => ":countTokens",
        _ => ":generateContent",
    };

    private protected static bool IsClaude(string model) =>
        model.Contains("claude", StringComparison.OrdinalIgnoreCase);
}
