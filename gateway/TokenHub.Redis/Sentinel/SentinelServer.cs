using TokenHub.Redis.Connections;

namespace TokenHub.Redis.Sentinel;

/// <summary>
/// One master that sentinels watch over: connects to whom they name, checks that it says so itself, and goes along when
/// they name another. Thread-safe.
/// </summary>
/// <remarks>
/// A master that a partition has cut off from all sentinels goes on taking writes from clients on its side; what it
/// took is lost when it comes back. <c>min-replicas-to-write 1</c> at the servers bounds that.
/// </remarks>
internal sealed class SentinelServer : ITopology
{
    private static readonly TimeSpan Usual = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Urgent = TimeSpan.FromMilliseconds(100);

    private readonly RedisOptions _options;
    private readonly ServerChanges _changes;
    private readonly SentinelRing _ring;
    private readonly RespPool _pool;
    private readonly CancellationTokenSource _stop = new();
    private readonly SemaphoreSlim _hint = new(0, 1);
    private Task _running = Task.CompletedTask;

    // A box, so that it is read whole.
    private object? _master;

    public SentinelServer(RedisOptions options, ServerChanges changes)
    {
        _options = options;
        _changes = changes;
        _ring = new SentinelRing(options, Hint);
        _pool = new RespPool(options, changes, new RespPoolParts { Where = () => Master, WantsMaster = true });
    }

    public IScriptRunner Runner => _pool;

    public bool IsConnected => _pool.IsConnected;

    public RedisServerInfo Server => _pool.Server;

    public IReadOnlyList<RedisNode> Nodes => _pool.Nodes;

    public bool IsSplit => false;

    private RedisEndpoint Master => (RedisEndpoint)(Volatile.Read(ref _master) ?? _options.Hosts[0]);

    public RedisEndpoint NextForSubscriber() => Master;

    public bool IsListenedTo(string endpoint) => Master.ToString() == endpoint;

    public async Task StartAsync(CancellationToken cancellationToken)
    {
        await _ring.StartAsync(cancellationToken).ConfigureAwait(false);
        Follow(await _ring.FindMasterAsync(cancellationToken).ConfigureAwait(false));
        _running = RunAsync();
        await _pool.StartAsync(cancellationToken).ConfigureAwait(false);
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync().ConfigureAwait(false);
        await _running.ConfigureAwait(false);
        await _ring.DisposeAsync().ConfigureAwait(false);
        await _pool.DisposeAsync().ConfigureAwait(false);
        _stop.Dispose();
        _hint.Dispose();
    }

    private void Hint()
    {
        try
        {
            if (_hint.CurrentCount == 0)
            {
                _hint.Release();
            }
        }
        catch (Exception error) when (error is SemaphoreFullException or ObjectDisposedException)
        {
            // Two hints at one moment are one, and after the end there is none.
        }
    }

    private async Task RunAsync()
    {
        try
        {
            while (true)
            {
                await _hint.WaitAsync(IsConnected ? Usual : Urgent, _stop.Token).ConfigureAwait(false);
                try
                {
                    Follow(await _ring.FindMasterAsync(_stop.Token).ConfigureAwait(false));
                }
                catch (RedisUnavailableException)
                {
                    // No sentinel answers: the master as known stays.
                }
            }
        }
        catch (OperationCanceledException) when (_stop.IsCancellationRequested)
        {
            // Disposed.
        }
    }

    // Also when the name is the same: a connection that was being opened during a switch may have gone to the old one.
    private void Follow(RedisEndpoint master)
    {
        var isOther = !Master.Equals(master);
        Volatile.Write(ref _master, master);
        _pool.ReconnectUnlessAt(master.ToString());
        if (isOther)
        {
            _changes.Tell();
        }
    }
}
