using TokenHub.Core.Snapshots;
using TokenHub.Ledger.Gateways;
using TokenHub.Ledger.Tests.Fixtures;

namespace TokenHub.Ledger.Tests.Gateways;

[Trait("needs", "postgres")]
public sealed class GatewayRegistryTests(LedgerServers servers)
{
    [Fact]
    public async Task Each_boot_of_each_gateway_has_its_own_numbers()
    {
        await using var bank = await Bank.OpenAsync(servers);
        var registry = new GatewayRegistry(bank.Database);
        var hellos = Enumerable.Range(0, 24).Select(i => new PlaneMessages.GatewayHello($"gw-new-{i % 4}", "1"));

        var welcomes = await Task.WhenAll(hellos.Select(hello => registry.RegisterAsync(hello)));

        Assert.Equal(24, welcomes.Distinct().Count());
        Assert.Equal([2, 3, 4, 5], welcomes.Select(w => w.GatewayNo).Distinct().Order());
        Assert.All(welcomes.GroupBy(w => w.GatewayNo), boots => Assert.Equal(6, boots.Max(w => w.BootNo)));
    }

    [Fact]
    public async Task Beat_of_an_older_boot_is_not_taken()
    {
        await using var bank = await Bank.OpenAsync(servers);
        var registry = new GatewayRegistry(bank.Database);
        var old = await registry.RegisterAsync(new PlaneMessages.GatewayHello("gw", "1"));
        var now = await registry.RegisterAsync(new PlaneMessages.GatewayHello("gw", "2"));

        Assert.Null(await registry.BeatAsync(Beat(old)));
        Assert.NotNull(await registry.BeatAsync(Beat(now)));
    }

    [Fact]
    public async Task Status_shows_lag_and_who_is_alive()
    {
        await using var bank = await Bank.OpenAsync(servers);
        var registry = new GatewayRegistry(bank.Database);
        var caller = await bank.AddUserAsync();
        await registry.BeatAsync(Beat(new PlaneMessages.GatewayWelcome(1, 1)));
        await bank.Ingest().IngestAsync(1, 1, Batches.Of([bank.Request(caller)], 60));
        await registry.RegisterAsync(new PlaneMessages.GatewayHello("gw-dead", "1"));
        await bank.ExecuteAsync("update gateways set last_beat_at = now() - interval '7 seconds' where no = 2");

        var gateways = await registry.ListAsync();

        Assert.Equal([(1, true, 40L), (2, false, 0L)], gateways.Select(g => (g.No, g.Alive, g.Lag)));
    }

    [Fact]
    public async Task Numbers_run_out_loudly()
    {
        await using var bank = await Bank.OpenAsync(servers);
        var registry = new GatewayRegistry(bank.Database);
        await bank.ExecuteAsync(
            "insert into gateways (no, gateway_id) select n, 'x' || n from generate_series(2, 1023) n where n <> 700");

        Assert.Equal(700, (await registry.RegisterAsync(new PlaneMessages.GatewayHello("last", "1"))).GatewayNo);
        await Assert.ThrowsAsync<GatewayNumbersException>(
            () => registry.RegisterAsync(new PlaneMessages.GatewayHello("late", "1")));
        await bank.ExecuteAsync("update gateways set boot_no = 1048575 where gateway_id = 'last'");
        await Assert.ThrowsAsync<GatewayNumbersException>(
            () => registry.RegisterAsync(new PlaneMessages.GatewayHello("last", "1")));
    }

    private static PlaneMessages.GatewayBeat Beat(PlaneMessages.GatewayWelcome numbers) =>
        new(numbers.GatewayNo, numbers.BootNo, 100, 50, 3, 0, true, false, 1, "127.0.0.1:8080");
}
