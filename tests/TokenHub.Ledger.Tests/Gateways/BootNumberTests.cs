using TokenHub.Core.Snapshots;
using TokenHub.Ledger.Gateways;
using TokenHub.Ledger.Tests.Fixtures;

namespace TokenHub.Ledger.Tests.Gateways;

/// <summary>Boots that a gateway took from its own disk while nobody could be asked.</summary>
[Trait("needs", "postgres")]
public sealed class BootNumberTests(LedgerServers servers)
{
    [Fact]
    public async Task Greater_boot_is_taken_over_and_numbers_go_on_above_it()
    {
        await using var bank = await Bank.OpenAsync(servers);
        var registry = new GatewayRegistry(bank.Database);
        var first = await registry.RegisterAsync(new PlaneMessages.GatewayHello("g", "1"));
        var hello = new PlaneMessages.GatewayHello("g", "1", first.GatewayNo, first.BootNo + 4);

        Assert.Null(await registry.BeatAsync(Beat(first.GatewayNo, first.BootNo + 4)));
        Assert.Equal(new PlaneMessages.GatewayWelcome(first.GatewayNo, 5), await registry.RegisterAsync(hello));
        Assert.NotNull(await registry.BeatAsync(Beat(first.GatewayNo, 5)));
        Assert.Equal(6, (await registry.RegisterAsync(new PlaneMessages.GatewayHello("g", "1"))).BootNo);
    }

    [Theory]
    [InlineData("g", 0, 1)]
    [InlineData("g", 0, 0)]
    [InlineData("other", 0, 9)]
    [InlineData("g", 1, 9)]
    public async Task Numbers_that_somebody_else_may_have_are_refused(string id, int numberOff, int boot)
    {
        await using var bank = await Bank.OpenAsync(servers);
        var registry = new GatewayRegistry(bank.Database);
        var first = await registry.RegisterAsync(new PlaneMessages.GatewayHello("g", "1"));
        await registry.RegisterAsync(new PlaneMessages.GatewayHello("g", "1"));
        var hello = new PlaneMessages.GatewayHello(id, "1", first.GatewayNo + numberOff, boot == 0 ? 2 : boot);

        await Assert.ThrowsAsync<GatewayNumbersException>(() => registry.RegisterAsync(hello));
    }

    private static PlaneMessages.GatewayBeat Beat(int no, int boot) =>
        new(no, boot, 0, 0, 0, 0, RecoveryDone: true, Draining: false, 0, "");
}
