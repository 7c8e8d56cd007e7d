using Npgsql;
using TokenHub.Core.Money;
using TokenHub.Ledger.Draining;
using TokenHub.Ledger.Tests.Fixtures;
using TokenHub.Ledger.WriteOffs;

namespace TokenHub.Ledger.Tests.WriteOffs;

/// <summary>A gateway whose disk is gone for ever (F04).</summary>
[Trait("needs", "postgres, redis")]
public sealed class GatewayWriteOffTests(LedgerServers servers)
{
    private static readonly Func<NpgsqlTransaction, WriteOffReport, Task> NoNote = (_, _) => Task.CompletedTask;

    [Fact]
    public async Task Settled_is_posted_open_is_given_back_and_named_and_nobody_elses_is_touched()
    {
        await using var desk = await Desk.OpenAsync(servers);
        var (caller, other) = (await CallerAsync(desk), await CallerAsync(desk));
        var settled = Enumerable.Range(0, 30).Select(_ => desk.Bank.Request(caller)).ToList();
        var open = Enumerable.Range(0, 7).Select(i => desk.Bank.Request(i < 4 ? caller : other) with
        {
            Hold = new Usd(1_000 + i),
        }).ToList();
        var foreign = desk.Bank.Request(other);
        foreach (var record in settled)
        {
            await desk.HoldAsync(record);
            await desk.SettleAsync(record);
        }

        foreach (var record in open)
        {
            await desk.HoldAsync(record);
        }

        await desk.HoldAsync(foreign, gatewayNo: 2);
        var later = desk.Bank.Request(other);
        await desk.HoldAsync(later, bootNo: 2);
        await DieAsync(desk);

        WriteOffReport? noted = null;
        var report = await WriteOff(desk).RunAsync("gw-1", (_, about) =>
        {
            noted = about;
            return Task.CompletedTask;
        });

        Assert.Equal((WriteOffOutcome.Done, 30, 0), (report.Outcome, report.Posted, report.Parked));
        Assert.Equal(open.Select(r => r.RequestId).Order(), report.Released.Select(hold => hold.Rid).Order());
        Assert.Equal(new Usd(7_021), report.Held);
        Assert.Equal(report, noted);
        Assert.Equal(30, await desk.Bank.ScalarAsync<long>("select count(*) from usage_events"));
        Assert.Equal(7_021, await desk.Bank.ScalarAsync<long>("select sum(held_units)::bigint from write_offs"));
        await desk.AssertSettledAsync(caller.User);
        Assert.Equal(foreign.Hold + later.Hold, (await desk.StateAsync(other.User)).Held);
        await desk.Bank.AssertSoundAsync();
    }

    [Fact]
    public async Task Repeated_it_finds_nothing_left()
    {
        await using var desk = await Desk.OpenAsync(servers);
        var caller = await CallerAsync(desk);
        await desk.HoldAsync(desk.Bank.Request(caller));
        await DieAsync(desk);

        Assert.Single((await WriteOff(desk).RunAsync("gw-1", NoNote)).Released);
        var again = await WriteOff(desk).RunAsync("gw-1", NoNote);

        Assert.Equal((WriteOffOutcome.Done, 0, 0), (again.Outcome, again.Posted, again.Released.Count));
        Assert.Equal(1, await desk.Bank.ScalarAsync<long>("select count(*) from write_offs"));
    }

    [Fact]
    public async Task Broken_off_before_the_holds_are_released_it_is_repeated()
    {
        await using var desk = await Desk.OpenAsync(servers);
        var caller = await CallerAsync(desk);
        await desk.HoldAsync(desk.Bank.Request(caller));
        await DieAsync(desk);

        await Assert.ThrowsAsync<IOException>(
            () => WriteOff(desk).RunAsync("gw-1", (_, _) => throw new IOException("cut")));
        Assert.Equal(1, (await desk.StateAsync(caller.User)).OpenHolds);

        Assert.Single((await WriteOff(desk).RunAsync("gw-1", NoNote)).Released);
        await desk.AssertSettledAsync(caller.User);
    }

    [Fact]
    public async Task Refused_while_the_gateway_beats_or_when_it_comes_back_meanwhile()
    {
        await using var desk = await Desk.OpenAsync(servers);
        var caller = await CallerAsync(desk);
        await desk.HoldAsync(desk.Bank.Request(caller));

        Assert.Equal(WriteOffOutcome.Alive, (await WriteOff(desk).RunAsync("gw-1", NoNote)).Outcome);
        Assert.Equal(WriteOffOutcome.UnknownGateway, (await WriteOff(desk).RunAsync("gw-9", NoNote)).Outcome);

        // It registers again while its holds are being listed.
        await DieAsync(desk);
        var runner = new InterruptedRunner(desk.Redis.Runner, "outbox", () => desk.Bank.ExecuteAsync(
            "update gateways set boot_no = boot_no + 1, last_beat_at = now() where no = 1"));
        var till = new Redis.Till(runner);
        var sweep = new OutboxSweep(desk.Bank.Database, till, desk.Bank.Ingest(), desk.Acknowledger);
        var report = await new GatewayWriteOff(desk.Bank.Database, desk.Redis, till, sweep).RunAsync("gw-1", NoNote);

        Assert.Equal((WriteOffOutcome.Alive, 0), (report.Outcome, report.Released.Count));
        Assert.Equal(1, (await desk.StateAsync(caller.User)).OpenHolds);
        Assert.Equal(0, await desk.Bank.ScalarAsync<long>("select count(*) from write_offs"));
    }

    [Fact]
    public async Task Records_of_a_disk_that_comes_back_are_charged_all_the_same()
    {
        await using var desk = await Desk.OpenAsync(servers);
        var caller = await CallerAsync(desk);
        var record = desk.Bank.Request(caller);
        await desk.HoldAsync(record);
        await DieAsync(desk);
        await WriteOff(desk).RunAsync("gw-1", NoNote);

        await desk.SettleAsync(record);
        await desk.ShipAsync(acknowledge: true, record);

        Assert.Equal(Usd.FromDollars(10) - record.Cost, await desk.Bank.BalanceAsync(caller.User));
        await desk.AssertSettledAsync(caller.User);
        await desk.Bank.AssertSoundAsync();
    }

    private static GatewayWriteOff WriteOff(Desk desk) => new(desk.Bank.Database, desk.Redis, desk.Till, desk.Sweep);

    private static Task<int> DieAsync(Desk desk) =>
        desk.Bank.ExecuteAsync("update gateways set last_beat_at = now() - interval '1 minute' where no = 1");

    private static async Task<(long User, long Key)> CallerAsync(Desk desk)
    {
        var caller = await desk.Bank.AddUserAsync(Usd.FromDollars(10));
        await desk.HydrateAsync(caller);
        return caller;
    }
}
