using TokenHub.Core.Snapshots;

namespace TokenHub.Protocols.Upstreams;

/// <summary>OpenAI itself, DeepSeek, and all that resembles them.</summary>
internal sealed class OpenAiSite(ChannelEntry entry) : UpstreamSite(entry, UsualOf(entry.Provider))
{
    private readonly Provider _provider = entry.Provider;

    public override IReadOnlyList<string> ListUrls => [Join(Base, "/v1/models")];

    public override Dialect DialectFor(Dialect client, string model) => Choose(client, _provider == Provider.OpenAi);

    public override string UrlOf(Dialect dialect, UpstreamCall what, string model, bool asArray = false) =>
        dialect != Dialect.Anthropic ? Join(Base, OpenAiPath(dialect))

        // DeepSeek speaks Messages at a base of its own.
        : _provider == Provider.DeepSeek && !Base.Contains("/anthropic", StringComparison.Ordinal)
            ? WithoutEnd(Base, "/v1") + "/anthropic" + AnthropicPath(what)
            : Join(Base, AnthropicPath(what));

    public override string? UrlOfPath(string path, string model) => Join(Base, path);

    public override bool Counts(Dialect dialect) => dialect == Dialect.Anthropic && Offers(dialect);

    private static ApiStyle[] UsualOf(Provider provider) =>
        provider == Provider.OpenAi ? [ApiStyle.Chat, ApiStyle.Responses] : [ApiStyle.Chat];
}

/// <summary>Anthropic's own servers.</summary>
internal sealed class AnthropicSite(ChannelEntry entry) : UpstreamSite(entry)
{
    public override IReadOnlyList<string> ListUrls => [Join(Base, "/v1/models") + "?limit=1000"];

    public override Dialect DialectFor(Dialect client, string model) => Dialect.Anthropic;

    public override string UrlOf(Dialect dialect, UpstreamCall what, string model, bool asArray = false) =>
        Join(Base, AnthropicPath(what));

    public override bool Counts(Dialect dialect) => dialect == Dialect.Anthropic;
}

/// <summary>Google's Gemini API.</summary>
internal sealed class GeminiSite(ChannelEntry entry) : UpstreamSite(entry)
{
    public override IReadOnlyList<string> ListUrls => [Join(Base, "/v1beta/models") + "?pageSize=1000"];

    public override Dialect DialectFor(Dialect client, string model) => Dialect.Gemini;

    public override string UrlOf(Dialect dialect, UpstreamCall what, string model, bool asArray = false) =>
        Join(Base, $"/v1beta/models/{Uri.EscapeDataString(model)}{GeminiVerb(what, asArray)}");

    public override bool Counts(Dialect dialect) => dialect == Dialect.Gemini;
}
