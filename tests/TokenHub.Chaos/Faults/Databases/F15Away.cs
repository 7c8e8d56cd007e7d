using System.Diagnostics;

namespace TokenHub.Chaos.Faults.Databases;

/// <summary>PostgreSQL is stopped for a while: requests go on, the logs grow, and are drained afterwards.</summary>
internal sealed class F15Away : IFault
{
    private static readonly TimeSpan DrainedWithin = TimeSpan.FromSeconds(30);

    public string Id => "F15";

    public string Says => "PostgreSQL away";

    public Task PlayAsync(Trial trial) => Trial.AloneAsync(trial.Rig.Database.Gate, async () =>
    {
        await trial.Rig.Database.StopAtOnceAsync();
        var before = trial.Rig.Swarm.Receipts.Count(receipt => receipt.IsWhole);
        await trial.PauseAsync(trial.Pick(6000, 60_000));
        var served = trial.Rig.Swarm.Receipts.Count(receipt => receipt.IsWhole) - before;
        await trial.Rig.Database.StartAgainAsync();
        var clock = Stopwatch.StartNew();
        var drained = await trial.WaitAsync(() => IsDrainedAsync(trial), DrainedWithin);
        trial.Expect(drained, $"the logs are not drained {DrainedWithin.TotalSeconds} s after PostgreSQL's return");
        trial.Note($"served {served} without PostgreSQL, drained after {clock.Elapsed.TotalSeconds:0.0} s");
        Served = served;
    });

    /// <summary>Requests served while it was away.</summary>
    public int Served { get; private set; }

    // New records come all the time; what counts is that the ledger follows them closely again.
    private static async Task<bool> IsDrainedAsync(Trial trial)
    {
        const long close = 200;
        var lag = await trial.Rig.Database.ReadAsync(
            """
            select coalesce(max(g.last_lsn - coalesce(p.acked_lsn, 0)), 0)
            from gateways g left join gateway_positions p on p.gateway_no = g.no
            where g.last_beat_at > now() - interval '5 seconds'
            """,
            row => row.GetInt64(0));
        return lag[0] < close;
    }
}
