using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace TokenHub.Protocols.Upstreams;

/// <summary>
/// A channel's credential in the clear, as it was sealed: the JSON object of the control API, or the bare key of former
/// days. Which fields there are follows from <see cref="Type"/>.
/// </summary>
public sealed class ChannelSecret
{
    private static readonly string[] KeyNames = ["api_key", "key", "value", "secret", "token"];

    // What tells nothing to whoever reads it in an error text.
    private static readonly string[] OpenNames = ["type", "scope", "region", "token_uri", "token_url"];
    private readonly Dictionary<string, string> _fields;

    private ChannelSecret(string type, Dictionary<string, string> fields) => (Type, _fields) = (type, fields);

    /// <summary>A secret that could not be opened.</summary>
    public static ChannelSecret None { get; } = new("", []);

    /// <summary>api_key, aws, google_service_account, entra or oauth_refresh.</summary>
    public string Type { get; }

    /// <summary>True when all that its type needs is there, in printable ASCII: it goes into headers.</summary>
    public bool IsUsable => Type switch
    {
        "api_key" => HasClean("api_key"),
        "aws" => HasClean("access_key_id", "secret_access_key", "region"),
        "google_service_account" => HasClean("client_email") && this["private_key"].Length > 0,
        "entra" => HasClean("tenant_id", "client_id", "client_secret"),
        "oauth_refresh" => HasClean("token_url", "client_id", "refresh_token"),
        _ => false,
    };

    /// <summary>A field of the credential; empty when it was not given.</summary>
    public string this[string name] => _fields.GetValueOrDefault(name, "");

    /// <summary>Every text that nobody may see.</summary>
    public IEnumerable<string> Texts => _fields.Where(f => !OpenNames.Contains(f.Key)).Select(f => f.Value);

    /// <summary>
    /// Tells credentials apart and nothing of what is in them. A refresh token that an issuer has replaced makes no
    /// other credential.
    /// </summary>
    public string Fingerprint => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(string.Join(
        '\n',
        _fields.Where(one => one.Key != "refresh_token").OrderBy(one => one.Key, StringComparer.Ordinal)
            .Select(one => $"{one.Key}={one.Value}").Prepend(Type)))));

    /// <summary>The same with another refresh token, as an upstream gives one in the place of the last.</summary>
    public ChannelSecret WithRefreshToken(string token) =>
        new(Type, new Dictionary<string, string>(_fields, StringComparer.Ordinal) { ["refresh_token"] = token });

    /// <param name="type">The type that stands beside the sealed text.</param>
    public static ChannelSecret Read(string type, ReadOnlySpan<byte> secret)
    {
        var text = Encoding.UTF8.GetString(secret).Trim();
        if (!text.StartsWith('{'))
        {
            return new ChannelSecret(type, new(StringComparer.Ordinal) { ["api_key"] = text });
        }

        try
        {
            using var document = JsonDocument.Parse(text);
            var fields = document.RootElement.EnumerateObject()
                .Where(member => member.Value.ValueKind == JsonValueKind.String)
                .ToDictionary(m => m.Name, m => m.Value.GetString()!.Trim(), StringComparer.Ordinal);
            if (type == "api_key" && Array.Find(KeyNames, fields.ContainsKey) is { } name)
            {
                fields["api_key"] = fields[name];
            }

            return new ChannelSecret(type, fields);
        }
        catch (Exception error) when (error is JsonException or ArgumentException or InvalidOperationException)
        {
            // No JSON after all: unreadable, like a credential that does not open.
            return None;
        }
    }

    /// <summary>The JSON object to be sealed.</summary>
    public byte[] Write()
    {
        using var stream = new MemoryStream();
        using (var json = new Utf8JsonWriter(stream))
        {
            json.WriteStartObject();
            foreach (var (name, value) in _fields)
            {
                json.WriteString(name, value);
            }

            json.WriteEndObject();
        }

        return stream.ToArray();
    }

    /// <summary>A credential never prints itself.</summary>
    public override string ToString() => Type;

    private bool HasClean(params ReadOnlySpan<string> names)
    {
        foreach (var name in names)
        {
            if (this[name].Length == 0 || this[name].AsSpan().ContainsAnyExceptInRange('!', '~'))
            {
                return false;
            }
        }

        return true;
    }
}
