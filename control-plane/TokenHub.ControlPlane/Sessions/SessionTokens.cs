using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using TokenHub.ControlPlane.Options;

namespace TokenHub.ControlPlane.Sessions;

/// <summary>
/// Session tokens: <c>th-ses-</c> and 256 random bits. Only a keyed hash is stored, so that neither a copy of the
/// database nor write access to it is a way to sign in.
/// </summary>
internal sealed class SessionTokens(ControlPlaneOptions options)
{
    public const string Prefix = "th-ses-";
    private const int RandomBytes = 32;
    private const int Length = 50;

    public static string Create()
    {
        Span<byte> random = stackalloc byte[RandomBytes];
        RandomNumberGenerator.Fill(random);
        return Prefix + Base64Url.EncodeToString(random);
    }

    /// <summary>False for anything that cannot be a session token, client keys among them.</summary>
    public bool TryHash(string token, out byte[] hash)
    {
        var isToken = token.Length == Length && token.StartsWith(Prefix, StringComparison.Ordinal);
        hash = isToken ? Hash(token) : [];
        return isToken;
    }

    public byte[] Hash(string token) => HMACSHA256.HashData(options.SessionSecret, Encoding.UTF8.GetBytes(token));
}
