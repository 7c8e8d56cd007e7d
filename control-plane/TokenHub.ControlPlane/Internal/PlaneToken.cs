using System.Security.Cryptography;
using System.Text;

namespace TokenHub.ControlPlane.Internal;

/// <summary>
/// Knows a gateway by its bearer token. Hashes are compared, in fixed time, so that not even a length shows.
/// </summary>
internal sealed class PlaneToken(string token)
{
    private const string Scheme = "Bearer ";

    private readonly byte[]? _expected = token.Length == 0 ? null : SHA256.HashData(Encoding.UTF8.GetBytes(token));

    /// <summary>False for everyone when the token is empty: an unset secret opens nothing.</summary>
    public bool IsCarriedBy(HttpRequest request)
    {
        var header = request.Headers.Authorization.ToString();
        return _expected is not null
            && header.StartsWith(Scheme, StringComparison.Ordinal)
            && CryptographicOperations.FixedTimeEquals(
                SHA256.HashData(Encoding.UTF8.GetBytes(header[Scheme.Length..])), _expected);
    }
}
