using System.Diagnostics;
using TokenHub.Chaos.Clients;
using TokenHub.Chaos.Faults;
using TokenHub.Chaos.Invariants;
using TokenHub.Chaos.Rigs;

namespace TokenHub.Chaos.Commands;

/// <summary>
/// PostgreSQL is away for minutes while requests come at a fixed rate; then the logs are drained, and it is timed.
/// </summary>
internal sealed class OutageRun(Settings settings, CancellationToken cancel)
{
    private static readonly TimeSpan DrainedWithin = TimeSpan.FromSeconds(30);

    private const string LagSql = """
        select coalesce(sum(greatest(g.last_lsn - coalesce(p.acked_lsn, 0), 0)), 0)::bigint
        from gateways g left join gateway_positions p on p.gateway_no = g.no
        """;

    public async Task<bool> RunAsync()
    {
        var away = TimeSpan.FromMinutes(settings.Number("minutes", 10));
        var rate = settings.Number("rate", 200);
        await using var rig = await Rig.StartAsync(new RigOptions(settings.Backend, settings.Seed), cancel);
        rig.Workload.TokensMost = 4;
        rig.Workload.GapMost = 1;
        rig.Workload.CutPercent = 2;
        rig.Workload.PoorPercent = 0;
        using var load = new OpenLoop(rig.Swarm, rate);
        await Task.Delay(1000, cancel);
        Console.WriteLine($"PostgreSQL stops for {away.TotalMinutes} min at {rate} requests/s");
        var before = rig.Swarm.Whole;
        await rig.Database.StopAtOnceAsync();
        var clock = Stopwatch.StartNew();
        while (clock.Elapsed < away)
        {
            await Task.Delay(1000, cancel);
            if ((int)clock.Elapsed.TotalSeconds % 30 == 0)
            {
                Console.WriteLine($"... {clock.Elapsed.TotalSeconds:0} s: {rig.Swarm.Whole - before} served");
            }
        }

        var served = rig.Swarm.Whole - before;
        await load.StopAsync();

        // Each request that a client has whole has left a record.
        var records = rig.Swarm.Whole;
        await rig.Database.StartAgainAsync();
        var back = Stopwatch.StartNew();
        var trial = new Trial(rig, settings.Seed, isLong: true, cancel);
        var drained = await trial.WaitAsync(
            async () => (await rig.Database.ReadAsync("select count(*) from usage_events", row => row.GetInt64(0)))[0] 
                    >= records
                && (await rig.Database.ReadAsync(LagSql, row => row.GetInt64(0)))[0] == 0,
            TimeSpan.FromMinutes(5));
        Console.WriteLine(
            $"{served} requests served without PostgreSQL ({served / away.TotalSeconds:0}/s); drained "
            + $"{(drained ? $"{back.Elapsed.TotalSeconds:0.0} s" : "not")} after its return ({served / back.Elapsed.TotalSeconds:0}/s)");
        var rest = await Checklist.RestAsync(rig, Checklist.QuietWithin, new HashSet<string>(), cancel);
        List<string> wrong = [.. rest.Wrong, .. await Checklist.CheckAsync(rig)];
        if (back.Elapsed - rest.Took > DrainedWithin || !drained)
        {
            wrong.Add($"not drained within {DrainedWithin.TotalSeconds} s");
        }

        wrong.Take(20).ToList().ForEach(line => Console.WriteLine($"    {line}"));
        Console.WriteLine(wrong.Count == 0 ? "1 passed, 0 failed" : "0 passed, 1 failed");
        return wrong.Count == 0;
    }
}
