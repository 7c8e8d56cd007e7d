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
        await WriteOffAsync(trial, name);
    }

    // Until its lease is over the gateway counts as alive; then what it had open is given back and named at once.
    private static async Task WriteOffAsync(Trial trial, string name)
    {
        var said = "";
        var writtenOff = await trial.WaitAsync(
            async () =>
            {
                (var code, said) = await trial.Rig.ControlPlanes[0].CommandAsync("gateway", "write-off", name);
                return code == 0;
            },
            TimeSpan.FromSeconds(110));
        trial.Expect(writtenOff, $"the write-off says: {said}");
        var held = await I06NothingHeld.HeldAsync(trial.Rig);
        var named = held.Where(rid => said.Contains(rid, StringComparison.Ordinal)).ToList();
        trial.Expect(named.Count == 0, $"{named.Count} requests of the write-off still hold money");
        trial.Note($"written off: {said.ReplaceLineEndings(" ")}"[..Math.Min(said.Length + 13, 160)]);
    }

    private static async Task HeldIsReleasedAsync(Trial trial)
    {
        var held = (await I06NothingHeld.HeldAsync(trial.Rig)).Count;
        trial.Expect(held > 0, "no hold was open at the lost gateway; the fault would show little");
    }
}
