using System.Net;
using Microsoft.Extensions.Primitives;
using TokenHub.Core.Addresses;

namespace TokenHub.Gateway.Auth;

/// <summary>
/// Whom a request comes from: the peer of the connection, or, where that is a trusted proxy, the rightmost address of
/// <c>X-Forwarded-For</c> that no trusted proxy has.
/// </summary>
internal sealed class ClientAddress(IReadOnlyList<AddressRange> trustedProxies)
{
    private const int HopsMax = 32;
    private readonly AddressRange[] _trusted = [.. trustedProxies];

    public IPAddress? Of(IPAddress? peer, StringValues forwardedFor)
    {
        if (peer is null || _trusted.Length == 0 || !AddressRange.AnyContains(_trusted, peer))
        {
            return peer;
        }

        var nearest = peer;
        var hops = 0;
        for (var i = forwardedFor.Count - 1; i >= 0; i--)
        {
            var rest = forwardedFor[i].AsSpan();
            while (!rest.IsEmpty && hops++ < HopsMax)
            {
                var comma = rest.LastIndexOf(',');
                if (!TryParseHop(rest[(comma + 1)..].Trim(), out var hop))
                {
                    // Nothing beyond an unreadable entry can be believed.
                    return nearest;
                }

                nearest = hop;
                if (!AddressRange.AnyContains(_trusted, hop))
                {
                    return hop;
                }

                rest = comma < 0 ? default : rest[..comma];
            }
        }

        return nearest;
    }

    // An address, or an address with a port: 1.2.3.4:5678, [::1]:5678.
    private static bool TryParseHop(ReadOnlySpan<char> text, out IPAddress address)
    {
        if (IPAddress.TryParse(text, out address!))
        {
            return true;
        }

        var parsed = IPEndPoint.TryParse(text, out var endPoint);
        address = endPoint?.Address!;
        return parsed;
    }
}
