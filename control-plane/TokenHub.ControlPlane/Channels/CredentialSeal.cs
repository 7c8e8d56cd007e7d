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

    /// <summary>What a channel's credential is bound to.</summary>
    public static string Context(long channelId, long? owner) => new ChannelEntry
    {
        Id = channelId,
        OwnerAccount = owner ?? 0,
        Name = "",
        Provider = Provider.OpenAi,
        BaseUrl = "",
        CredentialType = "",
        SealedCredential = "",
        Models = [],
    }.CredentialContext;
}
