using TokenHub.Redis.Connections;
using TokenHub.Redis.Resp;
using TokenHub.Redis.Scripts;

namespace TokenHub.Redis.Cluster;

/// <summary>
/// A Redis Cluster: sends each call to the node that has its slot, and follows where the slots go. Thread-safe.
/// </summary>
/// <remarks>
/// A call is repeated at most once for MOVED and once for ASK, and a few times with growing pauses for TRYAGAIN; all
/// within its own time. Any other error of a Cluster goes to the caller at once, who knows what to do without Redis.
/// </remarks>
internal sealed partial class ClusterRunner : ITopology, IScriptRunner, IErrorRouter
{
    private readonly RedisOptions _options;
    private readonly RespCallPool _calls;
    private readonly ClusterNodes _nodes;
    private readonly ClusterMap _map;
    private int _nextHost;

    public ClusterRunner(RedisOptions options, ServerChanges changes)
    {
        _options = options;
        _calls = new RespCallPool(options.ContinuesInline);
        _nodes = new ClusterNodes(options, _calls, changes, this);
        _map = new ClusterMap(options, _calls, _nodes);
        _ticker = new Timer(static runner => ((ClusterRunner)runner!).Tick(), this, TickMs, TickMs);
    }

    public IScriptRunner Runner => this;

    public bool IsConnected => _nodes.Any()?.Pool.IsConnected == true;

    public RedisServerInfo Server => _nodes.Any()?.Pool.Server ?? RedisServerInfo.Unknown;

    public IReadOnlyList<RedisNode> Nodes => _nodes.List();

    public bool IsSplit => true;

    /// <summary>How often the map of slots was asked for.</summary>
    internal int MapRefreshes => _map.Refreshes;

    public async Task StartAsync(CancellationToken cancellationToken)
    {
        await _map.StartAsync(cancellationToken).ConfigureAwait(false);
        await Task.WhenAll(_nodes.Masters.Select(node => node.Starting)).WaitAsync(cancellationToken)
            .ConfigureAwait(false);
        if (!IsConnected)
        {
            throw _nodes.Any()!.Pool.NotConnected();
        }
    }

    public RedisEndpoint NextForSubscriber() =>
        _nodes.Any() is { Pool.IsConnected: true } node
            ? node.Endpoint
            : _options.Hosts[(int)((uint)Interlocked.Increment(ref _nextHost) % (uint)_options.Hosts.Count)];

    public bool IsListenedTo(string endpoint) => _nodes.Masters.Any(node => node.Endpoint.ToString() == endpoint);

    public RespCall Begin(LuaScript script) => _calls.Rent(script);

    public RespCall Begin(ReadOnlySpan<byte> command) => _calls.Rent(null).Add(command);

    public ValueTask<RespReply> RunAsync(RespCall begun, CancellationToken cancellationToken)
    {
        var timeoutMs = (long)_options.CallTimeout.TotalMilliseconds;
        begun.Route.Slot = HashSlot.Of(begun);
        var reply = begun.Arm(Environment.TickCount64 + timeoutMs, cancellationToken);
        if (cancellationToken.IsCancellationRequested)
        {
            begun.Expire(_options.Endpoint);
            begun.Release();
        }
        else
        {
            Send(begun);
        }

        return reply;
    }

    public async ValueTask DisposeAsync()
    {
        await _ticker.DisposeAsync().ConfigureAwait(false);
        await _map.DisposeAsync().ConfigureAwait(false);
        await _nodes.DisposeAsync().ConfigureAwait(false);
        FailWaiting();
    }

    // Takes over the connection's share.
    private void Send(RespCall call)
    {
        var node = call.Route.Target is ClusterNode named ? named
            : call.Route.Slot < 0 ? _nodes.Any()
            : _nodes.OwnerOf(call.Route.Slot);
        if (node is not null && node.Pool.TrySend(call))
        {
            return;
        }

        _map.Ask();
        if (node is { IsStarting: true } && TryWait(call, TickMs))
        {
            return;
        }

        call.Fail(node?.Pool.NotConnected() ?? new RedisUnavailableException(
            RedisFault.ClusterDown, $"No node of the Cluster at {_options.Endpoint} has slot {call.Route.Slot}."));
        call.Release();
    }
}
