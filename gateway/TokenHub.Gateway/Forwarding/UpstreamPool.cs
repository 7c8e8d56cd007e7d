using TokenHub.Core.Usage;
using TokenHub.Gateway.Forwarding.Addresses;

namespace TokenHub.Gateway.Forwarding;

/// <summary>An attempt that failed before its answer's head was there, and why.</summary>
internal sealed class UpstreamException(AttemptFault fault, Exception inner) : IOException(inner.Message, inner)
{
    public AttemptFault Fault { get; } = fault;
}

/// <summary>A call to an upstream: where, with which headers, and the body in one piece.</summary>
internal readonly record struct UpstreamCall(
    Uri Address, IReadOnlyList<KeyValuePair<string, string>> Headers, ReadOnlyMemory<byte> Body);

/// <summary>
/// The seam to upstreams: send head and body, get the answer's head, then its bytes as they come. Kept-alive
/// connections for each host, HTTP/1.1, nothing followed, nothing stored, nothing unpacked.
/// </summary>
internal sealed class UpstreamPool : IDisposable
{
    private const int HeadKilobytesMax = 64;
    private readonly HttpMessageInvoker _invoker;

    public UpstreamPool(GatewayOptions options)
    {
        var connector = new UpstreamConnector(
            options.AllowPrivateUpstreams, options.AllowInsecureUpstreams, options.ConnectTimeout);
        _invoker = new HttpMessageInvoker(new SocketsHttpHandler
        {
            AllowAutoRedirect = false,
            UseCookies = false,
            UseProxy = false,
            AutomaticDecompression = System.Net.DecompressionMethods.None,
            ActivityHeadersPropagator = null,
            MaxResponseHeadersLength = HeadKilobytesMax,

            // An answer that is given up is cut, not read to its end: the upstream is to stop at once.
            MaxResponseDrainSize = 0,

            // The connector has its own limit; this one covers the TLS handshake behind it.
            ConnectTimeout = options.ConnectTimeout + TimeSpan.FromSeconds(2),
            ConnectCallback = connector.ConnectAsync,

            // Addresses are resolved and classified anew at least this often.
            PooledConnectionLifetime = TimeSpan.FromMinutes(5),
            PooledConnectionIdleTimeout = TimeSpan.FromSeconds(30),
        });
    }

    /// <summary>Throws <see cref="UpstreamException"/>, or a cancellation when told to stop.</summary>
    public async ValueTask<UpstreamAnswer> SendAsync(UpstreamCall call, CancellationToken cancellationToken)
    {
        var request = new HttpRequestMessage(HttpMethod.Post, call.Address) { Content = new BodyContent(call.Body) };
        foreach (var (name, value) in call.Headers)
        {
            request.Headers.TryAddWithoutValidation(name, value);
        }

        try
        {
            var response = await _invoker.SendAsync(request, cancellationToken);
            return new UpstreamAnswer(response, await response.Content.ReadAsStreamAsync(cancellationToken));
        }
        catch (OperationCanceledException error) when (!cancellationToken.IsCancellationRequested)
        {
            throw new UpstreamException(AttemptFault.ConnectTimeout, error);
        }
        catch (Exception error) when (error is HttpRequestException or IOException)
        {
            throw new UpstreamException(FaultOf(error), error);
        }
    }

    public void Dispose() => _invoker.Dispose();

    private static AttemptFault FaultOf(Exception error)
    {
        for (var inner = error; inner is not null; inner = inner.InnerException)
        {
            if (inner is UpstreamConnectException connect)
            {
                return connect.Fault;
            }
        }

        return (error as HttpRequestException)?.HttpRequestError switch
        {
            HttpRequestError.ConnectionError or HttpRequestError.SecureConnectionError
                or HttpRequestError.NameResolutionError => AttemptFault.ConnectFailed,
            _ => AttemptFault.BadResponse,
        };
    }

    private sealed class BodyContent : HttpContent
    {
        private readonly ReadOnlyMemory<byte> _body;

        public BodyContent(ReadOnlyMemory<byte> body)
        {
            _body = body;
            Headers.TryAddWithoutValidation("content-type", "application/json");
        }

        protected override Task SerializeToStreamAsync(Stream stream, System.Net.TransportContext? context) =>
            stream.WriteAsync(_body).AsTask();

        protected override Task SerializeToStreamAsync(
            Stream stream, System.Net.TransportContext? context, CancellationToken cancellationToken) =>
            stream.WriteAsync(_body, cancellationToken).AsTask();

        protected override bool TryComputeLength(out long length)
        {
            length = _body.Length;
            return true;
        }
    }
}
