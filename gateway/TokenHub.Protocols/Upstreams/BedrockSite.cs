using TokenHub.Core.Snapshots;

namespace TokenHub.Protocols.Upstreams;

/// <summary>
/// Amazon Bedrock: Claude by InvokeModel in Anthropic's own words, everything else by Converse. Where the channel says
/// which protocols are offered, or its address is Mantle's, these are spoken as their makers do.
/// </summary>
public sealed class BedrockSite : UpstreamSite
{
    private readonly bool _isMantle;
    private readonly string _root;
    private readonly string _list;

    internal BedrockSite(ChannelEntry entry, ChannelSecret secret)
        : base(entry, UsualOf(entry.BaseUrl))
    {
        _isMantle = HasApis;
        _root = WithoutEnd(Base, "/openai/v1", "/anthropic/v1", "/openai", "/anthropic");
        Region = RegionOf(Base) ?? (secret["region"] is { Length: > 0 } region ? region : "us-east-1");
        _list = Base.Replace("://bedrock-runtime.", "://bedrock.", StringComparison.OrdinalIgnoreCase);
    }

    /// <summary>The region that requests are signed for: the address names it, or the credential.</summary>
    public string Region { get; }

    /// <summary>The service that requests are signed for.</summary>
    public string Service => _isMantle ? "bedrock-mantle" : "bedrock";

    public override IReadOnlyList<string> ListUrls => _isMantle
        ? [$"{_root}/openai/v1/models"]
        : [$"{_list}/foundation-models", $"{_list}/inference-profiles?maxResults=1000"];

    public override bool AddsLists => true;

    public override Dialect DialectFor(Dialect client, string model) =>
        _isMantle ? ChooseByModel(client, model, prefersResponses: false)
        : IsClaude(model) ? Dialect.Anthropic
        : Dialect.Converse;

    public override string UrlOf(Dialect dialect, UpstreamCall what, string model, bool asArray = false) =>
        _isMantle ? _root + (dialect == Dialect.Anthropic ? "/anthropic" : "/openai") + OpenAiPath(dialect)
        : $"{Base}/model/{Uri.EscapeDataString(model)}{VerbOf(dialect, what)}";

    public override string? UrlOfPath(string path, string model) => _isMantle ? $"{_root}/openai{path}" : null;

    public override bool Counts(Dialect dialect) => false;

    public override BodyForm FormOf(Dialect dialect) =>
        dialect == Dialect.Anthropic && !_isMantle ? BodyForm.BedrockClaude : BodyForm.Plain;

    public override bool HasOwnErrors(Dialect dialect) => !_isMantle;

    /// <summary>
    /// The maker's own name in Bedrock's: <c>us.anthropic.claude-sonnet-4-5-20250929-v1:0</c> is
    /// <c>claude-sonnet-4-5-20250929</c>.
    /// </summary>
    public static ReadOnlySpan<char> MakersName(ReadOnlySpan<char> model)
    {
        var name = model[(model.LastIndexOf('/') + 1)..];
        name = name[(name.LastIndexOf('.') + 1)..];
        var version = name.LastIndexOf("-v");
        return version > 0 && version + 2 < name.Length && char.IsAsciiDigit(name[version + 2])
            ? name[..version]
            : name;
    }

    private static string VerbOf(Dialect dialect, UpstreamCall what) => (dialect, what) switch
    {
        (Dialect.Anthropic, UpstreamCall.Stream) => "/invoke-with-response-stream",
        (Dialect.Anthropic, _) => "/invoke",
        (_, UpstreamCall.Stream) => "/converse-stream",
        _ => "/converse",
    };

    private static ApiStyle[] UsualOf(string baseUrl) =>
        baseUrl.Contains("://bedrock-mantle.", StringComparison.OrdinalIgnoreCase)
            ? [ApiStyle.Chat, ApiStyle.Responses, ApiStyle.Messages]
            : [];

    // bedrock-runtime.eu-west-1.amazonaws.com, bedrock-mantle.us-east-1.api.aws, bedrock-runtime-fips. likewise.
    private static string? RegionOf(string baseUrl)
    {
        if (!Uri.TryCreate(baseUrl, UriKind.Absolute, out var url)
            || !url.Host.StartsWith("bedrock", StringComparison.OrdinalIgnoreCase))
        {
            return null;
        }

        var parts = url.Host.Split('.');
        return parts.Length > 3 && parts[1].Contains('-', StringComparison.Ordinal) ? parts[1] : null;
    }
}
