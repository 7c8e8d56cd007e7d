using TokenHub.Core.Money;
using TokenHub.Ledger.Balances;
using TokenHub.Ledger.Postings;
using TokenHub.Ledger.Tests.Fixtures;
using TokenHub.Redis;

namespace TokenHub.Ledger.Tests.Balances;

[Trait("needs", "postgres, redis")]
public sealed class LiveBalancesTests(LedgerServers servers)
{
    [Fact]
    public async Task Status_changed_while_an_older_one_is_told_comes_through()
    {
        await using var desk = await Desk.OpenAsync(servers);
        var caller = await desk.Bank.AddUserAsync(Usd.FromDollars(10));
        await desk.HydrateAsync(caller);
        var slow = new LiveBalances(desk.Bank.Database, new Till(new InterruptedRunner(
            desk.Redis.Runner, "setbal", async () =>
            {
                await desk.Bank.ExecuteAsync("update users set status = 'disabled'");
                await desk.Balances.TellAsync(caller.User);
            })));

        await slow.TellAsync(caller.User);

        var record = desk.Bank.Request(caller);
        var reply = await desk.Till.ReserveAsync(
            new HoldRequest(
                record.RequestId, caller.User, caller.Key, record.Hold, 1000, 1, 1, null, 50, null, null, null, 1),
            CancellationToken.None);
        Assert.Equal(TillCode.Disabled, reply.Code);
    }

    [Fact]
    public async Task Recent_movements_are_told_again()
    {
        await using var desk = await Desk.OpenAsync(servers);
        var moved = await desk.Bank.AddUserAsync(Usd.FromDollars(1));
        var still = await desk.Bank.AddUserAsync(Usd.FromDollars(1));
        await desk.HydrateAsync(moved);
        await desk.HydrateAsync(still);
        await desk.Bank.ExecuteAsync("update accounts set changed_at = now() - interval '1 day'");

        // Nobody tells Redis of this one.
        await new Credits(desk.Bank.Database).CreditAsync(moved.User, Usd.FromDollars(5), "", null);

        Assert.Equal(1, await desk.Balances.TellChangedAsync(TimeSpan.FromSeconds(90)));
        await desk.AssertSettledAsync(moved.User);
    }

    [Fact]
    public async Task Everything_is_told_after_redis_went_back_in_time()
    {
        await using var desk = await Desk.OpenAsync(servers);
        var callers = new List<(long User, long Key)>();
        for (var i = 0; i < 5; i++)
        {
            callers.Add(await desk.Bank.AddUserAsync(Usd.FromDollars(10)));
            await desk.HydrateAsync(callers[i]);
            await desk.ShipAsync(acknowledge: true, desk.Bank.Request(callers[i]));
        }

        // The copy from before the charges.
        foreach (var (user, key) in callers)
        {
            await desk.CommandAsync("HSET", RedisKeys.Account(user), "bal", "1000000000", "ver", "1");
            await desk.CommandAsync("HSET", RedisKeys.Spend(user, key), "spent", "0", "sver", "0");
        }

        await desk.Balances.TellAllAsync();

        foreach (var (user, key) in callers)
        {
            await desk.AssertSettledAsync(user);
            var spent = await desk.Bank.ScalarAsync<long>(
                "select spent_units from api_keys where id = @key", new { key });
            using var reply = await desk.Redis.Runner.RunAsync(
                desk.Redis.Runner.Begin("HGET"u8).Add(RedisKeys.Spend(user, key)).Add("spent"), CancellationToken.None);
            Assert.Equal($"{spent}", System.Text.Encoding.ASCII.GetString(reply.Read().ReadBytes()));
        }
    }

    [Fact]
    public async Task Account_that_redis_does_not_know_stays_unknown()
    {
        await using var desk = await Desk.OpenAsync(servers);
        var caller = await desk.Bank.AddUserAsync(Usd.FromDollars(10));

        await desk.Balances.TellAsync(caller.User);

        Assert.Null(await desk.Till.ReadAccountAsync(caller.User, CancellationToken.None));
    }
}
