namespace TokenHub.Chaos.Faults.Stores;

/// <summary>Redis forgets all scripts, again and again: nobody notices.</summary>
internal sealed class F12ScriptsForgotten : IFault
{
    private const int SeriesMax = 3;

    public string Id => "F12";

    public string Says => "SCRIPT FLUSH again and again";

    // A moment in which Redis stands still refuses a call as well, but not in one series after the other.
    public async Task PlayAsync(Trial trial)
    {
        var refused = 0;
        for (var series = 0; series < SeriesMax && (series == 0 || refused > 0); series++)
        {
            refused = await ForgetAsync(trial);
            trial.Note($"{refused} calls were refused");
        }

        trial.Expect(refused == 0, $"{refused} calls were refused because scripts were forgotten");
    }

    private static async Task<int> ForgetAsync(Trial trial)
    {
        var before = trial.Rig.Swarm.Receipts.Count;
        for (var round = 0; round < trial.Pick(15, 60); round++)
        {
            await trial.Rig.Store.EverywhereAsync("SCRIPT", "FLUSH");
            await trial.PauseAsync(200);
        }

        return trial.Rig.Swarm.Receipts.Skip(before).Count(receipt => receipt.Status is 500 or 503);
    }
}
