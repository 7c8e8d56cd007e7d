using System.Security.Cryptography;
using System.Text.Json;
using TokenHub.ControlPlane.Options;
using TokenHub.Core.Keys;
using TokenHub.Core.Snapshots;

namespace TokenHub.ControlPlane.Channels;

/// <summary>
/// Seals a channel's credential: the JSON object of the API (<c>{"type":"api_key","api_key":"..."}</c>) bound to
/// channel and owner, so that a row copied elsewhere does not open.
/// </summary>
internal sealed class CredentialSeal(ControlPlaneOptions options)
{
    private readonly SecretBox _box = new(options.MasterKey, options.MasterKeyOld);

    public SealedCredential Seal(long channelId, long? owner, ChannelCredential credential)
    {
        var json = JsonSerializer.SerializeToUtf8Bytes(credential, ApiJsonContext.Default.ChannelCredential);
        var sealedText = _box.Seal(json, Context(channelId, owner));
        CryptographicOperations.ZeroMemory(json);
        return new SealedCredential(credential.Type, sealedText);
    }

    /// <summary>Seals a credential that was opened and changed.</summary>
    public string SealAgain(long channelId, long? owner, byte[] json) => _box.Seal(json, Context(channelId, owner));

    /// <summary>Null when it was sealed under another master key or for another row.</summary>
    public ChannelCredential? Open(ChannelRow row)
    {
        if (!_box.TryOpen(row.SealedCredential, Context(row.Id, row.OwnerUserId), out var json))
        {
            return null;
        }

        var credential = JsonSerializer.Deserialize(json, ApiJsonContext.Default.ChannelCredential);
        CryptographicOperations.ZeroMemory(json);
        return credential;
    }

    /// <summary>Seals headers; an empty value stands for the one that is stored.</summary>
    public SealedHeaders Seal(
        long channelId, long? owner, IReadOnlyDictionary<string, string> headers, ChannelRow? stored)
    {
        if (headers.Count == 0)
        {
            return new SealedHeaders([], null);
        }

        var known = stored is null ? [] : OpenHeaders(stored);
        var all = headers.ToDictionary(
            header => header.Key.ToLowerInvariant(),
            header => header.Value.Length > 0
                ? header.Value
                : known.GetValueOrDefault(header.Key.ToLowerInvariant(), ""),
            StringComparer.Ordinal);
        var json = JsonSerializer.SerializeToUtf8Bytes(all, ApiJsonContext.Default.DictionaryStringString);
        var sealedText = _box.Seal(json, Entry(channelId, owner).HeadersContext);
        CryptographicOperations.ZeroMemory(json);
        return new SealedHeaders([.. all.Keys.Order(StringComparer.Ordinal)], sealedText);
    }

    /// <summary>The headers of a channel, by their names in lower case; none when they do not open.</summary>
    public Dictionary<string, string> OpenHeaders(ChannelRow row)
    {
        if (row.SealedHeaders is null
            || !_box.TryOpen(row.SealedHeaders, Entry(row.Id, row.OwnerUserId).HeadersContext, out var json))
        {
            return [];
        }

        var headers = JsonSerializer.Deserialize(json, ApiJsonContext.Default.DictionaryStringString)!;
        CryptographicOperations.ZeroMemory(json);
        return headers;
    }

    /// <summary>What a channel's credential is bound to.</summary>
    public static string Context(long channelId, long? owner) => Entry(channelId, owner).CredentialContext;

    /// <summary>What a channel's headers are bound to.</summary>
    public static string HeadersContext(long channelId, long? owner) => Entry(channelId, owner).HeadersContext;

    private static ChannelEntry Entry(long channelId, long? owner) => new()
    {
        Id = channelId,
        OwnerAccount = owner ?? 0,
        Name = "",
        Provider = Provider.OpenAi,
        BaseUrl = "",
        CredentialType = "",
        SealedCredential = "",
        Models = [],
    };
}
