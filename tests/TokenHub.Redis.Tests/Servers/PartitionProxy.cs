using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;

namespace TokenHub.Redis.Tests.Servers;

/// <summary>
/// Stands between a client and a server and holds back what goes one way or the other, or both, as a partition does:
/// nothing is lost on the connections that live through it, it only comes late.
/// </summary>
internal sealed class PartitionProxy : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _stop = new();
    private readonly ConcurrentBag<Task> _pumps = [];
    private readonly int _serverPort;
    private readonly Task _accepting;
    private volatile TaskCompletionSource _up = Opened();
    private volatile TaskCompletionSource _down = Opened();

    public PartitionProxy(int serverPort)
    {
        _serverPort = serverPort;
        _listener.Start();
        _accepting = AcceptAsync();
    }

    public string Url => $"redis://127.0.0.1:{((IPEndPoint)_listener.LocalEndpoint).Port}";

    /// <summary>From here on requests, or replies, or both are held back.</summary>
    public void Cut(bool requests, bool replies)
    {
        _up = requests ? new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously) : _up;
        _down = replies ? new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously) : _down;
    }

    /// <summary>Everything held back arrives now.</summary>
    public void Heal()
    {
        _up.TrySetResult();
        _down.TrySetResult();
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        Heal();
        _listener.Stop();
        await _accepting;
        await Task.WhenAll(_pumps);
        _stop.Dispose();
    }

    private static TaskCompletionSource Opened()
    {
        var opened = new TaskCompletionSource();
        opened.SetResult();
        return opened;
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
            {
                var client = await _listener.AcceptTcpClientAsync(_stop.Token);
                var server = new TcpClient();
                await server.ConnectAsync(IPAddress.Loopback, _serverPort, _stop.Token);
                (client.NoDelay, server.NoDelay) = (true, true);
                _pumps.Add(PumpAsync(client, server, () => _up.Task));
                _pumps.Add(PumpAsync(server, client, () => _down.Task));
            }
        }
        catch (Exception error) when (error is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            // The test is over.
        }
    }

    private async Task PumpAsync(TcpClient from, TcpClient to, Func<Task> open)
    {
        var buffer = new byte[64 * 1024];
        try
        {
            while (true)
            {
                var count = await from.GetStream().ReadAsync(buffer, _stop.Token);
                await open().WaitAsync(_stop.Token);
                if (count == 0)
                {
                    break;
                }

                await to.GetStream().WriteAsync(buffer.AsMemory(0, count), _stop.Token);
            }
        }
        catch (Exception error) when (error is OperationCanceledException or IOException or SocketException
            or InvalidOperationException)
        {
            // One side is gone, so the other goes too.
        }

        from.Dispose();
        to.Dispose();
    }
}
