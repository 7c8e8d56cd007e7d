namespace TokenHub.Redis.Connections;

/// <summary>One place for a connection: opens it, and opens another whenever it ends, with growing pauses.</summary>
internal sealed class RespLine(
    RespConnector connector, TimeSpan delayMax, bool runsScripts, Action<RespConnection> onConnected, Action onLost)
    : IAsyncDisposable
{
    private readonly CancellationTokenSource _stop = new();
    private readonly TaskCompletionSource<Exception?> _first = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private Task _running = Task.CompletedTask;
    private volatile RespConnection? _connection;
    private volatile Exception? _lastFault;

    public RespConnection? Connection => _connection;

    public Exception? LastFault => _lastFault;

    /// <summary>The first attempt's failure, or null when it succeeded.</summary>
    public Task<Exception?> StartAsync()
    {
        _running = RunAsync();
        return _first.Task;
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync().ConfigureAwait(false);
        if (_connection is { } connection)
        {
            await connection.DisposeAsync().ConfigureAwait(false);
        }

        await _running.ConfigureAwait(false);
        _stop.Dispose();
    }

    private async Task RunAsync()
    {
        var backOff = new BackOff(delayMax);
        while (!_stop.IsCancellationRequested)
        {
            try
            {
                await LiveOnceAsync(backOff).ConfigureAwait(false);
                await Task.Delay(backOff.Next(), _stop.Token).ConfigureAwait(false);
            }
            catch (OperationCanceledException) when (_stop.IsCancellationRequested)
            {
                break;
            }
        }

        _first.TrySetResult(new ObjectDisposedException(nameof(RespLine)));
    }

    private async Task LiveOnceAsync(BackOff backOff)
    {
        try
        {
            await using var connection =
                await connector.ConnectAsync(null, runsScripts, _stop.Token).ConfigureAwait(false);
            onConnected(connection);
            _connection = connection;
            _lastFault = null;
            _first.TrySetResult(null);
            backOff.Connected();
            _lastFault = await connection.Closed.WaitAsync(_stop.Token).ConfigureAwait(false);
            backOff.Lost();
            _connection = null;
            onLost();
        }
        catch (RedisUnavailableException error)
        {
            _lastFault = error;
            _first.TrySetResult(error);
        }
        finally
        {
            _connection = null;
        }
    }
}
