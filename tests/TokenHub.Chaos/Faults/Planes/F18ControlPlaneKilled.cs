namespace TokenHub.Chaos.Faults.Planes;

/// <summary>The control plane is killed at random moments of its work, often.</summary>
internal sealed class F18ControlPlaneKilled : IFault
{
    public string Id => "F18";

    public string Says => "kill -9 of the control plane before commit, after commit, in acknowledging";

    public async Task PlayAsync(Trial trial)
    {
        var plane = trial.Rig.ControlPlanes[0];
        for (var round = 0; round < trial.Pick(4, 30); round++)
        {
            await trial.PauseAsync(50, 900);
            await Trial.AloneAsync(plane.Gate, async () =>
            {
                await plane.KillAsync();
                plane.Launch();
                await trial.WaitAsync(() => plane.IsReadyAsync("/healthz"), TimeSpan.FromSeconds(10));
            });
        }
    }
}
