using System.Collections.Concurrent;
using TokenHub.TestKit.Servers;

[assembly: AssemblyFixture(typeof(TokenHub.ControlPlane.Tests.Support.Servers))]

namespace TokenHub.ControlPlane.Tests.Support;

/// <summary>One PostgreSQL, one Redis and one control plane for all tests that need no world of their own.</summary>
public sealed class Servers : IAsyncLifetime
{
    private readonly ConcurrentDictionary<string, int> _redisDatabases = [];
    private PostgresServer? _postgres;
    private RedisServer? _redis;
    private Plane? _shared;
    private int _redisDatabasesUsed = -1;

    public PostgresServer Postgres => _postgres!;

    public RedisServer Redis => _redis!;

    internal Plane Shared => _shared!;

    /// <summary>
    /// The database of Redis that belongs to one of PostgreSQL: two ledgers over one Redis would take each other's
    /// shards for lost, and rebuild them without end.
    /// </summary>
    public int RedisDatabaseOf(string database) =>
        _redisDatabases.GetOrAdd(database, _ => Interlocked.Increment(ref _redisDatabasesUsed));

    public async ValueTask InitializeAsync()
    {
        _postgres = await PostgresServer.StartAsync();
        _redis = await RedisServer.StartAsync(false, "--databases", "4096");
        _shared = await Plane.StartAsync(this);
    }

    public async ValueTask DisposeAsync()
    {
        if (_shared is not null)
        {
            await _shared.DisposeAsync();
        }

        if (_redis is not null)
        {
            await _redis.DisposeAsync();
        }

        if (_postgres is not null)
        {
            await _postgres.DisposeAsync();
        }
    }
}
