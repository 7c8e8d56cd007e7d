using TokenHub.Core.Snapshots;

namespace TokenHub.Protocols.Upstreams;

/// <summary>
/// Google Vertex AI: Gemini and Claude at their publishers' paths, everything else at the OpenAI-compatible endpoint.
/// A key without a project is express mode.
/// </summary>
internal sealed class VertexSite : UpstreamSite
{
    private const string GlobalHost = "aiplatform.googleapis.com";
    private const string RegionalEnd = "-aiplatform.googleapis.com";

    // Up to and with the location: /v1/projects/{p}/locations/{r}; the version alone in express mode.
    private readonly string _root;
    private readonly string _listRoot;

    public VertexSite(ChannelEntry entry, ChannelSecret secret)
        : base(entry)
    {
        var region = RegionOf(Base) ?? (secret["region"] is { Length: > 0 } own ? own : "global");
        var origin = OriginOf(Base, region);
        var versioned = HasVersion(origin) ? origin : origin + "/v1";
        var isExpress = secret.Type == "api_key" && secret["project_id"].Length == 0;
        _root = Base.Contains("/projects/", StringComparison.Ordinal) || isExpress
            ? versioned
            : $"{versioned}/projects/{Escape(secret["project_id"])}/locations/{Escape(region)}";
        _listRoot = (Uri.TryCreate(origin, UriKind.Absolute, out var url)
            ? url.GetLeftPart(UriPartial.Authority)
            : origin) + "/v1beta1/publishers/";
    }

    public override IReadOnlyList<string> ListUrls =>
        [$"{_listRoot}google/models?pageSize=1000", $"{_listRoot}anthropic/models?pageSize=1000"];

    public override bool AddsLists => true;

    public override Dialect DialectFor(Dialect client, string model) =>
        IsClaude(model) ? Dialect.Anthropic
        : model.StartsWith("gemini", StringComparison.OrdinalIgnoreCase)
            || model.StartsWith("google/gemini", StringComparison.OrdinalIgnoreCase) ? Dialect.Gemini
        : Dialect.Chat;

    public override string UrlOf(Dialect dialect, UpstreamCall what, string model, bool asArray = false) =>
        dialect switch
        {
            Dialect.Gemini => $"{Publisher("google", model)}{GeminiVerb(what, asArray)}",
            Dialect.Anthropic when what == UpstreamCall.CountTokens =>
                $"{_root}/publishers/anthropic/models/count-tokens:rawPredict",
            Dialect.Anthropic => Publisher("anthropic", model)
                + (what == UpstreamCall.Stream ? ":streamRawPredict" : ":rawPredict"),
            _ => $"{_root}/endpoints/openapi/chat/completions",
        };

    public override bool Counts(Dialect dialect) => dialect is Dialect.Anthropic or Dialect.Gemini;

    public override BodyForm FormOf(Dialect dialect) =>
        dialect == Dialect.Anthropic ? BodyForm.VertexClaude : BodyForm.Plain;

    // Claude's errors come in Google's words, Anthropic's inside of them.
    public override bool HasOwnErrors(Dialect dialect) => dialect == Dialect.Anthropic;

    private string Publisher(string name, string model)
    {
        var isPrefixed = model.StartsWith(name + "/", StringComparison.OrdinalIgnoreCase);
        var plain = isPrefixed ? model[(name.Length + 1)..] : model;
        return $"{_root}/publishers/{name}/models/{Escape(plain)}";
    }

    // Versions of Claude are written claude-sonnet-4-5@20250929, with the sign as it is.
    private static string Escape(string text) =>
        Uri.EscapeDataString(text).Replace("%40", "@", StringComparison.Ordinal);

    // The general host serves no region but the global one: each has its own.
    private static string OriginOf(string baseUrl, string region)
    {
        var general = "://" + GlobalHost;
        return !baseUrl.Contains(general, StringComparison.OrdinalIgnoreCase) || region == "global" ? baseUrl
            : baseUrl.Replace(
                general,
                region is "us" or "eu" ? $"://aiplatform.{region}.rep.googleapis.com" : $"://{region}{RegionalEnd}",
                StringComparison.OrdinalIgnoreCase);
    }

    private static string? RegionOf(string baseUrl)
    {
        if (!Uri.TryCreate(baseUrl, UriKind.Absolute, out var url))
        {
            return null;
        }

        var host = url.Host;
        var segments = url.AbsolutePath.Split('/');
        var at = Array.IndexOf(segments, "locations");
        return at >= 0 && at + 1 < segments.Length ? segments[at + 1]
            : host.EndsWith(RegionalEnd, StringComparison.OrdinalIgnoreCase) ? host[..^RegionalEnd.Length]
            : host.EndsWith(".rep.googleapis.com", StringComparison.OrdinalIgnoreCase) ? host.Split('.')[1]
            : null;
    }
}
