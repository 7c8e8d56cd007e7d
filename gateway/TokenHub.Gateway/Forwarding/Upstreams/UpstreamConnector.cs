using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using TokenHub.Core.Usage;
using TokenHub.Core.Addresses;

namespace TokenHub.Gateway.Forwarding.Upstreams;

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
internal sealed class UpstreamConnector
{
    private const int AddressesMax = 8;
    private static readonly List<SslApplicationProtocol> Protocols = [SslApplicationProtocol.Http11];

    private readonly bool _allowPrivate;
    private readonly bool _allowInsecure;
    private readonly TimeSpan _timeout;
    private readonly X509ChainPolicy? _trust;

    public UpstreamConnector(GatewayOptions options)
    {
        _allowPrivate = options.AllowPrivateUpstreams;
        _allowInsecure = options.AllowInsecureUpstreams;
        _timeout = options.ConnectTimeout;
        _trust = options.UpstreamCaFile.Length > 0 ? TrustOnly(options.UpstreamCaFile) : null;
    }

    /// <summary>Throws <see cref="UpstreamConnectException"/>, or a cancellation when told to stop.</summary>
    public async ValueTask<UpstreamConnection> ConnectAsync(UpstreamHost host, CancellationToken stop)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(stop);
        limit.CancelAfter(_timeout);
        try
        {
            // Callers come from threads that also serve sockets; a resolver that blocks must not block those.
            var addresses = await Task.Run(() => ResolveAsync(host.Host, limit.Token), limit.Token);
            Check(host, addresses);
            var socket = await ConnectToFirstAsync(addresses, host.Port, limit.Token);
            var stream = await SecureAsync(host, socket, limit.Token);
            return new UpstreamConnection(host, socket, stream);
        }
        catch (OperationCanceledException) when (!stop.IsCancellationRequested)
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

    private void Check(UpstreamHost host, IPAddress[] addresses)
    {
        foreach (var address in addresses)
        {
            var kind = AddressClass.Of(address);
            if (kind == AddressKind.Never || (kind == AddressKind.Private && !_allowPrivate))
            {
                throw new UpstreamConnectException(
                    AttemptFault.AddressRefused, $"'{host.Host}' has an address that channels may not reach.");
            }

            // Whoever allows private upstreams allows plain http on that private network, and nowhere else.
            if (!host.IsTls && !_allowInsecure && kind == AddressKind.Public)
            {
                throw new UpstreamConnectException(
                    AttemptFault.AddressRefused, $"'{host.Host}' is public and its address is not https.");
            }
        }
    }

    private static async Task<Socket> ConnectToFirstAsync(
        IPAddress[] addresses, int port, CancellationToken cancellationToken)
    {
        SocketException? last = null;
        for (var i = 0; i < Math.Min(addresses.Length, AddressesMax); i++)
        {
            var socket = new Socket(addresses[i].AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
            try
            {
                await socket.ConnectAsync(new IPEndPoint(addresses[i], port), cancellationToken);
                return socket;
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

    private async Task<Stream> SecureAsync(UpstreamHost host, Socket socket, CancellationToken cancellationToken)
    {
        var plain = new NetworkStream(socket, ownsSocket: true);
        if (!host.IsTls)
        {
            return plain;
        }

        var secure = new SslStream(plain);
        try
        {
            await secure.AuthenticateAsClientAsync(
                new SslClientAuthenticationOptions
                {
                    TargetHost = host.Host,
                    ApplicationProtocols = Protocols,
                    CertificateChainPolicy = _trust,
                },
                cancellationToken);
            return secure;
        }
        catch (Exception error) when (error is AuthenticationException or IOException)
        {
            await secure.DisposeAsync();
            throw new UpstreamConnectException(
                AttemptFault.ConnectFailed, "The upstream could not be trusted or spoke no TLS.", error);
        }
        catch
        {
            await secure.DisposeAsync();
            throw;
        }
    }

    private static X509ChainPolicy TrustOnly(string file)
    {
        var policy = new X509ChainPolicy
        {
            TrustMode = X509ChainTrustMode.CustomRootTrust,
            RevocationMode = X509RevocationMode.NoCheck,
        };
        policy.CustomTrustStore.ImportFromPemFile(file);
        return policy;
    }
}
