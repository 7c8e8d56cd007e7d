using System.Net;
using System.Net.Sockets;

namespace TokenHub.ControlPlane.Upstreams;

/// <summary>The connection would go where it may not.</summary>
internal sealed class AddressRefusedException() : IOException("The host resolves to a private or reserved address.");

/// <summary>
/// Makes HTTP clients that resolve, check and then connect to the very address that was checked: a name that answers
/// differently the second time gains nothing. No redirects, no proxy of the environment, no cookies.
/// </summary>
internal sealed class UpstreamConnector(UpstreamRules rules)
{
    private static readonly TimeSpan ConnectTimeout = TimeSpan.FromSeconds(5);
    private const int ResponseHeadersKilobytesMax = 32;

    public HttpMessageInvoker CreateClient() => new(new SocketsHttpHandler
    {
        AllowAutoRedirect = false,
        UseProxy = false,
        UseCookies = false,
        ConnectTimeout = ConnectTimeout,
        MaxResponseHeadersLength = ResponseHeadersKilobytesMax,
        PooledConnectionLifetime = TimeSpan.Zero,
        ActivityHeadersPropagator = null,
        ConnectCallback = (context, cancellation) => ConnectAsync(context.DnsEndPoint, cancellation),
    });

    private async ValueTask<Stream> ConnectAsync(DnsEndPoint endPoint, CancellationToken cancellation)
    {
        var addresses = await Dns.GetHostAddressesAsync(endPoint.Host, cancellation);

        // One bad address among good ones is an attempt, not an accident.
        if (addresses.Length == 0 || !Array.TrueForAll(addresses, rules.Allows))
        {
            throw new AddressRefusedException();
        }

        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(addresses, endPoint.Port, cancellation);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }
}
