using System.Security.Cryptography;
using System.Text;
using TokenHub.ControlPlane.Options;
using TokenHub.ControlPlane.Problems;

namespace TokenHub.ControlPlane.Access;

/// <summary>Knows a gateway by its bearer token. Hashes are compared, in fixed time, so that not even a length shows.</summary>
internal sealed class PlaneTokenCheck(ControlPlaneOptions options)
{
    private const string Scheme = "Bearer ";
    private readonly byte[] _expected = SHA256.HashData(Encoding.UTF8.GetBytes(options.PlaneToken));

    public void Require(HttpContext context)
    {
        var header = context.Request.Headers.Authorization.ToString();
        if (options.PlaneToken.Length == 0 || !header.StartsWith(Scheme, StringComparison.Ordinal)
            || !CryptographicOperations.FixedTimeEquals(
                SHA256.HashData(Encoding.UTF8.GetBytes(header[Scheme.Length..])), _expected))
        {
            throw new RefusedException(ProblemCode.Unauthenticated, "The control plane's token is missing or wrong.");
        }
    }
}
