using TokenHub.Redis.Tests.Model;
using TokenHub.Redis.Tests.Servers;
using TokenHub.TestKit.Servers;

namespace TokenHub.Redis.Tests.Cluster;

/// <summary>
/// A Cluster of one node refuses keys of several slots in one call, and keys that a script touches without having
/// been given them: whatever passes here passes in a large one.
/// </summary>
public sealed class ClusterRulesTests
{
    private static CancellationToken None => CancellationToken.None;

    [Fact]
    public async Task Every_call_of_the_till_keeps_to_one_slot_and_to_its_keys()
    {
        await using var server = await StartAsync();
        await using var client = await RedisClient.ConnectAsync(Backends.Patient(server.Url + "?mode=single"), None);
        await ServerState.ListAsync(client.Runner, "CLUSTER", "ADDSLOTSRANGE", "0", "16383");
        await Probe.UntilAsync(
            async () => (await ServerState.ListAsync(client.Runner, "CLUSTER", "INFO"))[0].StartsWith(
                "cluster_state:ok", StringComparison.Ordinal),
            TimeSpan.FromSeconds(10),
            "the cluster serves");
        var till = new Redis.Till(client.Runner);

        for (var account = 1L; account <= 40; account++)
        {
            await Lives.LiveAsync(till, account);
        }
    }

    [Fact]
    public async Task Key_that_was_not_declared_is_refused_there()
    {
        await using var server = await StartAsync();
        await using var client = await RedisClient.ConnectAsync(Backends.Patient(server.Url + "?mode=single"), None);
        await ServerState.ListAsync(client.Runner, "CLUSTER", "ADDSLOTSRANGE", "0", "16383");
        var stray = new Redis.Scripts.LuaScript("stray", 1, "", "return redis.call('GET', 'elsewhere')");

        RedisUnavailableException? refusal = null;
        await Probe.UntilAsync(
            async () =>
            {
                refusal = await Assert.ThrowsAsync<RedisUnavailableException>(
                    async () => await client.Runner.RunAsync(client.Runner.Begin(stray).Add("{a}:1"), None));
                return refusal.Fault != RedisFault.ClusterDown;
            },
            TimeSpan.FromSeconds(10),
            "the cluster serves");

        Assert.Contains("Script attempted to access key", refusal!.Message, StringComparison.Ordinal);
    }

    // The port of the bus is by default ten thousand higher, which an outgoing connection may have.
    private static Task<RedisServer> StartAsync() =>
        RedisServer.StartAsync(false, "--cluster-enabled", "yes", "--cluster-port", $"{FreePort.Next()}");
}
