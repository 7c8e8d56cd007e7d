namespace TokenHub.Chaos.Faults.Stores;

internal sealed class F07LastSecondsLost : IFault
{
    public string Id => "F07";

    public string Says => "Redis loses its last one to two seconds";

    public async Task PlayAsync(Trial trial)
    {
        for (var round = 0; round < trial.Pick(2, 6); round++)
        {
            await trial.PauseAsync(1500, 2500);
            StoreLoss.GrantLostHolds(trial);
            await StoreLoss.PlayAsync(
                trial, store => store.CutTail(TimeSpan.FromMilliseconds(trial.Random.Next(1000, 2000))),
                trial.Random.Next(0, 800));
            await trial.PauseAsync(300, 1500);
        }
    }
}
