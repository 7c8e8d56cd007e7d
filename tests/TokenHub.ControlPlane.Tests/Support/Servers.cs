using TokenHub.TestKit.Servers;

[assembly: AssemblyFixture(typeof(TokenHub.ControlPlane.Tests.Support.Servers))]

namespace TokenHub.ControlPlane.Tests.Support;

/// <summary>One PostgreSQL, one Redis and one control plane for all tests that need no world of their own.</summary>
public sealed class Servers : IAsyncLifetime
{
    private PostgresServer? _postgres;
    private RedisServer? _redis;
    private Plane? _shared;

    public PostgresServer Postgres => _postgres!;

    public RedisServer Redis => _redis!;

    internal Plane Shared => _shared!;

    public async ValueTask InitializeAsync()
    {
        _postgres = await PostgresServer.StartAsync();
        _redis = await RedisServer.StartAsync();
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
