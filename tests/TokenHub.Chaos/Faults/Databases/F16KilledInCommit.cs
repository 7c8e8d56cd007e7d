namespace TokenHub.Chaos.Faults.Databases;

/// <summary>PostgreSQL is killed at random moments while it commits.</summary>
internal sealed class F16KilledInCommit : IFault
{
    public string Id => "F16";

    public string Says => "kill -9 of PostgreSQL in commit";

    public async Task PlayAsync(Trial trial)
    {
        for (var round = 0; round < trial.Pick(4, 40); round++)
        {
            await trial.PauseAsync(300, 1500);
            await Trial.AloneAsync(trial.Rig.Database.Gate, async () =>
            {
                await trial.Rig.Database.KillAsync();
                await trial.Rig.Database.StartAgainAsync();
            });
        }
    }
}
