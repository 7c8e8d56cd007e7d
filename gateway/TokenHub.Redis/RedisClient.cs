using TokenHub.Redis.Connections;
using TokenHub.Redis.Resp;

namespace TokenHub.Redis;

/// <summary>
/// One Redis server: its scripts, its plain commands, its messages. Thread-safe; one for a whole process.
/// </summary>
public sealed class RedisClient : IAsyncDisposable
{
    private readonly RespPool _pool;
    private string _runId = "";
    private long _generation;

    private RedisClient(RedisOptions options)
    {
        Options = options;
        _pool = new RespPool(options);
        Subscriber = new RedisSubscriber(options);
    }

    public RedisOptions Options { get; }

    public IScriptRunner Runner => _pool;

    /// <summary>Opens its own connection with the first subscription.</summary>
    public RedisSubscriber Subscriber { get; }

    public bool IsConnected => _pool.IsConnected;

    /// <summary>Rises whenever a server that serves us may have lost something or gone back in time.</summary>
    public long Generation
    {
        get
        {
            var runId = _pool.Server.RunId;
            if (runId.Length > 0 && Interlocked.Exchange(ref _runId, runId) != runId)
            {
                Interlocked.Increment(ref _generation);
            }

            return Interlocked.Read(ref _generation);
        }
    }

    public IReadOnlyList<RedisNode> Nodes =>
        [new RedisNode(Options.Endpoint, _pool.Server.RunId, [new SlotRange(0, 16383)])];

    /// <summary>Keys of several hash tags cannot be in one command.</summary>
    public bool IsSplit => Nodes.Count > 1;

    /// <summary>What the connected server says of itself.</summary>
    public RedisServerInfo Server => _pool.Server;

    /// <summary>Connects, and from then on stays connected by itself.</summary>
    /// <exception cref="RedisUnavailableException">The server could not be reached or refused the login.</exception>
    public static async Task<RedisClient> ConnectAsync(RedisOptions options, CancellationToken cancellationToken)
    {
        var client = new RedisClient(options);
        try
        {
            await client._pool.StartAsync(cancellationToken).ConfigureAwait(false);
            return client;
        }
        catch
        {
            await client.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    public async ValueTask PingAsync(CancellationToken cancellationToken) =>
        (await _pool.RunAsync(_pool.Begin("PING"u8), cancellationToken).ConfigureAwait(false)).Dispose();

    /// <summary>The value, or null when there is none.</summary>
    public async ValueTask<byte[]?> GetAsync(string key, CancellationToken cancellationToken)
    {
        using var reply = await _pool.RunAsync(_pool.Begin("GET"u8).Add(key), cancellationToken).ConfigureAwait(false);
        return ReadValue(reply.Read());
    }

    /// <summary>
    /// The values in the order of the keys; null where there is none. In a Cluster all keys need one hash tag.
    /// </summary>
    public async ValueTask<byte[]?[]> GetManyAsync(IReadOnlyList<string> keys, CancellationToken cancellationToken)
    {
        if (keys.Count == 0)
        {
            return [];
        }

        var begun = _pool.Begin("MGET"u8);
        foreach (var key in keys)
        {
            begun.Add(key);
        }

        using var reply = await _pool.RunAsync(begun, cancellationToken).ConfigureAwait(false);
        return ReadValues(reply.Read());
    }

    /// <param name="expiry">Null keeps the value for good; otherwise at least a millisecond.</param>
    public ValueTask SetAsync(
        string key, ReadOnlyMemory<byte> value, TimeSpan? expiry, CancellationToken cancellationToken)
    {
        var begun = _pool.Begin("SET"u8).Add(key).Add(value.Span);
        if (expiry is { } time)
        {
            begun.Add("PX"u8).Add((long)Math.Max(time.TotalMilliseconds, 1));
        }

        return FinishAsync(begun, cancellationToken);
    }

    /// <summary>True when there was something to delete.</summary>
    public ValueTask<bool> DeleteAsync(string key, CancellationToken cancellationToken) =>
        AnyAsync(_pool.Begin("DEL"u8).Add(key), cancellationToken);

    /// <summary>Tells all who listen to the channel now; true when the server knew of any.</summary>
    public ValueTask<bool> PublishAsync(
        string channel, ReadOnlyMemory<byte> message, CancellationToken cancellationToken) =>
        AnyAsync(_pool.Begin("PUBLISH"u8).Add(channel).Add(message.Span), cancellationToken);

    public async ValueTask DisposeAsync()
    {
        await Subscriber.DisposeAsync().ConfigureAwait(false);
        await _pool.DisposeAsync().ConfigureAwait(false);
    }

    private async ValueTask FinishAsync(RespCall begun, CancellationToken cancellationToken) =>
        (await _pool.RunAsync(begun, cancellationToken).ConfigureAwait(false)).Dispose();

    private async ValueTask<bool> AnyAsync(RespCall begun, CancellationToken cancellationToken)
    {
        using var reply = await _pool.RunAsync(begun, cancellationToken).ConfigureAwait(false);
        return ReadInteger(reply.Read()) > 0;
    }

    private static long ReadInteger(RespReader reader) => reader.ReadInteger();

    private static byte[]? ReadValue(RespReader reader) => reader.IsNull ? null : reader.ReadBytes().ToArray();

    private static byte[]?[] ReadValues(RespReader reader)
    {
        var values = new byte[]?[reader.ReadAggregate()];
        for (var i = 0; i < values.Length; i++)
        {
            var isNull = reader.IsNull;
            var bytes = reader.ReadBytes();
            values[i] = isNull ? null : bytes.ToArray();
        }

        return values;
    }
}
