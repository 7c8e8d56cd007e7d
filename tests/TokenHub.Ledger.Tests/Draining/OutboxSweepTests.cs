using TokenHub.Core.Money;
using TokenHub.Core.Usage;
using TokenHub.Ledger.Tests.Fixtures;

namespace TokenHub.Ledger.Tests.Draining;

[Trait("needs", "postgres, redis")]
public sealed class OutboxSweepTests(LedgerServers servers)
{
    [Fact]
    public async Task Charge_whose_gateway_lost_its_disk_is_posted_from_the_copy()
    {
        await using var desk = await Desk.OpenAsync(servers);
        var callers = new List<(long User, long Key)>();
        for (var i = 0; i < 20; i++)
        {
            callers.Add(await desk.Bank.AddUserAsync(Usd.FromDollars(10)));
            await desk.HydrateAsync(callers[i]);
            var record = desk.Bank.Request(callers[i], outcome: i % 5 == 0 ? Outcome.Empty : Outcome.Completed);
            await desk.HoldAsync(record);
            await desk.SettleAsync(record);
        }

        Assert.Equal(20, await desk.Sweep.SweepAsync(TimeSpan.Zero));

        foreach (var caller in callers)
        {
            await desk.AssertSettledAsync(caller.User);
        }

        Assert.Equal(20, await desk.Bank.ScalarAsync<long>("select count(*) from usage_events"));
        Assert.Equal(0, await desk.Sweep.SweepAsync(TimeSpan.Zero));
        await desk.Bank.AssertSoundAsync();
    }

    [Fact]
    public async Task Posted_charge_whose_acknowledgement_was_lost_is_acknowledged()
    {
        await using var desk = await Desk.OpenAsync(servers);
        var caller = await desk.Bank.AddUserAsync(Usd.FromDollars(10));
        await desk.HydrateAsync(caller);
        var record = desk.Bank.Request(caller);
        await desk.SettleAsync(record);
        await desk.ShipAsync(acknowledge: false, record);

        await desk.Sweep.SweepAsync(TimeSpan.Zero);

        await desk.AssertSettledAsync(caller.User);
        Assert.Equal(1, await desk.Bank.ScalarAsync<long>("select count(*) from usage_events"));
    }

    [Fact]
    public async Task Young_copies_are_left_to_their_gateway()
    {
        await using var desk = await Desk.OpenAsync(servers);
        var caller = await desk.Bank.AddUserAsync(Usd.FromDollars(10));
        await desk.HydrateAsync(caller);
        await desk.SettleAsync(desk.Bank.Request(caller));

        Assert.Equal(0, await desk.Sweep.SweepAsync());
        Assert.Equal(0, await desk.Bank.ScalarAsync<long>("select count(*) from usage_events"));
    }

    [Fact]
    public async Task Sweeps_and_the_gateways_own_shipping_at_once_post_once()
    {
        await using var desk = await Desk.OpenAsync(servers);
        var caller = await desk.Bank.AddUserAsync(Usd.FromDollars(50));
        await desk.HydrateAsync(caller);
        var records = Enumerable.Range(0, 60).Select(_ => desk.Bank.Request(caller)).ToArray();
        foreach (var record in records)
        {
            await desk.SettleAsync(record);
        }

        await Task.WhenAll(
            Task.Run(() => desk.Sweep.SweepAsync(TimeSpan.Zero)),
            Task.Run(() => desk.Sweep.SweepAsync(TimeSpan.Zero)),
            Task.Run(() => desk.ShipAsync(acknowledge: true, records)));

        Assert.Equal(60, await desk.Bank.ScalarAsync<long>("select count(*) from usage_events"));
        await desk.AssertSettledAsync(caller.User);
        await desk.Bank.AssertSoundAsync();
    }

    [Fact]
    public async Task Copy_that_cannot_be_read_is_parked_and_gives_its_money_back()
    {
        await using var desk = await Desk.OpenAsync(servers);
        var caller = await desk.Bank.AddUserAsync(Usd.FromDollars(10));
        await desk.HydrateAsync(caller);
        await desk.SettleAsync(desk.Bank.Request(caller), [1, 2, 3]);

        await desk.Sweep.SweepAsync(TimeSpan.Zero);
        await desk.Sweep.SweepAsync(TimeSpan.Zero);

        await desk.AssertSettledAsync(caller.User);
        Assert.Equal("unreadable record", await desk.Bank.ScalarAsync<string>("select reason from settle_dead"));
    }
}
