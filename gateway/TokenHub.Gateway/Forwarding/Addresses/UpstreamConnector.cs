using System.Net;
using System.Net.Sockets;
using TokenHub.Core.Usage;

namespace TokenHub.Gateway.Forwarding.Addresses;

/// <summary>A connection that did not come about, and why.</summary>
internal sealed class UpstreamConnectException(AttemptFault fault, string message, Exception? inner = null)
    : IOException(message, inner)
{
    public AttemptFault Fault { get; } = fault;
}

/// <summary>
/// Opens connections to upstreams: resolve, classify every address found, connect to exactly the address that was
/// checked. A name that resolves to one refused address is refused whole: mixing is how rebinding attacks look.
/// </summary>
internal sealed class UpstreamConnector(bool allowPrivate, bool allowInsecure, TimeSpan timeout)
{
    private const int AddressesMax = 8;

    /// <summary>Shape of <c>SocketsHttpHandler.ConnectCallback</c>.</summary>
    public async ValueTask<Stream> ConnectAsync(
        SocketsHttpConnectionContext context, CancellationToken cancellationToken)
    {
        var isPlain = context.InitialRequestMessage.RequestUri?.Scheme != Uri.UriSchemeHttps;
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(timeout);
        try
        {
            // Callers come from threads that also serve sockets; a resolver that blocks must not block those.
            var host = context.DnsEndPoint.Host;
            var addresses = await Task.Run(() => ResolveAsync(host, limit.Token), limit.Token);
            Check(host, addresses, isPlain);
            return await ConnectToFirstAsync(addresses, context.DnsEndPoint.Port, limit.Token);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw new UpstreamConnectException(
                AttemptFault.ConnectTimeout, "The upstream did not accept a connection in time.");
        }
    }

    private static async Task<IPAddress[]> ResolveAsync(string host, CancellationToken cancellationToken)
    {
        if (IPAddress.TryParse(host, out var literal))
        {
            return [literal];
        }

        try
        {
            var addresses = await Dns.GetHostAddressesAsync(host, cancellationToken);
            return addresses.Length > 0 ? addresses
                : throw new UpstreamConnectException(AttemptFault.ConnectFailed, "The upstream's name has no address.");
        }
        catch (SocketException error)
        {
            throw new UpstreamConnectException(
                AttemptFault.ConnectFailed, "The upstream's name could not be resolved.", error);
        }
    }

    private void Check(string host, IPAddress[] addresses, bool isPlain)
    {
        foreach (var address in addresses)
        {
            var kind = AddressClassifier.Classify(address);
            if (kind == AddressClass.Forbidden || (kind == AddressClass.Private && !allowPrivate))
            {
                throw new UpstreamConnectException(
                    AttemptFault.AddressRefused, $"The upstream '{host}' has an address that channels may not reach.");
            }

            // Whoever allows private upstreams allows plain http on that private network, and nowhere else.
            if (isPlain && !allowInsecure && kind == AddressClass.Public)
            {
                throw new UpstreamConnectException(
                    AttemptFault.AddressRefused, $"The upstream '{host}' is public and its address is not https.");
            }
        }
    }

    private static async Task<Stream> ConnectToFirstAsync(
        IPAddress[] addresses, int port, CancellationToken cancellationToken)
    {
        SocketException? last = null;
        foreach (var address in addresses.AsSpan(0, Math.Min(addresses.Length, AddressesMax)).ToArray())
        {
            var socket = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
            try
            {
                await socket.ConnectAsync(new IPEndPoint(address, port), cancellationToken);
                return new NetworkStream(socket, ownsSocket: true);
            }
            catch (SocketException error)
            {
                socket.Dispose();
                last = error;
            }
            catch
            {
                socket.Dispose();
                throw;
            }
        }

        throw new UpstreamConnectException(AttemptFault.ConnectFailed, "The upstream refused the connection.", last);
    }
}
