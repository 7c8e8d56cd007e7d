using System.Security.Cryptography;
using System.Text;

namespace TokenHub.Core.Keys;

/// <summary>
/// Seals secrets for storage with AES-256-GCM: <c>v1.{key id}.{base64 of nonce, ciphertext, tag}</c>. The context
/// (table, column, row, owner) is authenticated with the secret, so a sealed value that is moved elsewhere does not
/// open.
/// </summary>
public sealed class SecretBox
{
    private const int NonceLength = 12;
    private const int TagLength = 16;
    private const string FormatVersion = "v1";
    private const int KeyLength = 32;
    private readonly byte[] _key;
    private readonly SecretBox? _before;

    public SecretBox(ReadOnlySpan<byte> masterKey)
    {
        if (masterKey.Length != KeyLength)
        {
            throw new ArgumentException("A master key has 32 bytes.", nameof(masterKey));
        }

        _key = masterKey.ToArray();
        KeyId = Convert.ToHexStringLower(SHA256.HashData([.. "tokenhub-master-key-id"u8, .. _key]).AsSpan(0, 4));
    }

    /// <summary>
    /// While one master key follows another: seals with the new one, and opens by the key id what either has sealed.
    /// </summary>
    /// <param name="oldKey">Null or empty when there is none.</param>
    public SecretBox(ReadOnlySpan<byte> masterKey, byte[]? oldKey)
        : this(masterKey) => _before = oldKey is { Length: > 0 } ? new SecretBox(oldKey) : null;

    /// <summary>Names the master key without telling it: eight hex digits.</summary>
    public string KeyId { get; }

    /// <summary>What everything begins with that was sealed under the master key of that id.</summary>
    public static string PrefixOf(string keyId) => $"{FormatVersion}.{keyId}.";

    public string Seal(ReadOnlySpan<byte> secret, string context)
    {
        var box = new byte[NonceLength + secret.Length + TagLength];
        var nonce = box.AsSpan(0, NonceLength);
        RandomNumberGenerator.Fill(nonce);
        using var aes = new AesGcm(_key, TagLength);
        aes.Encrypt(nonce, secret, box.AsSpan(NonceLength, secret.Length), box.AsSpan(^TagLength..), Bound(context));
        return $"{FormatVersion}.{KeyId}.{Convert.ToBase64String(box)}";
    }

    /// <summary>
    /// Opens a sealed secret; false when it was sealed by another key, for another context, or was changed.
    /// </summary>
    public bool TryOpen(string sealedSecret, string context, out byte[] secret)
    {
        secret = [];
        var parts = sealedSecret.Split('.');
        if (parts.Length != 3 || parts[0] != FormatVersion || parts[1] != KeyId)
        {
            return _before?.TryOpen(sealedSecret, context, out secret) ?? false;
        }

        var box = new byte[parts[2].Length];
        if (!Convert.TryFromBase64String(parts[2], box, out var length) || length < NonceLength + TagLength)
        {
            return false;
        }

        var sealedBytes = box.AsSpan(0, length);
        var opened = new byte[length - NonceLength - TagLength];
        using var aes = new AesGcm(_key, TagLength);
        try
        {
            aes.Decrypt(
                sealedBytes[..NonceLength], sealedBytes[NonceLength..^TagLength], sealedBytes[^TagLength..], opened,
                Bound(context));
        }
        catch (AuthenticationTagMismatchException)
        {
            return false;
        }

        secret = opened;
        return true;
    }

    private byte[] Bound(string context) => Encoding.UTF8.GetBytes($"{FormatVersion}.{KeyId}.{context}");
}
