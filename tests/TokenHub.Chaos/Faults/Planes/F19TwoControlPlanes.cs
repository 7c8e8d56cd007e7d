namespace TokenHub.Chaos.Faults.Planes;

/// <summary>Three control planes work on the same logs, gateways change between them, one of them dies.</summary>
internal sealed class F19TwoControlPlanes : IFault
{
    public string Id => "F19";

    public string Says => "several control planes at once";

    public bool NeedsOwnRig => true;

    public async Task PlayAsync(Trial trial)
    {
        var rig = trial.Rig;
        await rig.AddControlPlaneAsync();
        await rig.AddControlPlaneAsync();
        for (var round = 0; round < trial.Pick(10, 80); round++)
        {
            foreach (var edge in rig.Edges.GatewayPlanes)
            {
                edge.TargetPort = rig.ControlPlanes[trial.Random.Next(rig.ControlPlanes.Count)].Port;
                edge.Cut();
            }

            await trial.PauseAsync(200, 800);
            if (round % 4 == 3)
            {
                var victim = rig.ControlPlanes[trial.Random.Next(rig.ControlPlanes.Count)];
                await victim.KillAsync();
                victim.Launch();
            }
        }
    }
}
