using System.Globalization;
using System.Text;

namespace TokenHub.Gateway.Exchanges;

/// <summary>Where connections go: all calls to one host over one scheme share them.</summary>
internal readonly record struct UpstreamHost(string Host, int Port, bool IsTls);

/// <summary>The address of a call, with the beginning of its request as it goes over the wire.</summary>
internal sealed class UpstreamTarget
{
    public UpstreamTarget(Uri address)
    {
        Address = address;
        Host = new UpstreamHost(address.IdnHost, address.Port, address.Scheme == Uri.UriSchemeHttps);
        var host = address.HostNameType == UriHostNameType.IPv6 ? $"[{address.IdnHost}]" : address.IdnHost;
        var port = address.IsDefaultPort ? "" : string.Create(CultureInfo.InvariantCulture, $":{address.Port}");
        Start = Encoding.ASCII.GetBytes($"POST {address.PathAndQuery} HTTP/1.1\r\nhost: {host}{port}\r\n");
    }

    public Uri Address { get; }

    public UpstreamHost Host { get; }

    /// <summary>Request line and host header.</summary>
    public byte[] Start { get; }
}
