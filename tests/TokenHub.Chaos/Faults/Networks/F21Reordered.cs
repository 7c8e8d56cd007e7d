namespace TokenHub.Chaos.Faults.Networks;

/// <summary>
/// Calls of the gateways reach Redis late and each by another delay, those of the control plane at once: charges are
/// acknowledged before Redis has heard of them.
/// </summary>
internal sealed class F21Reordered : IFault
{
    public string Id => "F21";

    public string Says => "settle, acknowledge and reserve out of order";

    public async Task PlayAsync(Trial trial)
    {
        var edges = trial.Rig.Edges.GatewayStores.SelectMany(nodes => nodes).ToList();
        for (var round = 0; round < trial.Pick(3, 12); round++)
        {
            // The answer alone is late: Redis has done it, and the caller may have given up.
            edges.ForEach(edge => edge.Impair(e =>
            {
                e.Up.LatencySpreadMs = round % 2 == 0 ? 180 : 0;
                e.Down.LatencySpreadMs = round % 2 == 0 ? 0 : 350;
            }));
            await trial.PauseAsync(2500);
            edges.ForEach(edge => edge.Heal());
            await trial.PauseAsync(300);
        }
    }
}
