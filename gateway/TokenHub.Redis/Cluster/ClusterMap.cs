using System.Threading.Channels;
using TokenHub.Redis.Connections;
using TokenHub.Redis.Resp;

namespace TokenHub.Redis.Cluster;

/// <summary>
/// Keeps the map of slots fresh: when asked to, and by itself now and then. However many ask, one look at a time and
/// not more often than each tenth of a second.
/// </summary>
internal sealed class ClusterMap(RedisOptions options, RespCallPool calls, ClusterNodes nodes) : IAsyncDisposable
{
    private static readonly TimeSpan Unasked = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan Apart = TimeSpan.FromMilliseconds(100);

    private readonly Channel<bool> _asked = Channel.CreateBounded<bool>(
        new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite, SingleReader = true });

    private readonly CancellationTokenSource _stop = new();
    private Task _running = Task.CompletedTask;
    private int _refreshes;
    private volatile ClusterNode? _informed;

    /// <summary>How often a map was asked for.</summary>
    public int Refreshes => Volatile.Read(ref _refreshes);

    /// <summary>Finds the Cluster by the hosts of the options.</summary>
    public async Task StartAsync(CancellationToken cancellationToken)
    {
        nodes.Apply(await FindAsync(cancellationToken).ConfigureAwait(false));
        _running = RunAsync();
    }

    /// <summary>Something was not where the map has it. Cheap, and never waits.</summary>
    public void Ask() => _asked.Writer.TryWrite(true);

    /// <summary>As above; this node knows.</summary>
    public void Ask(ClusterNode informed)
    {
        _informed = informed;
        Ask();
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync().ConfigureAwait(false);
        await _running.ConfigureAwait(false);
        _stop.Dispose();
    }

    private async Task RunAsync()
    {
        try
        {
            while (true)
            {
                await WaitAsync().ConfigureAwait(false);
                try
                {
                    nodes.Apply(await FindAsync(_stop.Token).ConfigureAwait(false));
                    await nodes.PruneAsync(options.StallTimeout).ConfigureAwait(false);
                }
                catch (RedisUnavailableException)
                {
                    // The map as it was stays; asked again soon.
                    Ask();
                }

                await Task.Delay(Apart, _stop.Token).ConfigureAwait(false);
            }
        }
        catch (OperationCanceledException) when (_stop.IsCancellationRequested)
        {
            // Disposed.
        }
    }

    private async Task WaitAsync()
    {
        using var unasked = CancellationTokenSource.CreateLinkedTokenSource(_stop.Token);
        unasked.CancelAfter(Unasked);
        try
        {
            await _asked.Reader.ReadAsync(unasked.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (!_stop.IsCancellationRequested)
        {
            // Time for a look of our own.
        }
    }

    // The node that knows first, then those we are connected to, then the hosts of the options.
    private async Task<SlotTable> FindAsync(CancellationToken cancellationToken)
    {
        Interlocked.Increment(ref _refreshes);
        var informed = Interlocked.Exchange(ref _informed, null);
        ClusterNode?[] connected = [informed, .. nodes.Masters];
        RedisUnavailableException? fault = null;
        foreach (var node in connected.Where(node => node?.Pool.IsConnected == true).Distinct())
        {
            try
            {
                using var reply = await node!.Pool.RunAsync(Begin(), cancellationToken).ConfigureAwait(false);
                return Read(reply, node.Endpoint);
            }
            catch (RedisUnavailableException error)
            {
                fault = error;
            }
        }

        foreach (var host in options.Hosts)
        {
            try
            {
                return await FindAtAsync(host, cancellationToken).ConfigureAwait(false);
            }
            catch (RedisUnavailableException error)
            {
                fault = error;
            }
        }

        throw fault!;
    }

    private async Task<SlotTable> FindAtAsync(RedisEndpoint host, CancellationToken cancellationToken)
    {
        var connector = new RespConnector(options, calls) { Where = () => host };
        await using var connection =
            await connector.ConnectAsync(null, runsScripts: false, cancellationToken).ConfigureAwait(false);
        using var timeout = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        timeout.CancelAfter(options.ConnectTimeout);
        await using var registration = timeout.Token.UnsafeRegister(
            static state => ((RespConnection)state!).Close(new TimeoutException("The server did not answer in time.")),
            connection);
        using var reply = await RespConnector.AskAsync(connection, Begin()).ConfigureAwait(false);
        return Read(reply, host);
    }

    private RespCall Begin() => calls.Rent(null).Add("CLUSTER"u8).Add("SLOTS"u8);

    // A node that has been reset knows of no slots: that is no news about the others.
    private static SlotTable Read(RespReply reply, RedisEndpoint asked)
    {
        var table = SlotTable.Read(reply.Read(), asked.Host);
        return table.Ranges.Count > 0
            ? table
            : throw new RedisUnavailableException(
                RedisFault.ClusterDown, $"Redis at {asked} knows of no node that has slots.");
    }
}
