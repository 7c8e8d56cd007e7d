using TokenHub.Redis.Cluster;
using TokenHub.Redis.Sentinel;

namespace TokenHub.Redis.Connections;

/// <summary>Finds out how the servers of a URL belong together, and connects to them.</summary>
internal static class Topology
{
    public static async Task<ITopology> StartAsync(
        RedisOptions options, ServerChanges changes, CancellationToken cancellationToken)
    {
        ITopology servers = options.Mode switch
        {
            RedisMode.Cluster => new ClusterRunner(options, changes),
            RedisMode.Sentinel => new SentinelServer(options, changes),
            _ => new RespPool(options, changes),
        };
        if (options.Mode != RedisMode.Auto)
        {
            await StartAsync(servers, cancellationToken).ConfigureAwait(false);
            return servers;
        }

        // With several hosts any of them may be the one that is down.
        RedisUnavailableException? fault = null;
        foreach (var host in options.Hosts)
        {
            var one = new RespPool(options with { Host = host.Host, Port = host.Port }, changes);
            try
            {
                await StartAsync(one, cancellationToken).ConfigureAwait(false);
            }
            catch (RedisUnavailableException error)
            {
                fault = error;
                continue;
            }

            if (!one.Server.IsCluster && options.MoreHosts.Count == 0)
            {
                return one;
            }

            var isCluster = one.Server.IsCluster;
            await one.DisposeAsync().ConfigureAwait(false);
            if (isCluster)
            {
                return await StartAsync(options with { Mode = RedisMode.Cluster }, changes, cancellationToken)
                    .ConfigureAwait(false);
            }

            throw new RedisUnavailableException(
                RedisFault.ServerError,
                $"Redis at {host} is no node of a Cluster, but the URL names several hosts: it needs mode=sentinel.");
        }

        throw fault!;
    }

    private static async Task StartAsync(ITopology servers, CancellationToken cancellationToken)
    {
        try
        {
            await servers.StartAsync(cancellationToken).ConfigureAwait(false);
        }
        catch
        {
            await servers.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }
}
