using TokenHub.Core.Money;
using TokenHub.Ledger.Balances;
using TokenHub.Ledger.Tests.Fixtures;
using TokenHub.TestKit.Servers;

namespace TokenHub.Ledger.Tests.Balances;

[Trait("needs", "postgres, redis")]
public sealed class WalletsTests(LedgerServers servers)
{
    private static readonly Usd Ten = Usd.FromDollars(10);

    [Fact]
    public async Task Wallet_is_exact_at_every_stage_of_a_request()
    {
        await using var desk = await Desk.OpenAsync(servers);
        var caller = await desk.Bank.AddUserAsync(Ten);
        Assert.Equal(new Wallet(Ten, Usd.Zero, true), await desk.Wallets.ReadAsync(caller.User));
        await desk.HydrateAsync(caller);
        var record = desk.Bank.Request(caller);
        var after = new Wallet(Ten - record.Cost, Usd.Zero, true);

        await desk.HoldAsync(record);
        Assert.Equal(new Wallet(Ten, record.Hold, true), await desk.Wallets.ReadAsync(caller.User));

        await desk.SettleAsync(record);
        Assert.Equal(after, await desk.Wallets.ReadAsync(caller.User));

        await desk.ShipAsync(acknowledge: false, record);
        Assert.Equal(after, await desk.Wallets.ReadAsync(caller.User));

        await desk.Balances.TellAsync(caller.User);
        Assert.Equal(after, await desk.Wallets.ReadAsync(caller.User));

        await desk.ShipAsync(acknowledge: true, record);
        Assert.Equal(after, await desk.Wallets.ReadAsync(caller.User));
        await desk.AssertSettledAsync(caller.User);
    }

    [Fact]
    public async Task Acknowledgements_out_of_order_show_no_wrong_balance()
    {
        await using var desk = await Desk.OpenAsync(servers);
        var caller = await desk.Bank.AddUserAsync(Ten);
        await desk.HydrateAsync(caller);
        var (first, second) = (desk.Bank.Request(caller), desk.Bank.Request(caller));
        await desk.SettleAsync(first);
        await desk.SettleAsync(second);
        var after = new Wallet(Ten - first.Cost - second.Cost, Usd.Zero, true);

        await desk.ShipAsync(acknowledge: false, first);
        await desk.ShipAsync(acknowledge: true, second);
        Assert.Equal(after, await desk.Wallets.ReadAsync(caller.User));

        await desk.ShipAsync(acknowledge: true, first);
        Assert.Equal(after, await desk.Wallets.ReadAsync(caller.User));
        await desk.AssertSettledAsync(caller.User);
    }

    [Fact]
    public async Task Charges_wait_in_a_redis_that_forgot_the_account_and_still_count()
    {
        await using var desk = await Desk.OpenAsync(servers);
        var caller = await desk.Bank.AddUserAsync(Ten);
        await desk.HydrateAsync((caller.User, 0));
        await desk.CommandAsync("DEL", TokenHub.Redis.RedisKeys.Account(caller.User));
        var record = desk.Bank.Request(caller);
        await desk.SettleAsync(record);

        Assert.Equal(new Wallet(Ten - record.Cost, Usd.Zero, true), await desk.Wallets.ReadAsync(caller.User));
    }

    [Fact]
    public async Task Without_redis_the_ledger_alone_answers()
    {
        await using var desk = await Desk.OpenAsync(servers);
        var caller = await desk.Bank.AddUserAsync(Ten);
        await desk.Server.KillAsync();
        await Probe.UntilAsync(() => !desk.Redis.IsConnected, TimeSpan.FromSeconds(30), "the client notices");

        Assert.Equal(new Wallet(Ten, Usd.Zero, false), await desk.Wallets.ReadAsync(caller.User));
    }

    [Fact]
    public async Task Nobody_has_no_wallet()
    {
        await using var desk = await Desk.OpenAsync(servers);

        Assert.Null(await desk.Wallets.ReadAsync(424_242));
    }
}
