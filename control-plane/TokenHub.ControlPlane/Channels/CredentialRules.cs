using System.Buffers;
using TokenHub.ControlPlane.Problems;
using TokenHub.ControlPlane.Upstreams;
using TokenHub.Protocols.Signing;

namespace TokenHub.ControlPlane.Channels;

/// <summary>Which fields belong to which type of credential, and which types a provider takes.</summary>
internal static class CredentialRules
{
    private const int ValueLengthMax = 4096;
    private const int PrivateKeyLengthMax = 16_384;
    private const string Field = "credential";

    // Printable ASCII: these values go into headers, where a line break would start another header.
    private static readonly SearchValues<char> Printable =
        SearchValues.Create([.. Enumerable.Range(0x20, 0x7f - 0x20).Select(code => (char)code)]);

    private static readonly Dictionary<string, Shape> Shapes = new(StringComparer.Ordinal)
    {
        ["api_key"] = new(["api_key"], []),
        ["oauth_refresh"] = new(
            ["token_url", "client_id", "refresh_token"], ["client_secret", "scope", "project_id", "region"]),
        ["aws"] = new(["access_key_id", "secret_access_key", "region"], ["session_token"]),
        ["google_service_account"] = new(
            ["client_email", "private_key"], ["private_key_id", "project_id", "token_uri", "region"]),
        ["entra"] = new(["tenant_id", "client_id", "client_secret"], ["scope", "token_url"]),
    };

    private static readonly Dictionary<string, string[]> TypesByProvider = new(StringComparer.Ordinal)
    {
        ["openai"] = ["api_key", "oauth_refresh"],
        ["anthropic"] = ["api_key", "oauth_refresh"],
        ["gemini"] = ["api_key", "oauth_refresh"],
        ["deepseek"] = ["api_key", "oauth_refresh"],
        ["openai_compatible"] = ["api_key", "oauth_refresh"],
        ["azure"] = ["api_key", "entra"],
        ["bedrock"] = ["aws", "api_key"],
        ["vertex"] = ["google_service_account", "oauth_refresh", "api_key"],
    };

    public static IReadOnlyCollection<string> Providers => TypesByProvider.Keys;

    public static void Check(FieldChecks checks, ChannelCredential credential, string provider, UpstreamRules upstreams)
    {
        if (!Shapes.TryGetValue(credential.Type, out var shape))
        {
            checks.Add($"{Field}.type", "unknown_value", $"must be one of: {string.Join(", ", Shapes.Keys)}");
            return;
        }

        if (TypesByProvider.TryGetValue(provider, out var types) && !types.Contains(credential.Type))
        {
            checks.Add(
                $"{Field}.type", "unfit_type", $"must be one of: {string.Join(", ", types)} for {provider}");
        }

        foreach (var (name, value) in Values(credential))
        {
            CheckValue(checks, shape, name, value, credential.Type);
        }

        foreach (var (name, url) in new[] { ("token_url", credential.TokenUrl), ("token_uri", credential.TokenUri) })
        {
            if (url is not null && upstreams.FaultOfUrl(url) is { } fault)
            {
                checks.Add($"{Field}.{name}", "bad_url", fault);
            }
            else if (url is not null && !upstreams.AllowsOtherIssuers && !TokenExchange.IsIssuer(credential.Type, url))
            {
                checks.Add($"{Field}.{name}", "bad_url", "must be the issuer's own address");
            }
        }
    }

    /// <summary>Every text of the credential that nobody may see again.</summary>
    public static IEnumerable<string> Secrets(ChannelCredential credential) =>
        Values(credential)
            .Where(pair => pair.Name is not ("scope" or "region"))
            .Select(pair => pair.Value)
            .OfType<string>();

    private static void CheckValue(FieldChecks checks, Shape shape, string name, string? value, string type)
    {
        var field = $"{Field}.{name}";
        if (value is null)
        {
            checks.Require(!shape.Required.Contains(name), field, "required", $"is required for {type}");
            return;
        }

        if (!shape.Required.Contains(name) && !shape.Optional.Contains(name))
        {
            checks.Add(field, "unknown_field", $"does not belong to {type}");
            return;
        }

        var isKeyFile = name == "private_key";
        var plain = isKeyFile ? value.ReplaceLineEndings("") : value;
        checks.Require(value.Length > 0 && value.Trim().Length == value.Length | isKeyFile,
            field, "empty", "must not be empty or have blanks around it");
        checks.Require(
            value.Length <= (isKeyFile ? PrivateKeyLengthMax : ValueLengthMax), field, "too_long", "is too long");
        checks.Require(
            !plain.AsSpan().ContainsAnyExcept(Printable),
            field,
            "bad_text",
            "must hold printable ASCII characters only");
    }

    private static IEnumerable<(string Name, string? Value)> Values(ChannelCredential credential) =>
    [
        ("api_key", credential.ApiKey),
        ("token_url", credential.TokenUrl),
        ("client_id", credential.ClientId),
        ("client_secret", credential.ClientSecret),
        ("refresh_token", credential.RefreshToken),
        ("scope", credential.Scope),
        ("access_key_id", credential.AccessKeyId),
        ("secret_access_key", credential.SecretAccessKey),
        ("session_token", credential.SessionToken),
        ("region", credential.Region),
        ("client_email", credential.ClientEmail),
        ("private_key", credential.PrivateKey),
        ("private_key_id", credential.PrivateKeyId),
        ("token_uri", credential.TokenUri),
        ("project_id", credential.ProjectId),
        ("tenant_id", credential.TenantId),
    ];

    private sealed record Shape(string[] Required, string[] Optional);
}
