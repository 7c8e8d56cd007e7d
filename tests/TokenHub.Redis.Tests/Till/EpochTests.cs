using TokenHub.Core.Money;
using TokenHub.Core.Requests;
using TokenHub.Redis.Tests.Servers;
using TokenHub.TestKit.Servers;

namespace TokenHub.Redis.Tests.Till;

/// <summary>Redis may be emptied or go back in time; the epoch of a shard tells.</summary>
public sealed class EpochTests
{
    private const long Account = 5;
    private static readonly RequestIdSource Ids = new(1, 1);
    private static CancellationToken None => CancellationToken.None;

    [Fact]
    public async Task Till_follows_an_epoch_that_rises_and_repeats_the_call()
    {
        await using var server = await RedisServer.StartAsync();
        await using var client = await RedisClient.ConnectAsync(Backends.Patient(server.Url), None);
        var builder = new Redis.Till(client.Runner);
        var till = new Redis.Till(client.Runner);
        await builder.BuildShardAsync(Shards.Of(Account), 3, None);
        await HydrateAsync(builder);
        Assert.Equal(TillCode.Ok, await ReserveAsync(till));

        await builder.BuildShardAsync(Shards.Of(Account), 4, None);
        await HydrateAsync(builder);

        Assert.Equal(TillCode.Ok, await ReserveAsync(till));
        Assert.Empty(await till.ReapAsync(Shards.Of(Account), 10, None));
        await builder.BuildShardAsync(Shards.Of(Account), 5, None);
        await HydrateAsync(builder);
        Assert.Empty(await till.ReapAsync(Shards.Of(Account), 10, None));
        Assert.Equal(TillCode.Ok, await ReserveAsync(till));
    }

    [Fact]
    public async Task Balance_of_another_epoch_is_not_believed_whatever_its_version()
    {
        await using var server = await RedisServer.StartAsync();
        await using var client = await RedisClient.ConnectAsync(Backends.Patient(server.Url), None);
        var till = new Redis.Till(client.Runner);
        var shard = Shards.Of(Account);
        await till.BuildShardAsync(shard, 1, None);
        await till.HydrateAsync(Account, new Usd(5_000), 80, true, 50, 9, Usd.Zero, 70, None);
        await till.BuildShardAsync(shard, 2, None);

        Assert.Equal(TillCode.NotHydrated, await ReserveAsync(till));
        Assert.Equal(TillCode.NotHydrated, await till.SetBalanceAsync(Account, new Usd(9), 90, true, 50, None));

        // PostgreSQL is the truth, also where an older copy claims more postings.
        Assert.Equal(TillCode.Ok, await HydrateAsync(till));
        Assert.Equal(TillCode.Ok, await ReserveAsync(till));
        Assert.Equal(new Usd(90), (await till.ReadAccountAsync(Account, None))!.Available);
    }

    [Fact]
    public async Task Gateway_settles_under_a_new_epoch_but_reserves_only_once_it_has_joined()
    {
        await using var server = await RedisServer.StartAsync();
        await using var client = await RedisClient.ConnectAsync(Backends.Patient(server.Url), None);
        var builder = new Redis.Till(client.Runner);
        var gateway = new Redis.Till(client.Runner, joinsByItself: false);
        var shard = Shards.Of(Account);
        await builder.BuildShardAsync(shard, 3, None);
        await HydrateAsync(builder);

        Assert.Equal(TillCode.StaleEpoch, await ReserveAsync(gateway));
        Assert.Equal((3, 0), (gateway.EpochOf(shard), gateway.JoinedEpochOf(shard)));
        gateway.Join(shard, 3);
        Assert.Equal(TillCode.Ok, await ReserveAsync(gateway));

        await builder.BuildShardAsync(shard, 4, None);
        await HydrateAsync(builder);
        var served = Ids.Next(0);
        Assert.Equal(
            TillCode.RecordedWithoutHold,
            (await gateway.SettleAsync(served, Account, 9, new Usd(5), default, None)).Code);
        Assert.Equal(TillCode.StaleEpoch, await ReserveAsync(gateway));
        Assert.Equal((4, 3), (gateway.EpochOf(shard), gateway.JoinedEpochOf(shard)));
    }

    [Fact]
    public async Task Till_refuses_a_server_that_went_back_in_time()
    {
        await using var server = await RedisServer.StartAsync();
        await using var client = await RedisClient.ConnectAsync(Backends.Patient(server.Url), None);
        var builder = new Redis.Till(client.Runner);
        var till = new Redis.Till(client.Runner);
        await builder.BuildShardAsync(Shards.Of(Account), 7, None);
        await HydrateAsync(builder);
        Assert.Equal(TillCode.Ok, await ReserveAsync(till));

        await new Redis.Till(client.Runner).BuildShardAsync(Shards.Of(Account), 6, None);

        Assert.Equal(TillCode.StaleEpoch, await ReserveAsync(till));
        Assert.Equal(TillCode.StaleEpoch, await HydrateAsync(till));
        Assert.Equal((int)TillCode.StaleEpoch, await till.AckAsync(Account, Usd.Zero, 1, 9, Usd.Zero, 1, [], None));
        Assert.Empty(await till.OutboxAsync(Shards.Of(Account), 0, 10, None));
    }

    [Fact]
    public async Task Emptied_server_refuses_until_the_shard_is_built_and_holds_are_put_back()
    {
        await using var server = await RedisServer.StartAsync();
        await using var client = await RedisClient.ConnectAsync(Backends.Patient(server.Url), None);
        var till = new Redis.Till(client.Runner);
        var shard = Shards.Of(Account);
        await till.BuildShardAsync(shard, 1, None);
        await HydrateAsync(till);
        var rid = Ids.Next(0);
        await till.ReserveAsync(Request(rid), None);
        await server.KillAsync();
        await server.RestartAsync();
        await Probe.UntilAsync(() => client.IsConnected, TimeSpan.FromSeconds(10), "the client is back");

        Assert.Equal(TillCode.ShardNotBuilt, await ReserveAsync(till));
        Assert.Equal(1, await till.ReholdAsync(Account, [new Rehold(rid, 9, new Usd(10), 60_000, 1, 1)], None));
        var other = Ids.Next(0);
        Assert.Equal(
            TillCode.RecordedWithoutHold,
            (await till.SettleAsync(other, Account, 9, new Usd(7), new byte[] { 1 }, None)).Code);
        await till.BuildShardAsync(shard, 2, None);
        Assert.Equal(TillCode.Ok, await HydrateAsync(till));
        Assert.Equal(
            new HoldReply(TillCode.Ok, new Usd(88), 0),
            await till.SettleAsync(rid, Account, 9, new Usd(5), new byte[] { 1 }, None));
    }

    private static async Task<TillCode> HydrateAsync(Redis.Till till) =>
        await till.HydrateAsync(Account, new Usd(100), 1, true, 50, 9, Usd.Zero, 1, None);

    private static async Task<TillCode> ReserveAsync(Redis.Till till) =>
        (await till.ReserveAsync(Request(Ids.Next(0)), None)).Code;

    private static HoldRequest Request(RequestId rid) =>
        new(rid, Account, 9, new Usd(10), 60_000, 1, 1, null, 50, null, null, null, 1);
}
