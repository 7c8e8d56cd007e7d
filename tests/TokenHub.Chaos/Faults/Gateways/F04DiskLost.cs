using TokenHub.Chaos.Invariants;

namespace TokenHub.Chaos.Faults.Gateways;

/// <summary>
/// A gateway's machine is gone with its disk. What it had settled comes from Redis; what was open is given back and
/// reported, never charged in silence. A new machine takes its place under another name.
/// </summary>
internal sealed class F04DiskLost : IFault
{
    /// <summary>Between an answer's end and its settling in Redis, which is what is left of it.</summary>
    private const int UnsettledMs = 500;

    public string Id => "F04";

    public string Says => "a gateway is gone for ever, and its disk";

    public bool NeedsOwnRig => true;

    public async Task PlayAsync(Trial trial)
    {
        const int lost = 1;
        var gateway = trial.Rig.Gateways[lost];
        var streams = Enumerable.Range(0, 20).Select(_ => trial.CallAsync(
            lost, errand => errand with { IsStream = true })).ToList();
        await trial.PauseAsync(80, 200);
        var diedAt = Environment.TickCount64;
        await gateway.KillAsync();
        gateway.LoseData();
        var name = gateway.Name;
        gateway.Identity = name + "-successor";
        trial.Rig.Allowances.LogLost[name] = true;
        await Task.WhenAll(streams);
        await trial.PauseAsync(500);
        foreach (var receipt in trial.Rig.Swarm.Receipts.Where(r => r.Gateway == lost && r.EndedMs >= diedAt - UnsettledMs
            && r.SentMs <= diedAt + UnsettledMs))
        {
            trial.Rig.Allowances.RecordLost[receipt.Model] = name;
        }

        // The receipts of calls that run on at the other gateway are not touched by this.
        await gateway.StartAsync();
        trial.Note($"{trial.Rig.Allowances.RecordLost.Count} requests had their only record on the lost disk");
        await HeldIsReleasedAsync(trial);
    }

    private static async Task HeldIsReleasedAsync(Trial trial)
    {
        var held = (await I06NothingHeld.HeldAsync(trial.Rig)).Count;
        trial.Expect(held > 0, "no hold was open at the lost gateway; the fault would show little");
    }
}
