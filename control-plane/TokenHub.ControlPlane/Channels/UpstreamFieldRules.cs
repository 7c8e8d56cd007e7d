using System.Text.RegularExpressions;
using TokenHub.ControlPlane.Problems;
using TokenHub.Protocols.Upstreams;

namespace TokenHub.ControlPlane.Channels;

/// <summary>
/// What a channel's fields about its upstream may hold: protocols, api-version, headers, and its place.
/// </summary>
internal static partial class UpstreamFieldRules
{
    private static readonly string[] Known = ["chat", "responses", "messages"];

    // The others speak one protocol each, or by the model.
    private static readonly string[] Choosing = ["openai", "openai_compatible", "deepseek", "azure", "bedrock"];

    public static string[] CheckApis(FieldChecks checks, IReadOnlyList<string>? apis, string provider)
    {
        if (apis is null or { Count: 0 })
        {
            return [];
        }

        checks.Require(
            apis.All(api => Known.Contains(api, StringComparer.Ordinal)), "apis", "unknown_value",
            $"must hold only: {string.Join(", ", Known)}");
        checks.Require(
            Choosing.Contains(provider), "apis", "unfit_field", $"cannot be chosen for {provider}");
        return [.. apis.Distinct(StringComparer.Ordinal)];
    }

    public static string? CheckVersion(FieldChecks checks, string? version, string provider)
    {
        if (version is null)
        {
            return null;
        }

        checks.Require(provider == "azure", "api_version", "unfit_field", "belongs to azure alone");
        checks.Require(
            Version().IsMatch(version), "api_version", "bad_text",
            "must be a date such as 2024-10-21 or 2025-03-01-preview, or one of v1, preview and latest");
        return version;
    }

    /// <param name="stored">Names whose values may be left empty.</param>
    public static void CheckHeaders(
        FieldChecks checks, IReadOnlyDictionary<string, string>? headers, IReadOnlyCollection<string> stored)
    {
        if (headers is null)
        {
            return;
        }

        checks.Require(
            headers.Count <= ExtraHeaderRules.CountMax, "headers", "too_many",
            $"must have at most {ExtraHeaderRules.CountMax} entries");
        checks.Require(
            headers.Keys.All(ExtraHeaderRules.IsName)
                && headers.Keys.Distinct(StringComparer.OrdinalIgnoreCase).Count() == headers.Count,
            "headers", "bad_name",
            "must be named in letters, digits and dashes, each once, and neither say who calls nor frame a message");
        checks.Require(
            headers.All(header => ExtraHeaderRules.IsValue(header.Value) || (header.Value is ""
                && stored.Contains(header.Key, StringComparer.OrdinalIgnoreCase))),
            "headers", "bad_text", "must have values of printable ASCII characters without blanks around them");
    }

    // Vertex' addresses name a project: from the credential, or from the address itself.
    public static void CheckPlace(FieldChecks checks, ChannelShape shape, ChannelCredential credential) =>
        checks.Require(
            shape.Provider != "vertex" || credential is not { Type: not "api_key", ProjectId: null }
                || shape.BaseUrl.Contains("/projects/", StringComparison.Ordinal),
            "credential.project_id", "required", "is required, unless base_url names the project");

    [GeneratedRegex("^(?:[0-9]{4}-[0-9]{2}-[0-9]{2}(?:-preview)?|v1|preview|latest)$")]
    private static partial Regex Version();
}
