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
        var records = trial.Rig.Swarm.Whole;
        await trial.Rig.Database.StartAgainAsync();
        var clock = Stopwatch.StartNew();
        var drained = await trial.WaitAsync(() => HasAsync(trial, records), DrainedWithin);
        trial.Expect(drained, $"the logs are not drained {DrainedWithin.TotalSeconds} s after PostgreSQL's return");
        trial.Note($"served {served} without PostgreSQL, drained after {clock.Elapsed.TotalSeconds:0.0} s");
    });

    // Each request that a client has whole has left a record.
    private static async Task<bool> HasAsync(Trial trial, int records) =>
        (await trial.Rig.Database.ReadAsync("select count(*) from usage_events", row => row.GetInt64(0)))[0] >= records;
}
