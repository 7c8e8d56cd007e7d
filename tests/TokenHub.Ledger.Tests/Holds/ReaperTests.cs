using TokenHub.Core.Money;
using TokenHub.Core.Snapshots;
using TokenHub.Core.Usage;
using TokenHub.Ledger.Gateways;
using TokenHub.Ledger.Holds;
using TokenHub.Ledger.Tests.Fixtures;
using TokenHub.Redis;
using TokenHub.TestKit.Servers;

namespace TokenHub.Ledger.Tests.Holds;

[Trait("needs", "postgres, redis")]
public sealed class ReaperTests(LedgerServers servers)
{
    // What the row of a gateway whose beat does not change says, how long it was watched, and whether a hold of its
    // boot 1 that is past its deadline may go.
    public static TheoryData<string, int, bool> Gateways => new()
    {
        { "has_left = false, boot_no = 1", 4, false },
        { "has_left = false, boot_no = 1", 7, true },
        { "has_left = false, last_beat_at = now() - interval '1 hour', boot_no = 1", 4, false },
        { "has_left = false, last_beat_at = now() + interval '1 hour', boot_no = 1", 7, true },
        { "has_left = true, boot_no = 1", 0, true },
        { "has_left = false, boot_no = 2, recovery_done = true", 0, true },
        { "has_left = false, boot_no = 2, recovery_done = false", 4, false },
        { "has_left = false, boot_no = 2, recovery_done = false", 7, true },
    };

    [Theory]
    [MemberData(nameof(Gateways))]
    public async Task Overdue_hold_goes_only_when_nobody_works_for_it(string gateway, int seconds, bool goes)
    {
        await using var desk = await Desk.OpenAsync(servers);
        var clock = new HandClock();
        var reaper = ReaperOf(desk, clock);
        await desk.Bank.ExecuteAsync($"update gateways set {gateway} where no = 1");
        await reaper.ReapAsync();
        var (caller, _) = await OverdueAsync(desk);
        await WatchAsync(reaper, clock, seconds);

        Assert.Equal(goes ? Usd.Zero : Usd.FromDollars(1), (await desk.StateAsync(caller.User)).Held);
        Assert.Equal(0, await desk.Bank.ScalarAsync<long>("select count(*) from usage_events"));
    }

    [Fact]
    public async Task Living_gateway_is_asked_and_only_its_no_frees_the_hold()
    {
        await using var desk = await Desk.OpenAsync(servers);
        var reaper = ReaperOf(desk, new HandClock());
        var (caller, record) = await OverdueAsync(desk);
        var registry = new GatewayRegistry(desk.Bank.Database);
        Assert.Null((await registry.BeatAsync(Beat()))!.Unsure);

        Assert.Equal(0, await reaper.ReapAsync());
        Assert.Equal([record.RequestId.ToString()], (await registry.BeatAsync(Beat()))!.Unsure);
        Assert.Equal(0, await reaper.ReapAsync());
        Assert.Equal(Usd.FromDollars(1), (await desk.StateAsync(caller.User)).Held);

        // Another boot's answer counts nothing.
        await registry.BeatAsync(Beat() with { BootNo = 2, Unknown = [record.RequestId.ToString()] });
        Assert.Equal(0, await reaper.ReapAsync());

        Assert.Null((await registry.BeatAsync(Beat() with { Unknown = [record.RequestId.ToString()] }))!.Unsure);
        Assert.Equal(1, await reaper.ReapAsync());
        Assert.Equal(Usd.Zero, (await desk.StateAsync(caller.User)).Held);
        Assert.Equal(0, await desk.Bank.ScalarAsync<long>("select count(*) from hold_inquiries"));
    }

    [Fact]
    public async Task Clocks_that_jump_by_an_hour_free_nothing_that_lives()
    {
        await using var desk = await Desk.OpenAsync(servers);
        var clock = new HandClock();
        var reaper = ReaperOf(desk, clock);
        await desk.Bank.ExecuteAsync("update gateways set has_left = false");
        var (caller, _) = await OverdueAsync(desk);
        await reaper.ReapAsync();

        // The hold is overdue by Redis, the beat an hour old by PostgreSQL, and this host's clock is off too.
        clock.WallJump = TimeSpan.FromHours(1);
        await desk.Bank.ExecuteAsync("update gateways set last_beat_at = now() - interval '1 hour'");
        Assert.Equal(0, await reaper.ReapAsync());

        Assert.Equal(Usd.FromDollars(1), (await desk.StateAsync(caller.User)).Held);
    }

    [Fact]
    public async Task Nobody_is_dead_for_beats_that_the_database_could_not_take()
    {
        await using var desk = await Desk.OpenAsync(servers);
        var clock = new HandClock();
        var reaper = ReaperOf(desk, clock);
        await desk.Bank.ExecuteAsync("update gateways set has_left = false");
        await reaper.ReapAsync();
        await OverdueAsync(desk);

        // Ten minutes in which not even we could look.
        clock.Advance(TimeSpan.FromMinutes(10));

        Assert.Equal(0, await reaper.ReapAsync());
    }

    [Fact]
    public async Task Hold_before_its_deadline_stays_even_when_its_gateway_is_dead()
    {
        await using var desk = await Desk.OpenAsync(servers);
        var caller = await desk.Bank.AddUserAsync(Usd.FromDollars(10));
        await desk.HydrateAsync(caller);
        await desk.HoldAsync(desk.Bank.Request(caller));

        Assert.Equal(0, await ReaperOf(desk).ReapAsync());
    }

    [Fact]
    public async Task Gateway_that_has_come_back_frees_at_once_what_its_former_boot_held_and_never_logged()
    {
        await using var desk = await Desk.OpenAsync(servers);
        var reaper = ReaperOf(desk);
        var caller = await desk.Bank.AddUserAsync(Usd.FromDollars(10));
        await desk.HydrateAsync(caller);
        await desk.HoldAsync(desk.Bank.Request(caller), bootNo: 1);
        await desk.HoldAsync(desk.Bank.Request(caller), bootNo: 2);
        await desk.HoldAsync(desk.Bank.Request(caller), gatewayNo: 2, bootNo: 1);
        await desk.Bank.ExecuteAsync("update gateways set boot_no = 2, recovery_done = false, swept_boot = 1");

        Assert.Equal(0, await reaper.SweepReturnedAsync());
        await desk.Bank.ExecuteAsync("update gateways set recovery_done = true");
        Assert.Equal(1, await reaper.SweepReturnedAsync());
        Assert.Equal(0, await reaper.SweepReturnedAsync());

        Assert.Equal(2, (await desk.StateAsync(caller.User)).OpenHolds);
        Assert.Equal(2, await desk.Bank.ScalarAsync<int>("select swept_boot from gateways"));
    }

    [Fact]
    public async Task Request_that_is_in_the_ledger_holds_nothing_although_its_gateway_lives()
    {
        await using var desk = await Desk.OpenAsync(servers);
        var (caller, record) = await OverdueAsync(desk);
        await desk.Bank.ExecuteAsync("update gateways set last_beat_at = now(), has_left = false");
        await desk.ShipAsync(acknowledge: false, record);

        Assert.Equal(1, await ReaperOf(desk).ReapAsync());
        Assert.Equal(Usd.Zero, (await desk.StateAsync(caller.User)).Held);
    }

    [Fact]
    public async Task Log_that_comes_after_the_release_is_still_charged()
    {
        await using var desk = await Desk.OpenAsync(servers);
        var (caller, record) = await OverdueAsync(desk);
        await ReaperOf(desk).ReapAsync();

        await desk.SettleAsync(record);
        await desk.ShipAsync(acknowledge: true, record);

        Assert.Equal(Usd.FromDollars(10) - record.Cost, await desk.Bank.BalanceAsync(caller.User));
        await desk.AssertSettledAsync(caller.User);
    }

    [Fact]
    public async Task One_control_plane_at_a_time_reaps()
    {
        await using var desk = await Desk.OpenAsync(servers);
        await OverdueAsync(desk);
        await using (var other = await desk.Bank.Database.OpenConnectionAsync())
        {
            await using var command = other.CreateCommand();
            command.CommandText = "select pg_advisory_lock(7306583640003)";
            await command.ExecuteNonQueryAsync();

            Assert.Equal(0, await ReaperOf(desk).ReapAsync());
            command.CommandText = "select pg_advisory_unlock(7306583640003)";
            await command.ExecuteNonQueryAsync();
        }

        Assert.Equal(1, await ReaperOf(desk).ReapAsync());
    }

    private static PlaneMessages.GatewayBeat Beat() =>
        new(1, 1, 0, 0, OpenHolds: 1, OldestOpenMs: 1, RecoveryDone: true, Draining: false, 0, "");

    private static Reaper ReaperOf(Desk desk, HandClock? clock = null) =>
        new(
            desk.Bank.Database, desk.Till, new GatewayLeases(desk.Bank.Database, clock ?? new HandClock()),
            desk.Acknowledger);

    private static async Task WatchAsync(Reaper reaper, HandClock clock, int seconds)
    {
        await reaper.ReapAsync();
        for (var second = 0; second < seconds; second++)
        {
            clock.Advance(TimeSpan.FromSeconds(1));
            await reaper.ReapAsync();
        }
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
            TimeSpan.FromSeconds(30),
            "the deadline passes");
        return (caller, record);
    }
}
