using TokenHub.Redis.Cluster;
using TokenHub.Redis.Connections;
using TokenHub.Redis.Resp;

namespace TokenHub.Redis;

/// <summary>
/// Redis: its scripts, its plain commands, its messages; one server, a Cluster, or the master that sentinels name.
/// Thread-safe; one for a whole process.
/// </summary>
public sealed class RedisClient : IAsyncDisposable
{
    private readonly ServerChanges _changes;
    private readonly ITopology _servers;

    private RedisClient(RedisOptions options, ITopology servers, ServerChanges changes)
    {
        Options = options;
        _servers = servers;
        _changes = changes;
        Runner = servers.Runner;
        Subscriber = new RedisSubscriber(options, servers.NextForSubscriber);
        _changes.Changed += () => Subscriber.LeaveUnless(_servers.IsListenedTo);
    }

    /// <summary>
    /// After a change of <see cref="Generation"/> or <see cref="Nodes"/>, or the loss of a connection; on the thread
    /// pool.
    /// </summary>
    public event Action? Changed
    {
        add => _changes.Changed += value;
        remove => _changes.Changed -= value;
    }

    public RedisOptions Options { get; }

    public IScriptRunner Runner { get; }

    /// <summary>Opens its own connection with the first subscription.</summary>
    public RedisSubscriber Subscriber { get; }

    /// <summary>At least one server can be asked.</summary>
    public bool IsConnected => _servers.IsConnected;

    /// <summary>What a connected server says of itself.</summary>
    public RedisServerInfo Server => _servers.Server;

    /// <summary>
    /// Rises whenever a server that serves us may have lost something or gone back in time: it was restarted, another
    /// took its place, or a slot moved to another node. Risen before any call reaches that server.
    /// </summary>
    public long Generation => _changes.Generation;

    /// <summary>The servers that serve us, as known now.</summary>
    public IReadOnlyList<RedisNode> Nodes => _servers.Nodes;

    /// <summary>Keys of several hash tags cannot be in one command.</summary>
    public bool IsSplit => _servers.IsSplit;

    /// <summary>Connects, and from then on stays connected by itself.</summary>
    /// <exception cref="RedisUnavailableException">No server could be reached, or it refused the login.</exception>
    public static async Task<RedisClient> ConnectAsync(RedisOptions options, CancellationToken cancellationToken)
    {
        var changes = new ServerChanges();
        var servers = await Topology.StartAsync(options, changes, cancellationToken).ConfigureAwait(false);
        return new RedisClient(options, servers, changes);
    }

    public async ValueTask PingAsync(CancellationToken cancellationToken) =>
        (await Runner.RunAsync(Runner.Begin("PING"u8), cancellationToken).ConfigureAwait(false)).Dispose();

    /// <summary>The value, or null when there is none.</summary>
    public async ValueTask<byte[]?> GetAsync(string key, CancellationToken cancellationToken)
    {
        var begun = Runner.Begin("GET"u8).Add(key);
        using var reply = await Runner.RunAsync(begun, cancellationToken).ConfigureAwait(false);
        return ReadValue(reply.Read());
    }

    /// <summary>
    /// The values in the order of the keys; null where there is none. In a Cluster one command goes out for each slot.
    /// </summary>
    public async ValueTask<byte[]?[]> GetManyAsync(IReadOnlyList<string> keys, CancellationToken cancellationToken)
    {
        var values = new byte[]?[keys.Count];
        await Task.WhenAll(KeyGroups.Of(keys, _servers.IsSplit).Select(async group =>
        {
            var begun = Runner.Begin("MGET"u8);
            group.ForEach(index => begun.Add(keys[index]));
            using var reply = await Runner.RunAsync(begun, cancellationToken).ConfigureAwait(false);
            ReadValues(reply.Read(), group, values);
        })).ConfigureAwait(false);
        return values;
    }

    /// <summary>
    /// Sets all values, for good. In a Cluster one command goes out for each slot, and some may fail while others do
    /// not.
    /// </summary>
    public async ValueTask SetManyAsync(
        IReadOnlyList<KeyValuePair<string, ReadOnlyMemory<byte>>> values, CancellationToken cancellationToken)
    {
        var keys = values.Select(pair => pair.Key).ToArray();
        await Task.WhenAll(KeyGroups.Of(keys, _servers.IsSplit).Select(async group =>
        {
            var begun = Runner.Begin("MSET"u8);
            group.ForEach(index => begun.Add(keys[index]).Add(values[index].Value.Span));
            (await Runner.RunAsync(begun, cancellationToken).ConfigureAwait(false)).Dispose();
        })).ConfigureAwait(false);
    }

    /// <param name="expiry">Null keeps the value for good; otherwise at least a millisecond.</param>
    public ValueTask SetAsync(
        string key, ReadOnlyMemory<byte> value, TimeSpan? expiry, CancellationToken cancellationToken)
    {
        var begun = Runner.Begin("SET"u8).Add(key).Add(value.Span);
        if (expiry is { } time)
        {
            begun.Add("PX"u8).Add((long)Math.Max(time.TotalMilliseconds, 1));
        }

        return FinishAsync(begun, cancellationToken);
    }

    /// <summary>Sets a value for so long where there is none; false where there is one.</summary>
    public async ValueTask<bool> TrySetAsync(
        string key, ReadOnlyMemory<byte> value, TimeSpan expiry, CancellationToken cancellationToken)
    {
        var begun = Runner.Begin("SET"u8).Add(key).Add(value.Span).Add("NX"u8)
            .Add("PX"u8).Add((long)Math.Max(expiry.TotalMilliseconds, 1));
        using var reply = await Runner.RunAsync(begun, cancellationToken).ConfigureAwait(false);
        return !reply.Read().IsNull;
    }

    /// <summary>How long a key will live; negative when there is none, or it stays for good.</summary>
    public async ValueTask<long> TimeToLiveMsAsync(string key, CancellationToken cancellationToken)
    {
        var begun = Runner.Begin("PTTL"u8).Add(key);
        using var reply = await Runner.RunAsync(begun, cancellationToken).ConfigureAwait(false);
        return ReadInteger(reply.Read());
    }

    /// <summary>True when there was something to delete.</summary>
    public ValueTask<bool> DeleteAsync(string key, CancellationToken cancellationToken) =>
        AnyAsync(Runner.Begin("DEL"u8).Add(key), cancellationToken);

    /// <summary>Tells all who listen to the channel now; true when the server knew of any.</summary>
    public ValueTask<bool> PublishAsync(
        string channel, ReadOnlyMemory<byte> message, CancellationToken cancellationToken) =>
        AnyAsync(Runner.Begin("PUBLISH"u8).Add(channel).Add(message.Span), cancellationToken);

    public async ValueTask DisposeAsync()
    {
        await Subscriber.DisposeAsync().ConfigureAwait(false);
        await _servers.DisposeAsync().ConfigureAwait(false);
    }

    private async ValueTask FinishAsync(RespCall begun, CancellationToken cancellationToken) =>
        (await Runner.RunAsync(begun, cancellationToken).ConfigureAwait(false)).Dispose();

    private async ValueTask<bool> AnyAsync(RespCall begun, CancellationToken cancellationToken)
    {
        using var reply = await Runner.RunAsync(begun, cancellationToken).ConfigureAwait(false);
        return ReadInteger(reply.Read()) > 0;
    }

    private static long ReadInteger(RespReader reader) => reader.ReadInteger();

    private static byte[]? ReadValue(RespReader reader) => reader.IsNull ? null : reader.ReadBytes().ToArray();

    private static void ReadValues(RespReader reader, List<int> places, byte[]?[] values)
    {
        reader.ReadAggregate();
        foreach (var place in places)
        {
            var isNull = reader.IsNull;
            var bytes = reader.ReadBytes();
            values[place] = isNull ? null : bytes.ToArray();
        }
    }
}
