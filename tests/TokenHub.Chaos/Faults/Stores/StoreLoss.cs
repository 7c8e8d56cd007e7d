using TokenHub.Chaos.Stores;

namespace TokenHub.Chaos.Faults.Stores;

/// <summary>What the kills of Redis have in common.</summary>
internal static class StoreLoss
{
    /// <summary>Kills it, does something to what it left, lets some time pass, and starts it again.</summary>
    public static Task PlayAsync(Trial trial, Action<IStore> meanwhile, int downMs) =>
        Trial.AloneAsync(trial.Rig.StoreGate, async () =>
        {
            await trial.Rig.Store.KillAsync();
            meanwhile(trial.Rig.Store);
            await trial.PauseAsync(downMs);
            await trial.Rig.Store.StartAgainAsync();
        });

    /// <summary>
    /// The failure model lets holds of the lost window be spent again: each open request of the poor payer once.
    /// </summary>
    public static void GrantLostHolds(Trial trial)
    {
        const long holdUnits = 60 * 400 + 100 * 100;
        trial.Rig.Allowances.LostHoldUnits += trial.Rig.Payers[trial.Rig.Poor].ConcurrencyMax * holdUnits;
    }
}
