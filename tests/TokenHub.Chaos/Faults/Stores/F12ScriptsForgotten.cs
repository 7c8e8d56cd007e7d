namespace TokenHub.Chaos.Faults.Stores;

/// <summary>Redis forgets all scripts, again and again: nobody notices.</summary>
internal sealed class F12ScriptsForgotten : IFault
{
    public string Id => "F12";

    public string Says => "SCRIPT FLUSH again and again";

    public async Task PlayAsync(Trial trial)
    {
        var before = trial.Rig.Swarm.Receipts.Count;
        for (var round = 0; round < trial.Pick(15, 60); round++)
        {
            await trial.Rig.Store.EverywhereAsync("SCRIPT", "FLUSH");
            await trial.PauseAsync(200);
        }

        var refused = trial.Rig.Swarm.Receipts.Skip(before).Count(receipt => receipt.Status is 500 or 503);
        trial.Expect(refused == 0, $"{refused} calls were refused because scripts were forgotten");
    }
}
