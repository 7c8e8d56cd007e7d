using TokenHub.Core.Money;
using TokenHub.Core.Usage;
using TokenHub.Ledger.Draining;
using TokenHub.Ledger.Tests.Fixtures;
using TokenHub.TestKit.Servers;

namespace TokenHub.Ledger.Tests.Draining;

[Trait("needs", "postgres, redis")]
public sealed class AcknowledgerTests(LedgerServers servers)
{
    [Fact]
    public async Task Posted_requests_leave_redis_with_the_new_balance()
    {
        await using var desk = await Desk.OpenAsync(servers);
        var a = await desk.Bank.AddUserAsync(Usd.FromDollars(10));
        var b = await desk.Bank.AddUserAsync(Usd.FromDollars(9));
        var secondKey = (a.User, await desk.Bank.AddKeyAsync(a.User));
        UsageRecord[] records =
        [
            desk.Bank.Request(a), desk.Bank.Request(b), desk.Bank.Request(secondKey),
            desk.Bank.Request(a, outcome: Outcome.Empty),
        ];
        foreach (var caller in new[] { a, b, secondKey })
        {
            await desk.HydrateAsync(caller);
        }

        foreach (var record in records)
        {
            await desk.HoldAsync(record);
            await desk.SettleAsync(record);
        }

        await desk.ShipAsync(acknowledge: true, records);
        await desk.ShipAsync(acknowledge: true, records);

        await desk.AssertSettledAsync(a.User);
        await desk.AssertSettledAsync(b.User);
        await desk.Bank.AssertSoundAsync();
    }

    [Fact]
    public async Task Hold_whose_settlement_never_reached_redis_goes_too()
    {
        await using var desk = await Desk.OpenAsync(servers);
        var caller = await desk.Bank.AddUserAsync(Usd.FromDollars(10));
        await desk.HydrateAsync(caller);
        var record = desk.Bank.Request(caller);
        await desk.HoldAsync(record);

        await desk.ShipAsync(acknowledge: true, record);

        await desk.AssertSettledAsync(caller.User);
    }

    [Fact]
    public async Task Owner_can_spend_what_was_earned()
    {
        await using var desk = await Desk.OpenAsync(servers);
        var caller = await desk.Bank.AddUserAsync(Usd.FromDollars(10));
        var owner = await desk.Bank.AddUserAsync();
        await desk.HydrateAsync(owner);

        await desk.ShipAsync(acknowledge: true, desk.Bank.Request(caller, owner: owner.User, shareBp: 5000));

        Assert.True((await desk.StateAsync(owner.User)).Available > Usd.Zero);
        await desk.AssertSettledAsync(owner.User);
    }

    [Fact]
    public async Task Parked_record_does_not_keep_its_money_held()
    {
        await using var desk = await Desk.OpenAsync(servers);
        var caller = await desk.Bank.AddUserAsync(Usd.FromDollars(10));
        await desk.HydrateAsync(caller);
        var record = desk.Bank.Request(caller) with { PriceVersion = 777 };
        await desk.HoldAsync(record);
        await desk.SettleAsync(record);

        var receipt = await desk.ShipAsync(acknowledge: true, record);

        Assert.Equal(1, receipt.Dead);
        await desk.AssertSettledAsync(caller.User);
    }

    [Fact]
    public async Task Loop_outlives_a_redis_that_is_away()
    {
        await using var desk = await Desk.OpenAsync(servers);
        var caller = await desk.Bank.AddUserAsync(Usd.FromDollars(10));
        await desk.HydrateAsync(caller);
        using var stop = new CancellationTokenSource();
        var loop = desk.Acknowledger.RunAsync(stop.Token);
        var ingest = new UsageIngest(desk.Bank.Database, desk.Acknowledger.Enqueue);
        await desk.Server.KillAsync();
        await ingest.IngestAsync(1, 1, Batches.Of(desk.Bank.Request(caller)));
        await desk.Server.RestartAsync();
        await Probe.UntilAsync(() => desk.Redis.IsConnected, TimeSpan.FromSeconds(30), "Redis is back");
        await desk.HydrateAsync(caller);
        await ingest.IngestAsync(1, 1, Batches.Of([desk.Bank.Request(caller)], 2));

        var balance = await desk.Bank.BalanceAsync(caller.User);
        await Probe.UntilAsync(
            async () => (await desk.StateAsync(caller.User)).Balance == balance,
            TimeSpan.FromSeconds(30),
            "Redis was told");

        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => loop);
    }
}
