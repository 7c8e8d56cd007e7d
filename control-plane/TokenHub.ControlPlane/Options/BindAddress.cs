using System.Globalization;
using System.Net;

namespace TokenHub.ControlPlane.Options;

/// <summary>
/// Reads <c>address:port</c>, with <c>localhost</c> and <c>*</c> for the loopback and for every address.
/// </summary>
internal static class BindAddress
{
    public static bool TryParse(string text, out IPEndPoint endPoint)
    {
        endPoint = new IPEndPoint(IPAddress.Loopback, 0);
        var colon = text.LastIndexOf(':');
        if (colon <= 0
            || !ushort.TryParse(text.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var port))
        {
            return false;
        }

        var host = text[..colon];
        IPAddress? address;
        if (host == "localhost")
        {
            address = IPAddress.Loopback;
        }
        else if (host == "*")
        {
            address = IPAddress.IPv6Any;
        }
        else if (host.Contains(':', StringComparison.Ordinal) != (host[0] == '[' && host[^1] == ']')
            || !IPAddress.TryParse(host, out address))
        {
            return false;
        }

        endPoint = new IPEndPoint(address, port);
        return true;
    }
}
