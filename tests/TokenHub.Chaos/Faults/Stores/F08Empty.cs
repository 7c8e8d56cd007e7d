namespace TokenHub.Chaos.Faults.Stores;

internal sealed class F08Empty : IFault
{
    public string Id => "F08";

    public string Says => "Redis starts again empty";

    public TimeSpan ServesWithin => TimeSpan.FromSeconds(10);

    public async Task PlayAsync(Trial trial)
    {
        for (var round = 0; round < trial.Pick(1, 4); round++)
        {
            StoreLoss.GrantLostHolds(trial);
            await StoreLoss.PlayAsync(trial, store => store.Wipe(), trial.Random.Next(0, 800));
            await trial.PauseAsync(2500, 4000);
        }
    }
}
