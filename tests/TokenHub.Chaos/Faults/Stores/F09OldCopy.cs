namespace TokenHub.Chaos.Faults.Stores;

internal sealed class F09OldCopy : IFault
{
    public string Id => "F09";

    public string Says => "Redis starts again from an old copy";

    public TimeSpan ServesWithin => TimeSpan.FromSeconds(10);

    public async Task PlayAsync(Trial trial)
    {
        trial.Rig.Store.KeepCopy();

        // Older than the five seconds up to which a copy may pass for a lost tail.
        await trial.PauseAsync(trial.Pick(8000, 20_000));
        StoreLoss.GrantLostHolds(trial);
        await StoreLoss.PlayAsync(trial, store => store.RestoreCopy(), trial.Random.Next(0, 800));
        await trial.PauseAsync(2500, 4000);
    }
}
