namespace TokenHub.Chaos.Faults.Stores;

internal sealed class F06Killed : IFault
{
    public string Id => "F06";

    public string Says => "kill -9 of Redis, its file intact";

    public async Task PlayAsync(Trial trial)
    {
        for (var round = 0; round < trial.Pick(2, 8); round++)
        {
            await StoreLoss.PlayAsync(trial, _ => { }, trial.Random.Next(100, 1500));
            await trial.PauseAsync(500, 2000);
        }
    }
}
