using System.Collections.Concurrent;
using System.Net.Sockets;
using System.Runtime.CompilerServices;
using TokenHub.Core.Usage;

namespace TokenHub.Gateway.Forwarding.Upstreams;

/// <summary>An attempt that failed before its answer's head was there, and why.</summary>
internal sealed class UpstreamException(AttemptFault fault, Exception inner) : IOException(inner.Message, inner)
{
    public AttemptFault Fault { get; } = fault;
}

/// <summary>
/// The seam to upstreams: send head and body, get the answer's head, then its bytes as they come. An HTTP/1.1 client of
/// our own, for it costs a third of the framework's and allocates nothing for a chunk. Nothing is followed, stored or
/// unpacked. Kept-alive connections wait for the next call to the same host, the last one used first.
/// </summary>
internal sealed class UpstreamPool : IDisposable
{
    private const int IdleMax = 1024;

    // A request that fails so soon on a connection that had waited was never read.
    private const int StaleMs = 100;
    private static readonly TimeSpan SweepEvery = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan IdleFor = TimeSpan.FromSeconds(30);

    // Addresses are resolved and classified anew at least this often.
    private static readonly TimeSpan Lifetime = TimeSpan.FromMinutes(5);

    private readonly ConcurrentDictionary<UpstreamHost, KeptStack<UpstreamConnection>> _idle = new();
    private readonly UpstreamConnector _connector;
    private readonly Timer _sweeper;
    private volatile bool _isDisposed;

    public UpstreamPool(GatewayOptions options)
    {
        _connector = new UpstreamConnector(options);
        _sweeper = new Timer(static pool => ((UpstreamPool)pool!).Sweep(), this, SweepEvery, SweepEvery);
    }

    /// <summary>
    /// Sends a request; <paramref name="head"/> holds all of its head. Throws <see cref="UpstreamException"/>, or a
    /// cancellation when told to stop.
    /// </summary>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    public async ValueTask<UpstreamAnswer> SendAsync(
        UpstreamHost host, BufferLease head, ReadOnlyMemory<byte> body, CancellationToken stop)
    {
        for (var connection = TryRent(host); ; connection = null)
        {
            var hasWaited = connection is not null;
            connection ??= await ConnectAsync(host, stop);
            var stopping = stop.UnsafeRegister(static one => ((UpstreamConnection)one!).Abort(), connection);
            var sentMs = Environment.TickCount64;
            try
            {
                await connection.SendAsync(head, body);
                return new UpstreamAnswer(this, connection, stopping);
            }
            catch (Exception error) when (error is IOException or SocketException or ObjectDisposedException)
            {
                stopping.Dispose();
                connection.Dispose();
                stop.ThrowIfCancellationRequested();

                // Closed by the upstream in the moment it was taken from the pool: what was sent reached nobody.
                if (!hasWaited || connection.HasAnswered || Environment.TickCount64 - sentMs > StaleMs)
                {
                    throw new UpstreamException(AttemptFault.BadResponse, error);
                }
            }
        }
    }

    /// <summary>Takes a connection back; keeps it when its answer was read to the end.</summary>
    public void Return(UpstreamConnection connection)
    {
        var idle = _idle.GetOrAdd(connection.Host, static _ => new KeptStack<UpstreamConnection>(IdleMax));
        var now = Environment.TickCount64;
        if (connection.CanReuse && !_isDisposed && !IsExpired(connection, now))
        {
            connection.IdleSinceMs = now;
            connection.Rest();
            if (idle.TryPush(connection))
            {
                return;
            }
        }

        connection.Dispose();
    }

    public void Dispose()
    {
        _isDisposed = true;
        _sweeper.Dispose();
        foreach (var idle in _idle.Values)
        {
            while (idle.TryPop(out var connection))
            {
                connection.Dispose();
            }
        }
    }

    private UpstreamConnection? TryRent(UpstreamHost host)
    {
        if (_idle.TryGetValue(host, out var idle))
        {
            while (idle.TryPop(out var connection))
            {
                if (!IsExpired(connection, Environment.TickCount64) && connection.IsAlive)
                {
                    return connection;
                }

                connection.Dispose();
            }
        }

        return null;
    }

    private async ValueTask<UpstreamConnection> ConnectAsync(UpstreamHost host, CancellationToken stop)
    {
        try
        {
            return await _connector.ConnectAsync(host, stop);
        }
        catch (UpstreamConnectException error)
        {
            throw new UpstreamException(error.Fault, error);
        }
    }

    private static bool IsExpired(UpstreamConnection connection, long nowMs) =>
        nowMs - connection.OpenedMs > Lifetime.TotalMilliseconds
        || (connection.IdleSinceMs > 0 && nowMs - connection.IdleSinceMs > IdleFor.TotalMilliseconds);

    private void Sweep()
    {
        var now = Environment.TickCount64;
        foreach (var idle in _idle.Values)
        {
            foreach (var connection in idle.TakeWhere(one => IsExpired(one, now)))
            {
                connection.Dispose();
            }
        }
    }
}
