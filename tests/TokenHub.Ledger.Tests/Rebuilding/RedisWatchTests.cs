using TokenHub.Core.Money;
using TokenHub.Core.Snapshots;
using TokenHub.Ledger.Gateways;
using TokenHub.Ledger.Rebuilding;
using TokenHub.Ledger.Tests.Fixtures;
using TokenHub.Redis;
using TokenHub.TestKit.Servers;

namespace TokenHub.Ledger.Tests.Rebuilding;

[Trait("needs", "postgres, redis")]
public sealed class RedisWatchTests(LedgerServers servers)
{
    [Fact]
    public async Task First_round_opens_every_shard_and_the_next_changes_nothing()
    {
        await using var desk = await Desk.OpenAsync(servers);

        Assert.Equal(WatchRound.Open, await desk.Watch.RunAsync());
        Assert.Equal(WatchRound.Open, await desk.Watch.RunAsync());

        Assert.Equal(256, await desk.Bank.ScalarAsync<long>(
            "select count(*) from shards where epoch = 1 and rebuilding is null"));
        var marks = await new ShardMarks(desk.Redis).ReadAsync(CancellationToken.None);
        Assert.All(marks, mark => Assert.Equal(1, mark!.Value.Epoch));
        Assert.All(marks, mark => Assert.True(mark!.Value.HighWater > 0));
    }

    [Fact]
    public async Task Emptied_redis_opens_again_only_when_every_living_gateway_has_told_what_it_holds()
    {
        await using var desk = await LivingAsync();
        var registry = new GatewayRegistry(desk.Bank.Database);
        await desk.CommandAsync("FLUSHALL");

        Assert.Equal(WatchRound.Waiting, await desk.Watch.RunAsync());
        Assert.Equal(WatchRound.Waiting, await desk.Watch.RunAsync());
        var told = (await registry.BeatAsync(Beat()))!;
        Assert.Equal(256, told.Rebuilding!.Count);
        Assert.All(told.Rebuilding, shard => Assert.Equal(2, shard.Epoch));
        Assert.Equal(WatchRound.Waiting, await desk.Watch.RunAsync());

        await registry.BeatAsync(Beat() with { Ready = told.Rebuild });
        Assert.Equal(WatchRound.Open, await desk.Watch.RunAsync());
        Assert.Equal(0, (await registry.BeatAsync(Beat()))!.Rebuild);
    }

    [Fact]
    public async Task Dead_gateway_is_waited_for_no_longer_than_its_lease()
    {
        var clock = new HandClock();
        await using var desk = await LivingAsync();
        var watch = new RedisWatch(
            desk.Bank.Database, desk.Redis, desk.Till, new GatewayLeases(desk.Bank.Database, clock), clock);
        await desk.CommandAsync("FLUSHALL");

        Assert.Equal(WatchRound.Waiting, await watch.RunAsync());
        for (var second = 0; second < 5; second++)
        {
            clock.Advance(TimeSpan.FromSeconds(1));
            Assert.Equal(WatchRound.Waiting, await watch.RunAsync());
        }

        clock.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(WatchRound.Open, await watch.RunAsync());
    }

    [Fact]
    public async Task Loss_in_the_middle_of_a_rebuild_is_mended_too()
    {
        await using var desk = await LivingAsync();
        var registry = new GatewayRegistry(desk.Bank.Database);
        await desk.CommandAsync("FLUSHALL");
        await desk.Watch.RunAsync();
        var first = (await registry.BeatAsync(Beat()))!.Rebuild;
        await registry.BeatAsync(Beat() with { Ready = first });
        await desk.Watch.RunAsync();
        await desk.CommandAsync("FLUSHALL");

        Assert.Equal(WatchRound.Waiting, await desk.Watch.RunAsync());

        var second = (await registry.BeatAsync(Beat()))!.Rebuild;
        Assert.True(second > first);
        await registry.BeatAsync(Beat() with { Ready = second });
        Assert.Equal(WatchRound.Open, await desk.Watch.RunAsync());
        Assert.Equal(3, await desk.Bank.ScalarAsync<long>("select max(epoch) from shards"));
    }

    // The process that was at it ended: after raising the epochs, after closing Redis, after opening it.
    [Theory]
    [InlineData("", true)]
    [InlineData("DEL", true)]
    [InlineData("SET", false)]
    public async Task Whoever_comes_next_finishes_what_another_began(string lastCommand, bool mustWait)
    {
        await using var desk = await LivingAsync();
        await new RedisWatch(desk.Bank.Database, desk.Redis, desk.Till, desk.Leases).CloseAllAsync();
        var number = await desk.Watch.ReadUnderWayAsync();
        for (var shard = 0; shard < Shards.Count && lastCommand.Length > 0; shard++)
        {
            await desk.CommandAsync([lastCommand, RedisKeys.Epoch(shard), .. lastCommand == "SET" ? ["2"] : Nothing]);
        }

        if (!mustWait)
        {
            await new GatewayRegistry(desk.Bank.Database).BeatAsync(Beat() with { Ready = number });
        }

        var next = new RedisWatch(desk.Bank.Database, desk.Redis, desk.Till, new GatewayLeases(desk.Bank.Database));
        Assert.Equal(mustWait ? WatchRound.Waiting : WatchRound.Open, await next.RunAsync());
        await new GatewayRegistry(desk.Bank.Database).BeatAsync(Beat() with { Ready = number });
        Assert.Equal(WatchRound.Open, await next.RunAsync());
        Assert.Equal(0, await next.ReadUnderWayAsync());
    }

    [Fact]
    public async Task Redis_that_is_seconds_older_is_told_again_and_stays_open()
    {
        await using var desk = await LivingAsync();
        var registry = new GatewayRegistry(desk.Bank.Database);
        var before = (await registry.BeatAsync(Beat()))!.Replay;
        await SetBackAsync(desk, TimeSpan.FromSeconds(3));

        Assert.Equal(WatchRound.Open, await desk.Watch.RunAsync());

        var reply = (await registry.BeatAsync(Beat()))!;
        Assert.Equal((before + 1, 0), (reply.Replay, reply.Rebuild));
        Assert.Equal(WatchRound.Open, await desk.Watch.RunAsync());
        Assert.Equal(before + 1, (await registry.BeatAsync(Beat()))!.Replay);
    }

    [Fact]
    public async Task Redis_that_is_a_day_older_is_built_anew_although_its_epochs_are_right()
    {
        await using var desk = await LivingAsync();
        await SetBackAsync(desk, TimeSpan.FromDays(1));

        Assert.Equal(WatchRound.Waiting, await desk.Watch.RunAsync());
        Assert.Null((await new ShardMarks(desk.Redis).ReadAsync(CancellationToken.None))[0]!.Value.Epoch);
    }

    [Fact]
    public async Task Restart_of_every_control_plane_is_no_loss_and_a_loss_during_it_is_found()
    {
        await using var desk = await LivingAsync();
        var seen = await desk.Bank.ScalarAsync<long>("select high_waters[1] from redis_watch");
        Assert.True(seen > 0);

        var second = new RedisWatch(desk.Bank.Database, desk.Redis, desk.Till, desk.Leases);
        Assert.Equal(WatchRound.Open, await second.RunAsync());

        await SetBackAsync(desk, TimeSpan.FromMinutes(1));
        var third = new RedisWatch(desk.Bank.Database, desk.Redis, desk.Till, desk.Leases);
        Assert.Equal(WatchRound.Waiting, await third.RunAsync());
    }

    [Fact]
    public async Task Restarted_redis_with_everything_in_it_is_told_again()
    {
        await using var desk = await LivingAsync(appendOnly: true);
        await desk.Server.KillAsync();
        await desk.Server.RestartAsync();
        await Probe.UntilAsync(() => desk.Redis.IsConnected, TimeSpan.FromSeconds(30), "Redis is back");

        Assert.Equal(WatchRound.Open, await desk.Watch.RunAsync());

        Assert.Equal(1, await desk.Bank.ScalarAsync<long>("select replay from redis_watch"));
        Assert.True(await RecheckOf(desk).RunAsync());
        Assert.False(await RecheckOf(desk).RunAsync());
    }

    [Fact]
    public async Task Charges_that_an_older_copy_still_shows_as_waiting_are_taken_away_at_once()
    {
        await using var desk = await LivingAsync();
        var caller = await desk.Bank.AddUserAsync(Usd.FromDollars(10));
        await desk.HydrateAsync(caller);
        var posted = desk.Bank.Request(caller);
        var onItsWay = desk.Bank.Request(caller);
        await desk.SettleAsync(posted);
        await desk.SettleAsync(onItsWay);
        await desk.ShipAsync(acknowledge: false, posted);
        await desk.Bank.ExecuteAsync("update redis_watch set recheck = 1");

        Assert.True(await RecheckOf(desk).RunAsync());

        Assert.Equal(onItsWay.Cost, (await desk.StateAsync(caller.User)).Unsettled);
    }

    [Fact]
    public async Task Three_control_planes_open_each_shard_once()
    {
        await using var desk = await Desk.OpenAsync(servers);
        var watches = Enumerable.Range(0, 3).Select(_ => new RedisWatch(
            desk.Bank.Database, desk.Redis, desk.Till, new GatewayLeases(desk.Bank.Database))).ToArray();
        for (var wipe = 0; wipe < 3; wipe++)
        {
            await desk.CommandAsync("FLUSHALL");
            await Probe.UntilAsync(
                async () => (await Task.WhenAll(watches.Select(watch => watch.RunAsync()))).Contains(WatchRound.Open)
                    && await desk.Watch.ReadUnderWayAsync() == 0,
                TimeSpan.FromSeconds(30),
                "all shards are open");
        }

        Assert.Equal(3, await desk.Bank.ScalarAsync<long>("select min(epoch) from shards"));
        Assert.Equal(3, await desk.Bank.ScalarAsync<long>("select max(epoch) from shards"));
    }

    private static readonly string[] Nothing = [];

    private static PlaneMessages.GatewayBeat Beat() =>
        new(1, 1, 0, 0, OpenHolds: 0, OldestOpenMs: 0, RecoveryDone: true, Draining: false, 0, "");

    private static Recheck RecheckOf(Desk desk) =>
        new(desk.Bank.Database, desk.Till, desk.Balances, desk.Acknowledger);

    // All that a copy of the shards from so long ago would differ in, but for the money.
    private static async Task SetBackAsync(Desk desk, TimeSpan by)
    {
        var now = (await new ShardMarks(desk.Redis).ReadAsync(CancellationToken.None))[0]!.Value.HighWater!.Value;
        await new ShardMarks(desk.Redis).RaiseAsync(
            [.. Enumerable.Range(0, Shards.Count)], now - (long)by.TotalMilliseconds, CancellationToken.None);
    }

    // With all shards open and a gateway that lives.
    private async Task<Desk> LivingAsync(bool appendOnly = false)
    {
        var desk = await Desk.OpenAsync(servers, appendOnly);
        Assert.Equal(WatchRound.Open, await desk.Watch.RunAsync());
        await new GatewayRegistry(desk.Bank.Database).BeatAsync(Beat());
        return desk;
    }
}
