using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using TokenHub.Protocols.Upstreams;

namespace TokenHub.Protocols.Signing;

/// <summary>A request for a token: a form, posted.</summary>
public sealed record TokenRequest(Uri Address, byte[] Form)
{
    /// <summary>A form holds secrets and never prints itself.</summary>
    public override string ToString() => Address.Host;
}

/// <summary>A token as its issuer gave it.</summary>
/// <param name="RefreshToken">Takes the place of the one it was asked with; null when that one stays.</param>
public sealed record IssuedToken(string Text, TimeSpan Lifetime, string? RefreshToken)
{
    /// <summary>A token never prints itself.</summary>
    public override string ToString() => $"token for {Lifetime}";
}

/// <summary>
/// How a credential is exchanged for a token that an upstream takes: what to ask whom, and what the answer says.
/// Neither sends anything nor knows the time.
/// </summary>
public static class TokenExchange
{
    private const int TokenCharsMax = 16 << 10;
    private const string GoogleTokenUri = "https://oauth2.googleapis.com/token";
    private const string GoogleScope = "https://www.googleapis.com/auth/cloud-platform";
    private const string EntraHost = "login.microsoftonline.com";
    private const string EntraScope = "https://cognitiveservices.azure.com/.default";
    private static readonly TimeSpan JwtLifetime = TimeSpan.FromHours(1);
    private static readonly TimeSpan UsualLifetime = TimeSpan.FromHours(1);
    private static readonly TimeSpan LifetimeMax = TimeSpan.FromDays(1);

    // A key file or a form may name whoever wants to have the signed request: only the issuers themselves get it.
    private static readonly string[] GoogleHosts =
        ["oauth2.googleapis.com", "www.googleapis.com", "accounts.google.com"];

    private static readonly string[] EntraHosts =
        [EntraHost, "login.microsoftonline.us", "login.partner.microsoftonline.cn", "login.chinacloudapi.cn"];

    /// <summary>True for the types of credential that are exchanged for a token.</summary>
    public static bool IsExchanged(string credentialType) =>
        credentialType is "google_service_account" or "entra" or "oauth_refresh";

    /// <summary>
    /// True when a URL is one at which a credential of this type may be exchanged: Google's and Microsoft's own hosts,
    /// anywhere for others.
    /// </summary>
    public static bool IsIssuer(string credentialType, string url) => credentialType switch
    {
        "google_service_account" => IsAt(url, GoogleHosts),
        "entra" => IsAt(url, EntraHosts),
        _ => true,
    };

    /// <param name="allowsOtherIssuers">For tests: the issuers' own hosts are not insisted on.</param>
    /// <exception cref="TokenException">The credential is none of which a request could be made.</exception>
    public static TokenRequest Request(ChannelSecret secret, DateTimeOffset now, bool allowsOtherIssuers) =>
        secret.Type switch
        {
            "google_service_account" => Google(secret, now, allowsOtherIssuers),
            "entra" => Entra(secret, allowsOtherIssuers),
            "oauth_refresh" => Refresh(secret),
            _ => throw new TokenException($"A credential of type '{secret.Type}' is not exchanged."),
        };

    /// <exception cref="TokenException">The answer is no token.</exception>
    public static IssuedToken Read(int status, ReadOnlyMemory<byte> body)
    {
        try
        {
            using var document = JsonDocument.Parse(body);
            var root = document.RootElement;
            if (status is < 200 or >= 300)
            {
                throw Refused(status, root);
            }

            var text = root.GetProperty("access_token").GetString()!;
            if (text.Length is 0 or > TokenCharsMax || text.AsSpan().ContainsAnyExceptInRange('!', '~'))
            {
                throw new TokenException("The issuer's answer holds no usable token.");
            }

            var refresh = root.TryGetProperty("refresh_token", out var next) ? next.GetString() : null;
            return new IssuedToken(text, LifetimeOf(root), string.IsNullOrEmpty(refresh) ? null : refresh);
        }
        catch (Exception error) when (error is JsonException or KeyNotFoundException or InvalidOperationException)
        {
            throw new TokenException($"The issuer answered {status} and no token.");
        }
    }

    private static TokenRequest Google(ChannelSecret secret, DateTimeOffset now, bool allowsOtherIssuers)
    {
        var address = Pinned(secret["token_uri"], GoogleTokenUri, GoogleHosts, allowsOtherIssuers);
        var audience = allowsOtherIssuers && secret["token_uri"].Length > 0 ? secret["token_uri"] : address.AbsoluteUri;
        return Form(
            address,
            ("grant_type", "urn:ietf:params:oauth:grant-type:jwt-bearer"),
            ("assertion", Assertion(secret, audience, now)));
    }

    private static TokenRequest Entra(ChannelSecret secret, bool allowsOtherIssuers)
    {
        var usual = $"https://{EntraHost}/{Uri.EscapeDataString(secret["tenant_id"])}/oauth2/v2.0/token";
        return Form(
            Pinned(secret["token_url"], usual, EntraHosts, allowsOtherIssuers),
            ("grant_type", "client_credentials"),
            ("client_id", secret["client_id"]),
            ("client_secret", secret["client_secret"]),
            ("scope", secret["scope"] is { Length: > 0 } scope ? scope : EntraScope));
    }

    private static TokenRequest Refresh(ChannelSecret secret)
    {
        if (!Uri.TryCreate(secret["token_url"], UriKind.Absolute, out var address)
            || address.Scheme is not ("https" or "http"))
        {
            throw new TokenException("The token URL is none.");
        }

        return Form(
            address,
            ("grant_type", "refresh_token"),
            ("refresh_token", secret["refresh_token"]),
            ("client_id", secret["client_id"]),
            ("client_secret", secret["client_secret"]),
            ("scope", secret["scope"]));
    }

    private static Uri Pinned(string given, string usual, string[] hosts, bool allowsOthers)
    {
        if (given.Length == 0)
        {
            return new Uri(usual);
        }

        return Uri.TryCreate(given, UriKind.Absolute, out var url) && (allowsOthers || IsAt(given, hosts))
            ? url
            : throw new TokenException("The token URL is not the issuer's own.");
    }

    private static bool IsAt(string text, string[] hosts) => Uri.TryCreate(text, UriKind.Absolute, out var url)
        && url.Scheme == Uri.UriSchemeHttps && url.IsDefaultPort && url.UserInfo.Length == 0
        && hosts.Contains(url.IdnHost, StringComparer.OrdinalIgnoreCase);

    // A JWT of RS256, signed with the account's own key.
    private static string Assertion(ChannelSecret secret, string audience, DateTimeOffset now)
    {
        var issued = now.ToUnixTimeSeconds();
        var header = Encode(json =>
        {
            json.WriteString("alg"u8, "RS256"u8);
            json.WriteString("typ"u8, "JWT"u8);
            if (secret["private_key_id"] is { Length: > 0 } id)
            {
                json.WriteString("kid"u8, id);
            }
        });
        var claims = Encode(json =>
        {
            json.WriteString("iss"u8, secret["client_email"]);
            json.WriteString("scope"u8, GoogleScope);
            json.WriteString("aud"u8, audience);
            json.WriteNumber("iat"u8, issued);
            json.WriteNumber("exp"u8, issued + (long)JwtLifetime.TotalSeconds);
        });
        using var key = RSA.Create();
        try
        {
            // Pasted from a key file, its line ends may still be written as two characters.
            key.ImportFromPem(secret["private_key"].Replace("\\n", "\n", StringComparison.Ordinal));
        }
        catch (Exception error) when (error is ArgumentException or CryptographicException)
        {
            throw new TokenException("The private key cannot be read.");
        }

        var signature = key.SignData(
            Encoding.ASCII.GetBytes($"{header}.{claims}"), HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        return $"{header}.{claims}.{System.Buffers.Text.Base64Url.EncodeToString(signature)}";
    }

    private static string Encode(Action<Utf8JsonWriter> members)
    {
        using var stream = new MemoryStream();
        using (var json = new Utf8JsonWriter(stream))
        {
            json.WriteStartObject();
            members(json);
            json.WriteEndObject();
        }

        return System.Buffers.Text.Base64Url.EncodeToString(stream.ToArray());
    }

    private static TokenRequest Form(Uri address, params ReadOnlySpan<(string Name, string Value)> fields)
    {
        var text = new StringBuilder();
        foreach (var (name, value) in fields)
        {
            if (value.Length > 0)
            {
                text.Append(text.Length > 0 ? "&" : "").Append(name).Append('=').Append(Uri.EscapeDataString(value));
            }
        }

        return new TokenRequest(address, Encoding.ASCII.GetBytes(text.ToString()));
    }

    // Some write the number as a string.
    private static TimeSpan LifetimeOf(JsonElement root)
    {
        var seconds = !root.TryGetProperty("expires_in", out var value) ? UsualLifetime.TotalSeconds
            : value.ValueKind == JsonValueKind.Number ? value.GetDouble()
            : double.TryParse(value.GetString(), CultureInfo.InvariantCulture, out var parsed) ? parsed
            : UsualLifetime.TotalSeconds;
        return TimeSpan.FromSeconds(Math.Clamp(seconds, 0, LifetimeMax.TotalSeconds));
    }

    // The short code only: a description may repeat what it was asked with.
    private static TokenException Refused(int status, JsonElement root)
    {
        var code = root.ValueKind == JsonValueKind.Object && root.TryGetProperty("error", out var error)
            && error.ValueKind == JsonValueKind.String ? error.GetString()! : "";
        var isPlain = code.Length is > 0 and <= 40 && code.All(c => char.IsAsciiLetter(c) || c == '_');
        return new TokenException(isPlain
            ? $"The issuer refused with {status}, {code}."
            : $"The issuer refused with {status}.");
    }
}

/// <summary>No token, and why, in words that hold no secret.</summary>
public sealed class TokenException(string message) : Exception(message);
