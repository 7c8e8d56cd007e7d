using TokenHub.Core.Snapshots;

namespace TokenHub.Protocols.Upstreams;

/// <summary>
/// Azure: classic deployments when the channel has an <c>api-version</c> with a date, else the v1 path, where the model
/// is a deployment's name. Claude is at a path of its own.
/// </summary>
internal sealed class AzureSite(ChannelEntry entry) : UpstreamSite(entry, ApiStyle.Chat, ApiStyle.Responses)
{
    // What admins paste: the resource's root, with or without what the portal adds to it.
    private readonly string _root =
        WithoutEnd(entry.BaseUrl.TrimEnd('/'), "/openai/v1", "/openai", "/anthropic/v1", "/anthropic");

    private readonly bool _isClassic = entry.ApiVersion is { Length: > 0 } version && char.IsAsciiDigit(version[0]);

    // The v1 path takes one too, for previews, but needs none.
    private readonly string _query = entry.ApiVersion is { Length: > 0 } version
        ? "?api-version=" + Uri.EscapeDataString(version)
        : "";

    // Deployments cannot be told by an inference key everywhere; where they can, the old listing names them.
    public override IReadOnlyList<string> ListUrls => _isClassic
        ? [$"{_root}/openai/deployments{_query}", $"{_root}/openai/models{_query}"]
        : [$"{_root}/openai/deployments?api-version=2022-12-01", V1("/v1/models")];

    public override Dialect DialectFor(Dialect client, string model) =>
        ChooseByModel(client, model, prefersResponses: true);

    public override string UrlOf(Dialect dialect, UpstreamCall what, string model, bool asArray = false) =>
        dialect == Dialect.Anthropic ? $"{_root}/anthropic{AnthropicPath(what)}"
        : UrlOfPath(OpenAiPath(dialect), model);

    public override string UrlOfPath(string path, string model)
    {
        if (!_isClassic)
        {
            return V1(path);
        }

        var rest = path["/v1".Length..];

        // Responses belong to the resource and name their deployment in the body.
        return rest.StartsWith("/responses", StringComparison.Ordinal)
            ? $"{_root}/openai{rest}{_query}"
            : $"{_root}/openai/deployments/{Uri.EscapeDataString(model)}{rest}{_query}";
    }

    public override bool Counts(Dialect dialect) => dialect == Dialect.Anthropic && Offers(dialect);

    // A gateway of the owner's own may stand before it, with a version in its path.
    private string V1(string path) => (HasVersion(_root) ? Join(_root, path) : $"{_root}/openai{path}") + _query;
}
