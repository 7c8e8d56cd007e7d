using System.Text;
using System.Text.Json;
using TokenHub.Core.Keys;
using TokenHub.Core.Snapshots;
using TokenHub.Core.Usage;

namespace TokenHub.Gateway.Exchanges;

/// <summary>One upstream as a snapshot describes it, with all prepared that does not depend on the request.</summary>
public sealed class UpstreamChannel
{
    private readonly ChannelEntry _entry;
    private readonly string _origin;
    private readonly bool _hasVersion;

    public UpstreamChannel(ChannelEntry entry, SecretBox box)
    {
        _entry = entry;
        _origin = entry.BaseUrl.TrimEnd('/');
        _hasVersion = HasVersion(entry.BaseUrl);
        Credential = OpenCredential(entry, box);
        AuthHeader = AuthHeaderOf(entry.Provider, Credential);
        Fault = FaultOf(entry, Credential);
    }

    public long Id => _entry.Id;

    public Provider Provider => _entry.Provider;

    public long OwnerAccount => _entry.OwnerAccount;

    public int OwnerShareBp => _entry.OwnerShareBp;

    public AbortPolicy OnClientAbort => _entry.OnClientAbort;

    public bool TrustsUsage => _entry.TrustsUsage;

    public int Weight => Math.Max(0, _entry.Weight);

    public int Priority => _entry.Priority;

    /// <summary>Changes with address and credential: what was learnt of the former ones no longer holds.</summary>
    internal string Fingerprint => _entry.SealedCredential + "\n" + _entry.BaseUrl;

    /// <summary>Why this channel can serve nothing, or null.</summary>
    internal string? Fault { get; }

    /// <summary>The secret in the clear; never leaves in anything but <see cref="AuthHeader"/>.</summary>
    internal string Credential { get; }

    internal KeyValuePair<string, string> AuthHeader { get; }

    /// <summary>The provider's name as metrics and logs write it.</summary>
    internal string ProviderName => _entry.Provider switch
    {
        Provider.OpenAi => "openai",
        Provider.Anthropic => "anthropic",
        Provider.Gemini => "gemini",
        Provider.DeepSeek => "deepseek",
        Provider.OpenAiCompatible => "openai_compatible",
        Provider.Azure => "azure",
        Provider.Bedrock => "bedrock",
        _ => "vertex",
    };

    public bool IsInGroup(string group) => _entry.Groups.Contains(group, StringComparer.Ordinal);

    /// <summary>True when the channel takes requests of this protocol as they are.</summary>
    public bool Speaks(Dialect dialect) => _entry.Provider switch
    {
        Provider.OpenAi or Provider.Azure or Provider.OpenAiCompatible => dialect is Dialect.Chat or Dialect.Responses,
        Provider.DeepSeek => dialect is Dialect.Chat,
        Provider.Anthropic => dialect is Dialect.Anthropic,
        Provider.Gemini => dialect is Dialect.Gemini,
        _ => false,
    };

    /// <summary>
    /// The protocol in which a client's request reaches this channel: his own where the channel speaks it, else the one
    /// that says most of what his says. None where there is no way.
    /// </summary>
    public Dialect DialectFor(Dialect client) => Speaks(client) ? client : _entry.Provider switch
    {
        Provider.OpenAi or Provider.Azure => Dialect.Responses,
        Provider.OpenAiCompatible or Provider.DeepSeek => Dialect.Chat,
        Provider.Anthropic => Dialect.Anthropic,
        Provider.Gemini => Dialect.Gemini,
        _ => Dialect.None,
    };

    /// <summary>
    /// The address of a call. <paramref name="path"/> begins with the protocol's version segment, which is left out
    /// when the base address already has one: <c>https://host</c> and <c>https://host/v1</c> mean the same.
    /// </summary>
    internal Uri UriOf(string path)
    {
        if (_hasVersion)
        {
            path = path[path.IndexOf('/', 1)..];
        }
        else if (_entry.Provider == Provider.Azure)
        {
            path = (_origin.EndsWith("/openai", StringComparison.Ordinal) ? "" : "/openai") + path;
        }

        return new Uri(_origin + path, UriKind.Absolute);
    }

    private static bool HasVersion(string baseUrl)
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

    private static string OpenCredential(ChannelEntry entry, SecretBox box)
    {
        if (!box.TryOpen(entry.SealedCredential, entry.CredentialContext, out var secret))
        {
            return "";
        }

        var text = Encoding.UTF8.GetString(secret).Trim();
        return text.StartsWith('{') ? KeyInJson(text) : text;
    }

    // A credential may be sealed with its type: {"type":"api_key","api_key":"..."}.
    private static string KeyInJson(string json)
    {
        try
        {
            using var document = JsonDocument.Parse(json);
            foreach (var name in (ReadOnlySpan<string>)["api_key", "key", "value", "secret", "token"])
            {
                if (document.RootElement.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String)
                {
                    return value.GetString()!.Trim();
                }
            }
        }
        catch (JsonException)
        {
            // No JSON after all: unreadable, like a credential that does not open.
        }

        return "";
    }

    private static KeyValuePair<string, string> AuthHeaderOf(Provider provider, string credential) => provider switch
    {
        Provider.Anthropic => new("x-api-key", credential),
        Provider.Gemini => new("x-goog-api-key", credential),
        Provider.Azure => new("api-key", credential),
        _ => new("authorization", "Bearer " + credential),
    };

    private static string? FaultOf(ChannelEntry entry, string credential)
    {
        if (entry.Provider is Provider.Bedrock or Provider.Vertex)
        {
            return "its provider is not supported yet";
        }

        if (entry.CredentialType != "api_key")
        {
            return $"its credential type '{entry.CredentialType}' is not supported yet";
        }

        if (credential.Length == 0 || credential.AsSpan().ContainsAnyExceptInRange('!', '~'))
        {
            return "its credential cannot be read";
        }

        return Uri.TryCreate(entry.BaseUrl, UriKind.Absolute, out var url) && url.Scheme is ("http" or "https")
            && url.UserInfo.Length == 0 && url.Query.Length == 0 && url.Fragment.Length == 0
            ? null
            : "its address is not usable";
    }
}
