using TokenHub.Core.Money;
using TokenHub.Core.Usage;
using TokenHub.Ledger.Holds;
using TokenHub.Ledger.Tests.Fixtures;
using TokenHub.Redis;
using TokenHub.TestKit.Servers;

namespace TokenHub.Ledger.Tests.Holds;

[Trait("needs", "postgres, redis")]
public sealed class ReaperTests(LedgerServers servers)
{
    // What the gateway's row says when a hold of its boot 1 is past its deadline, and whether the hold may go.
    public static TheoryData<string, bool> Gateways => new()
    {
        { "last_beat_at = now(), boot_no = 1, open_holds = 1, oldest_open_ms = 1", false },
        { "last_beat_at = now() - interval '7 seconds', boot_no = 1, open_holds = 1, oldest_open_ms = 1", true },
        { "last_beat_at = now(), boot_no = 2, recovery_done = true, open_holds = 1, oldest_open_ms = 1", true },
        { "last_beat_at = now(), boot_no = 2, recovery_done = false, open_holds = 1, oldest_open_ms = 1", false },
        { "last_beat_at = now() - interval '7 seconds', boot_no = 2, recovery_done = false, open_holds = 1", true },
        { "last_beat_at = now(), boot_no = 1, open_holds = 0, oldest_open_ms = 0", true },
        { "last_beat_at = now(), boot_no = 1, open_holds = 1, oldest_open_ms = 9999999999999", true },
    };

    [Theory]
    [MemberData(nameof(Gateways))]
    public async Task Overdue_hold_goes_only_when_nobody_works_for_it(string gateway, bool goes)
    {
        await using var desk = await Desk.OpenAsync(servers);
        var (caller, _) = await OverdueAsync(desk);
        await desk.Bank.ExecuteAsync($"update gateways set {gateway} where no = 1");

        var released = await new Reaper(desk.Bank.Database, desk.Till, Later()).ReapAsync();

        Assert.Equal(goes ? 1 : 0, released);
        Assert.Equal(goes ? Usd.Zero : Usd.FromDollars(1), (await desk.StateAsync(caller.User)).Held);
        Assert.Equal(0, await desk.Bank.ScalarAsync<long>("select count(*) from usage_events"));
    }

    [Fact]
    public async Task Hold_before_its_deadline_stays_even_when_its_gateway_is_dead()
    {
        await using var desk = await Desk.OpenAsync(servers);
        var caller = await desk.Bank.AddUserAsync(Usd.FromDollars(10));
        await desk.HydrateAsync(caller);
        await desk.HoldAsync(desk.Bank.Request(caller));
        await desk.Bank.ExecuteAsync("update gateways set last_beat_at = now() - interval '1 hour'");

        Assert.Equal(0, await new Reaper(desk.Bank.Database, desk.Till, Later()).ReapAsync());
    }

    [Fact]
    public async Task Request_that_is_in_the_ledger_holds_nothing_although_its_gateway_lives()
    {
        await using var desk = await Desk.OpenAsync(servers);
        var (caller, record) = await OverdueAsync(desk);
        await desk.Bank.ExecuteAsync("update gateways set last_beat_at = now(), open_holds = 1, oldest_open_ms = 1");
        await desk.ShipAsync(acknowledge: false, record);

        Assert.Equal(1, await new Reaper(desk.Bank.Database, desk.Till, Later()).ReapAsync());
        Assert.Equal(Usd.Zero, (await desk.StateAsync(caller.User)).Held);
    }

    [Fact]
    public async Task Log_that_comes_after_the_release_is_still_charged()
    {
        await using var desk = await Desk.OpenAsync(servers);
        var (caller, record) = await OverdueAsync(desk);
        await desk.Bank.ExecuteAsync("update gateways set last_beat_at = now() - interval '1 hour'");
        await new Reaper(desk.Bank.Database, desk.Till, Later()).ReapAsync();

        await desk.ShipAsync(acknowledge: true, record);

        Assert.Equal(Usd.FromDollars(10) - record.Cost, await desk.Bank.BalanceAsync(caller.User));
        await desk.AssertSettledAsync(caller.User);
    }

    [Fact]
    public async Task Fresh_control_plane_lets_gateways_beat_first()
    {
        await using var desk = await Desk.OpenAsync(servers);
        await OverdueAsync(desk);
        await desk.Bank.ExecuteAsync("update gateways set last_beat_at = now() - interval '1 hour'");

        Assert.Equal(0, await new Reaper(desk.Bank.Database, desk.Till).ReapAsync());
    }

    [Fact]
    public async Task One_control_plane_at_a_time_reaps()
    {
        await using var desk = await Desk.OpenAsync(servers);
        await OverdueAsync(desk);
        await desk.Bank.ExecuteAsync("update gateways set last_beat_at = now() - interval '1 hour'");
        await using (var other = await desk.Bank.Database.OpenConnectionAsync())
        {
            await using var command = other.CreateCommand();
            command.CommandText = "select pg_advisory_lock(7306583640003)";
            await command.ExecuteNonQueryAsync();

            Assert.Equal(0, await new Reaper(desk.Bank.Database, desk.Till, Later()).ReapAsync());
            command.CommandText = "select pg_advisory_unlock(7306583640003)";
            await command.ExecuteNonQueryAsync();
        }

        Assert.Equal(1, await new Reaper(desk.Bank.Database, desk.Till, Later()).ReapAsync());
    }

    // A request whose gateway has not renewed its hold for longer than it lasts.
    private static async Task<((long User, long Key) Caller, UsageRecord Record)> OverdueAsync(Desk desk)
    {
        var caller = await desk.Bank.AddUserAsync(Usd.FromDollars(10));
        await desk.HydrateAsync(caller);
        var record = desk.Bank.Request(caller);
        await desk.HoldAsync(record, ttlMs: 1);
        await Probe.UntilAsync(
            async () => (await desk.Till.ReapAsync(Shards.Of(caller.User), 10, default)).Count == 1,
            TimeSpan.FromSeconds(5),
            "the deadline passes");
        return (caller, record);
    }

    private static LeapingTime Later() => new();

    // Starts now; every later look finds the grace over.
    private sealed class LeapingTime : TimeProvider
    {
        private int _looks;

        public override DateTimeOffset GetUtcNow() =>
            base.GetUtcNow() + (Interlocked.Increment(ref _looks) == 1 ? TimeSpan.Zero : Reaper.Grace);
    }
}
