using System.Diagnostics;
using System.Text;
using TokenHub.Core.Money;
using TokenHub.Redis.Cluster;
using TokenHub.Redis.Tests.Servers;
using TokenHub.TestKit;
using TokenHub.TestKit.Servers;

namespace TokenHub.Redis.Tests.Cluster;

/// <summary>Nodes of a real cluster die, come back, and are replaced by their replicas.</summary>
public sealed class NodeLossTests
{
    private static CancellationToken None => CancellationToken.None;

    [Fact]
    public async Task Node_that_dies_costs_only_its_own_accounts_and_comes_back()
    {
        // A node-timeout longer than the test: the others go on serving their slots.
        await using var cluster = await RedisCluster.StartAsync(
            false, true, 30_000, "--appendfsync", "always");
        await using var client = await RedisClient.ConnectAsync(
            RedisOptions.Parse(cluster.Url) with { CallTimeout = Backends.Patience }, None);
        var till = new Redis.Till(client.Runner);
        var (lost, kept) = (await ReadyAccountAsync(till, cluster, 1), await ReadyAccountAsync(till, cluster, 0));
        var victim = cluster.Nodes[1];
        var runId = RunIdOf(client, victim);

        await victim.KillAsync();
        await Probe.UntilAsync(
            async () => await FaultAsync(till, lost) == RedisFault.NotConnected, TimeSpan.FromSeconds(5), "it is missed");
        for (var i = 0; i < 20; i++)
        {
            var clock = Stopwatch.StartNew();
            Assert.Equal(RedisFault.NotConnected, await FaultAsync(till, lost));
            Assert.InRange(clock.ElapsedMilliseconds, 0, 1000);
            Assert.Equal(RedisFault.None, await FaultAsync(till, kept));
        }

        Assert.Equal(0, client.Generation);
        Assert.True(client.IsConnected);
        await victim.RestartAsync();
        await Probe.UntilAsync(
            async () => await FaultAsync(till, lost) == RedisFault.None, TimeSpan.FromSeconds(10), "it is back");
        Assert.Equal(1, client.Generation);
        Assert.NotEqual(runId, RunIdOf(client, victim));
    }

    [Fact]
    public async Task Replica_that_takes_over_is_found_and_counted_as_a_change()
    {
        await using var cluster = await RedisCluster.StartAsync(withReplicas: true, nodeTimeoutMs: 1000);
        await using var client = await RedisClient.ConnectAsync(RedisOptions.Parse(cluster.Url), None);
        await using var patient = await RedisClient.ConnectAsync(Backends.Patient(cluster.Url), None);
        var account = await ReadyAccountAsync(new Redis.Till(patient.Runner), cluster, 2);
        var till = new Redis.Till(client.Runner);
        var changes = 0;
        client.Changed += () => Interlocked.Increment(ref changes);
        var slowest = 0L;

        await cluster.Nodes[2].KillAsync();
        await Probe.UntilAsync(
            async () =>
            {
                var fault = RedisFault.None;
                slowest = Math.Max(slowest, await TimerLateness.MeasureAsync(async () => fault = await FaultAsync(till, account)));
                return fault == RedisFault.None && client.Generation > 0;
            },
            TimeSpan.FromSeconds(20),
            "the replica serves");

        Assert.True(slowest <= 400, $"{slowest} ms");
        Assert.True(changes > 0);
        Assert.Equal(1, client.Generation);
        Assert.Contains(client.Nodes, node => node.Endpoint == $"127.0.0.1:{cluster.Nodes[5].Port}");
        Assert.DoesNotContain(client.Nodes, node => node.Endpoint == $"127.0.0.1:{cluster.Nodes[2].Port}");
    }

    [Fact]
    public async Task Subscriber_moves_when_its_node_dies_and_tells_of_the_gap()
    {
        await using var cluster = await RedisCluster.StartAsync(false, false, 30_000);
        await using var client = await RedisClient.ConnectAsync(Backends.Patient(cluster.Url), None);
        var (gaps, heard) = (0, 0);
        client.Subscriber.Subscribe("c", _ => Interlocked.Increment(ref heard), () => Interlocked.Increment(ref gaps));
        await Probe.UntilAsync(() => client.Subscriber.IsConnected, TimeSpan.FromSeconds(10), "it listens");
        var at = await ListenedToAsync(cluster);

        var before = gaps;
        await at!.KillAsync();
        await Probe.UntilAsync(
            () => gaps > before && client.Subscriber.IsConnected, TimeSpan.FromSeconds(10), "it listens elsewhere");
        Assert.NotEqual(at, await ListenedToAsync(cluster, except: at));
        await Probe.UntilAsync(
            async () =>
            {
                try
                {
                    await client.PublishAsync("c", "x"u8.ToArray(), None);
                }
                catch (RedisUnavailableException)
                {
                    // The dead node was next in turn.
                }

                return heard > 0;
            },
            TimeSpan.FromSeconds(10),
            "messages are heard");
    }

    [Fact]
    public async Task Whole_cluster_that_restarts_is_found_again()
    {
        await using var cluster = await RedisCluster.StartAsync(false, true, 2000, "--appendfsync", "always");
        await using var client = await RedisClient.ConnectAsync(
            RedisOptions.Parse(cluster.Url) with { CallTimeout = Backends.Patience }, None);
        var till = new Redis.Till(client.Runner);
        var account = await ReadyAccountAsync(till, cluster, 0);

        await Task.WhenAll(cluster.Nodes.Select(node => node.KillAsync()));
        await Probe.UntilAsync(() => !client.IsConnected, TimeSpan.FromSeconds(5), "it is missed");
        Assert.Equal(RedisFault.NotConnected, await FaultAsync(till, account));
        await Task.WhenAll(cluster.Nodes.Select(node => node.RestartAsync()));

        await Probe.UntilAsync(
            async () => await FaultAsync(till, account) == RedisFault.None, TimeSpan.FromSeconds(20), "it serves");
        Assert.True(client.Generation >= 1);
    }

    private static async Task<RedisServer?> ListenedToAsync(RedisCluster cluster, RedisServer? except = null)
    {
        foreach (var node in cluster.Nodes.Where(node => node != except))
        {
            if ((await node.AskAsync("PUBSUB", "CHANNELS")).Contains("\r\nc\r\n", StringComparison.Ordinal))
            {
                return node;
            }
        }

        return null;
    }

    private static async Task<long> ReadyAccountAsync(Redis.Till till, RedisCluster cluster, int node)
    {
        var account = Backends.NextAccount();
        while (cluster.FirstOwnerOf(HashSlot.Of(Encoding.ASCII.GetBytes(RedisKeys.Account(account)))) != cluster.Nodes[node])
        {
            account = Backends.NextAccount();
        }

        await till.BuildShardAsync(Shards.Of(account), 1, None);
        await till.HydrateAsync(account, new Usd(1_000_000), 1, true, 1_000_000, 9, Usd.Zero, 1, None);
        return account;
    }

    private static string RunIdOf(RedisClient client, RedisServer server) =>
        client.Nodes.Single(node => node.Endpoint == $"127.0.0.1:{server.Port}").RunId;

    private static async Task<RedisFault> FaultAsync(Redis.Till till, long account)
    {
        try
        {
            var reply = await till.ReserveAsync(Lives.Request(Lives.NextId(), account), None);
            Assert.True(reply.Code is TillCode.Ok or TillCode.ShardNotBuilt, $"{reply.Code}");
            return RedisFault.None;
        }
        catch (RedisUnavailableException error)
        {
            return error.Fault;
        }
    }
}
