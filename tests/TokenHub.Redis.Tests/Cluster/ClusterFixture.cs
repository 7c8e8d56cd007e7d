using TokenHub.Redis.Tests.Servers;
using TokenHub.TestKit.Servers;

namespace TokenHub.Redis.Tests.Cluster;

/// <summary>One cluster of three masters for the tests of a class that do not harm it.</summary>
public sealed class ClusterFixture : IAsyncLifetime
{
    private RedisCluster? _cluster;
    private RedisClient? _client;

    public RedisCluster Cluster => _cluster!;

    public RedisClient Client => _client!;

    public RedisOptions Options => Backends.Patient(Cluster.Url);

    public async ValueTask InitializeAsync()
    {
        _cluster = await RedisCluster.StartAsync();
        _client = await RedisClient.ConnectAsync(Options, CancellationToken.None);
    }

    public async ValueTask DisposeAsync()
    {
        await _client!.DisposeAsync();
        await _cluster!.DisposeAsync();
    }
}
