using TokenHub.Core.Money;
using TokenHub.Core.Snapshots;
using TokenHub.Ledger.Balances;
using TokenHub.Ledger.Gateways;
using TokenHub.Ledger.Rebuilding;
using TokenHub.Ledger.Tests.Fixtures;
using TokenHub.Redis;

namespace TokenHub.Ledger.Tests.Balances;

[Trait("needs", "postgres, redis")]
public sealed class HydratorTests(LedgerServers servers)
{
    [Fact]
    public async Task Eight_at_once_bring_one_balance_and_one_epoch()
    {
        await using var desk = await Desk.OpenAsync(servers);
        var caller = await desk.Bank.AddUserAsync(Usd.FromDollars(10));
        var planes = new List<RedisClient>();
        for (var i = 0; i < 8; i++)
        {
            planes.Add(await Desk.ConnectAsync(desk.Server));
        }

        var replies = await Task.WhenAll(planes.Select(async redis =>
        {
            var till = new Till(redis.Runner);
            var watch = new RedisWatch(desk.Bank.Database, redis, till, new GatewayLeases(desk.Bank.Database));
            var hydrator = new Hydrator(
                desk.Bank.Database, till, new ShardBuilder(desk.Bank.Database, redis, watch));
            return await hydrator.HydrateAsync(new PlaneMessages.HydrateRequest(caller.User, caller.Key));
        }));

        Assert.All(replies, reply => Assert.Equal(new PlaneMessages.HydrateReply(true, 1), reply));
        await desk.AssertSettledAsync(caller.User);
        foreach (var redis in planes)
        {
            await redis.DisposeAsync();
        }
    }

    [Fact]
    public async Task Balance_is_right_whatever_is_posted_meanwhile()
    {
        await using var desk = await Desk.OpenAsync(servers);
        for (var round = 0; round < 15; round++)
        {
            var caller = await desk.Bank.AddUserAsync(Usd.FromDollars(10));

            // The gateway's side is through; posting and acknowledging run against the hydration.
            var records = Enumerable.Range(0, 6).Select(_ => desk.Bank.Request(caller)).ToArray();
            var posting = Task.Run(async () =>
            {
                foreach (var record in records)
                {
                    await desk.ShipAsync(acknowledge: true, record);
                }
            });
            await Task.WhenAll(posting, desk.HydrateAsync(caller), desk.HydrateAsync(caller));

            await desk.AssertSettledAsync(caller.User);
        }
    }

    [Fact]
    public async Task Charge_posted_between_reading_and_writing_is_not_lost()
    {
        await using var desk = await Desk.OpenAsync(servers);
        var caller = await desk.Bank.AddUserAsync(Usd.FromDollars(10));
        var till = new Till(new InterruptedRunner(
            desk.Redis.Runner, "hydrate", () => desk.ShipAsync(acknowledge: true, desk.Bank.Request(caller))));
        var hydrator = new Hydrator(desk.Bank.Database, till, new ShardBuilder(desk.Bank.Database, desk.Redis, desk.Watch));

        await hydrator.HydrateAsync(new PlaneMessages.HydrateRequest(caller.User, caller.Key));

        await desk.AssertSettledAsync(caller.User);
        Assert.Equal(
            await desk.Bank.ScalarAsync<long>("select spent_units from api_keys where id = @Key", new { caller.Key }),
            long.Parse(await FieldAsync(desk, RedisKeys.Spend(caller.User, caller.Key), "spent")));
    }

    [Fact]
    public async Task User_disabled_between_reading_and_writing_stays_disabled()
    {
        await using var desk = await Desk.OpenAsync(servers);
        var caller = await desk.Bank.AddUserAsync(Usd.FromDollars(10));
        var till = new Till(new InterruptedRunner(desk.Redis.Runner, "hydrate", async () =>
        {
            await desk.Bank.ExecuteAsync("update users set status = 'disabled' where id = @User", new { caller.User });
            await desk.Balances.TellAsync(caller.User);
        }));
        var hydrator = new Hydrator(desk.Bank.Database, till, new ShardBuilder(desk.Bank.Database, desk.Redis, desk.Watch));

        await hydrator.HydrateAsync(new PlaneMessages.HydrateRequest(caller.User, caller.Key));

        Assert.Equal("0", await FieldAsync(desk, RedisKeys.Account(caller.User), "st"));
    }

    [Fact]
    public async Task Unknown_accounts_and_keys_are_said_to_be_unknown()
    {
        await using var desk = await Desk.OpenAsync(servers);
        var one = await desk.Bank.AddUserAsync();
        var other = await desk.Bank.AddUserAsync();

        Assert.True((await desk.HydrateAsync((one.User, 0))).Found);
        Assert.False((await desk.HydrateAsync((one.User, other.Key))).Found);
        Assert.False((await desk.HydrateAsync((one.User, 99_999))).Found);
        Assert.False((await desk.HydrateAsync((99_999, one.Key))).Found);
        Assert.False((await desk.HydrateAsync((1, 0))).Found);
    }

    [Fact]
    public async Task Redis_that_lost_everything_gets_a_new_epoch()
    {
        await using var desk = await Desk.OpenAsync(servers);
        var caller = await desk.Bank.AddUserAsync(Usd.FromDollars(10));
        await desk.HydrateAsync(caller);
        await desk.CommandAsync("FLUSHALL");

        var reply = await desk.HydrateAsync(caller);

        Assert.Equal(new PlaneMessages.HydrateReply(true, 2), reply);
        await desk.HoldAsync(desk.Bank.Request(caller));
    }

    [Fact]
    public async Task Redis_with_an_older_copy_is_brought_up_to_date_before_it_is_used()
    {
        await using var desk = await Desk.OpenAsync(servers);
        var caller = await desk.Bank.AddUserAsync(Usd.FromDollars(10));
        await desk.HydrateAsync(caller);
        var sibling = await desk.Bank.AddUserAsync(Usd.FromDollars(10));
        while (Shards.Of(sibling.User) != Shards.Of(caller.User))
        {
            sibling = await desk.Bank.AddUserAsync(Usd.FromDollars(10));
        }

        await desk.HydrateAsync(sibling);
        await desk.ShipAsync(acknowledge: false, desk.Bank.Request(sibling, input: 1_000_000));
        await desk.Bank.ExecuteAsync("update shards set epoch = 7");

        var reply = await desk.HydrateAsync(caller);

        Assert.Equal(8, reply.Epoch);
        var held = await desk.Till.ReserveAsync(
            new HoldRequest(
                desk.Bank.Request(sibling).RequestId, sibling.User, sibling.Key, Usd.FromDollars(1), 1000, 1, 1, null, 50,
                null, null, null, 1),
            CancellationToken.None);
        Assert.Equal(TillCode.NotHydrated, held.Code);
        await desk.HydrateAsync(sibling);
        Assert.Equal(
            await desk.Bank.BalanceAsync(sibling.User), (await desk.StateAsync(sibling.User)).Balance);
        Assert.Equal(
            await desk.Bank.ScalarAsync<long>("select spent_units from api_keys where id = @Key", new { sibling.Key }),
            long.Parse(await FieldAsync(desk, RedisKeys.Spend(sibling.User, sibling.Key), "spent")));
    }

    [Fact]
    public async Task Till_that_knew_the_old_epoch_goes_on_with_the_new_one()
    {
        await using var desk = await Desk.OpenAsync(servers);
        var caller = await desk.Bank.AddUserAsync(Usd.FromDollars(10));
        await using var redis = await Desk.ConnectAsync(desk.Server);
        var gateway = new Till(redis.Runner);
        await desk.HydrateAsync(caller);
        var unheld = desk.Bank.Request(caller).RequestId;
        Assert.Equal(TillCode.Repeated, await gateway.ReleaseAsync(unheld, caller.User, caller.Key, default));
        await desk.CommandAsync("FLUSHALL");

        Assert.Equal(
            TillCode.ShardNotBuilt,
            (await gateway.ExtendAsync(unheld, caller.User, caller.Key, Usd.Zero, null, 1, default)).Code);
        await desk.HydrateAsync(caller);
        Assert.Equal(TillCode.Repeated, await gateway.ReleaseAsync(unheld, caller.User, caller.Key, default));
    }

    private static async Task<string> FieldAsync(Desk desk, string key, string field)
    {
        using var reply = await desk.Redis.Runner.RunAsync(
            desk.Redis.Runner.Begin("HGET"u8).Add(key).Add(field), CancellationToken.None);
        return System.Text.Encoding.ASCII.GetString(reply.Read().ReadBytes());
    }
}
