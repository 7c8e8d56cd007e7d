using TokenHub.Core.Money;
using TokenHub.Core.Requests;
using TokenHub.Redis.Tests.Model;
using TokenHub.Redis.Tests.Servers;
using TokenHub.TestKit.Servers;

namespace TokenHub.Redis.Tests;

/// <summary>
/// A Cluster of one node refuses keys of several slots in one call, and keys that a script touches without having
/// been given them: whatever passes here passes in a large one.
/// </summary>
public sealed class ClusterRulesTests
{
    private static readonly RequestIdSource Ids = new(1, 1);
    private static CancellationToken None => CancellationToken.None;

    [Fact]
    public async Task Every_call_of_the_till_keeps_to_one_slot_and_to_its_keys()
    {
        await using var server = await RedisServer.StartAsync(false, "--cluster-enabled", "yes");
        await using var client = await RedisClient.ConnectAsync(Backends.Patient(server.Url), None);
        await ServerState.ListAsync(client.Runner, "CLUSTER", "ADDSLOTSRANGE", "0", "16383");
        await Probe.UntilAsync(
            async () => (await ServerState.ListAsync(client.Runner, "CLUSTER", "INFO"))[0].StartsWith(
                "cluster_state:ok", StringComparison.Ordinal),
            TimeSpan.FromSeconds(10),
            "the cluster serves");
        var till = new Redis.Till(client.Runner);

        for (var account = 1L; account <= 40; account++)
        {
            await LiveAsync(till, account);
        }
    }

    [Fact]
    public async Task Key_that_was_not_declared_is_refused_there()
    {
        await using var server = await RedisServer.StartAsync(false, "--cluster-enabled", "yes");
        await using var client = await RedisClient.ConnectAsync(Backends.Patient(server.Url), None);
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

    private static async Task LiveAsync(Redis.Till till, long account)
    {
        var shard = Shards.Of(account);
        var (first, second, third) = (Ids.Next(0), Ids.Next(0), Ids.Next(0));
        var request = new HoldRequest(
            first, account, 9, new Usd(10), 0, 1, 1, new Usd(1000), 50, 10, 100, 100_000, 10);
        Assert.Equal(
            1, await till.ReholdAsync(account, [new Rehold(second, 9, new Usd(5), 60_000, 1, 1)], None));
        await till.BuildShardAsync(shard, 1, None);
        Assert.Equal(TillCode.Ok, await till.HydrateAsync(account, new Usd(900), 1, true, 50, 9, Usd.Zero, 1, None));
        Assert.Equal(TillCode.Ok, await till.SetBalanceAsync(account, new Usd(1000), 2, true, 50, None));
        Assert.Equal(TillCode.Ok, (await till.ReserveAsync(request, None)).Code);
        Assert.Equal(TillCode.Ok, (await till.ReserveAsync(request with { Rid = third }, None)).Code);
        Assert.Equal(TillCode.Ok, (await till.ExtendAsync(first, account, 9, new Usd(1), null, 0, None)).Code);
        Assert.Contains(await till.ReapAsync(shard, 1000, None), due => due.Rid == first);
        Assert.Contains(await till.ListHoldsAsync(shard, 0, 1000, None), hold => hold.Rid == second);
        Assert.Equal(TillCode.Ok, (await till.SettleAsync(first, account, 9, new Usd(7), default, None)).Code);
        Assert.Equal(TillCode.Ok, await till.ReleaseAsync(third, account, 9, None));
        Assert.Contains(await till.OutboxAsync(shard, 0, 1000, None), entry => entry.Rid == first);
        Assert.Equal(2, await till.AckAsync(account, new Usd(993), 3, 9, new Usd(7), 2, [first, second], None));
        Assert.Equal(
            new AccountState(new Usd(993), 3, Usd.Zero, Usd.Zero, 0), await till.ReadAccountAsync(account, None));
    }
}
