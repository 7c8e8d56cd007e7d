using TokenHub.TestKit.Servers;

[assembly: AssemblyFixture(typeof(TokenHub.Redis.Tests.Servers.Backends))]

namespace TokenHub.Redis.Tests.Servers;

/// <summary>A server that the scripts have to run on.</summary>
public enum Backend
{
    Redis,
    Garnet,
}

/// <summary>
/// One redis-server and one garnet-server for all tests that do not harm them; tests keep apart by account number.
/// </summary>
public sealed class Backends : IAsyncLifetime
{
    /// <summary>Time of a call of which only the answer matters: the machine that runs tests may be busy.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    private RedisServer? _redis;
    private GarnetServer? _garnet;
    private RedisClient[] _clients = [];
    private static long _account = 1000;

    /// <summary>An account that no other test uses.</summary>
    public static long NextAccount() => Interlocked.Increment(ref _account);

    public string Url(Backend backend) => backend == Backend.Redis ? _redis!.Url : _garnet!.Url;

    public RedisClient Client(Backend backend) => _clients[(int)backend];

    /// <summary>A till whose shards are built.</summary>
    public Redis.Till Till(Backend backend) => new(Client(backend).Runner);

    public async ValueTask InitializeAsync()
    {
        var redis = RedisServer.StartAsync();
        var garnet = GarnetServer.StartAsync();
        _redis = await redis;
        _garnet = await garnet;
        _clients =
        [
            await RedisClient.ConnectAsync(Patient(_redis.Url), CancellationToken.None),
            await RedisClient.ConnectAsync(Patient(_garnet.Url), CancellationToken.None),
        ];
        foreach (var client in _clients)
        {
            var till = new Redis.Till(client.Runner);
            for (var shard = 0; shard < Shards.Count; shard++)
            {
                await till.BuildShardAsync(shard, 1, CancellationToken.None);
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var client in _clients)
        {
            await client.DisposeAsync();
        }

        await _redis!.DisposeAsync();
        await _garnet!.DisposeAsync();
    }

    /// <summary>Options by which no call runs out of time.</summary>
    public static RedisOptions Patient(string url) => RedisOptions.Parse(url) with
    {
        CallTimeout = Patience,
        StallTimeout = TimeSpan.FromSeconds(20),
        ContinuesInline = false,
    };
}
