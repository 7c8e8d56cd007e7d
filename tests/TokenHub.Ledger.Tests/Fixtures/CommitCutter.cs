using System.Net;
using System.Net.Sockets;

namespace TokenHub.Ledger.Tests.Fixtures;

/// <summary>
/// Stands between the ledger and PostgreSQL and cuts connections at the worst moment: when the database has committed
/// and says so, the answer is lost and the connection with it.
/// </summary>
public sealed class CommitCutter : IAsyncDisposable
{
    // CommandComplete with the tag COMMIT.
    private static readonly byte[] Commit = [(byte)'C', 0, 0, 0, 11, .. "COMMIT\0"u8];

    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _end = new();
    private readonly int _target;
    private readonly Func<int, bool> _cuts;
    private int _commits;

    /// <param name="cuts">Whether the commit of this number, from 1, is cut.</param>
    public CommitCutter(int target, Func<int, bool> cuts)
    {
        _target = target;
        _cuts = cuts;
        _listener.Start();
        _ = AcceptAsync();
    }

    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    public int Cut { get; private set; }

    public async ValueTask DisposeAsync()
    {
        await _end.CancelAsync();
        _listener.Dispose();
        _end.Dispose();
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
            {
                _ = ServeAsync(await _listener.AcceptTcpClientAsync(_end.Token));
            }
        }
        catch (Exception error) when (error is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            // The test is over.
        }
    }

    private async Task ServeAsync(TcpClient client)
    {
        using var near = client;
        using var far = new TcpClient();
        try
        {
            await far.ConnectAsync(IPAddress.Loopback, _target, _end.Token);
            var up = near.GetStream().CopyToAsync(far.GetStream(), _end.Token);
            await Task.WhenAny(up, DownAsync(far.GetStream(), near.GetStream()));
        }
        catch (Exception error) when (error is OperationCanceledException or IOException or SocketException)
        {
            // Either side has gone; so does the other.
        }
    }

    private async Task DownAsync(NetworkStream from, NetworkStream to)
    {
        var buffer = new byte[64 * 1024];
        int read;
        while ((read = await from.ReadAsync(buffer, _end.Token)) > 0)
        {
            if (buffer.AsSpan(0, read).IndexOf(Commit) >= 0 && _cuts(Interlocked.Increment(ref _commits)))
            {
                Cut++;
                return;
            }

            await to.WriteAsync(buffer.AsMemory(0, read), _end.Token);
        }
    }
}
