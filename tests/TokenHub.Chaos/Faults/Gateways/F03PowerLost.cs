namespace TokenHub.Chaos.Faults.Gateways;

/// <summary>
/// The machine of a gateway loses power: its in-flight table comes back as it was written last, its log without the
/// frames that were not synced yet.
/// </summary>
internal sealed class F03PowerLost : IFault
{
    private const int TableAgeMs = 200;
    private const int LogAgeMs = 5;

    // What the upstream has sent is in the table by then, on a busy machine too.
    private const int ArrivesWithinMs = 60;

    public string Id => "F03";

    public string Says => "power loss of a gateway: its table 200 ms old, its log cut by 5 ms";

    public async Task PlayAsync(Trial trial)
    {
        for (var round = 0; round < trial.Pick(3, 12); round++)
        {
            await trial.PauseAsync(300, 900);
            var number = round % trial.Rig.Gateways.Count;
            var gateway = trial.Rig.Gateways[number];
            await Trial.AloneAsync(gateway.Gate, async () =>
            {
                var disk = new GatewayDisk(gateway.DataFolder);
                var began = Environment.TickCount64;
                await trial.PauseAsync(ArrivesWithinMs);
                var keptAt = Environment.TickCount64;
                disk.KeepTable();
                await trial.PauseAsync(TableAgeMs - LogAgeMs);
                disk.KeepLogEnds();
                await trial.PauseAsync(LogAgeMs);
                await gateway.KillAsync();
                var lostMs = Environment.TickCount64 - keptAt;
                disk.RestoreTable();
                disk.CutLog();
                GrantUnseen(trial, began);
                trial.Note($"lost {lostMs} ms of the table");
                await gateway.StartAsync();
            });
        }
    }

    // What went on within the lost moments is known to nobody but upstream and client.
    private static void GrantUnseen(Trial trial, long sinceMs)
    {
        foreach (var (model, attempts) in trial.Rig.Upstream.Truth)
        {
            var last = attempts.Last();
            if (Math.Max(last.LastMs, last.WholeAtMs) >= sinceMs)
            {
                trial.Rig.Allowances.PowerLost.TryAdd(model, sinceMs);
            }
        }
    }
}
