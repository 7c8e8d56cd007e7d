using TokenHub.Chaos.Proxies;

namespace TokenHub.Chaos.Faults.Networks;

/// <summary>
/// Three of ten messages are delivered twice: script calls of gateways and control plane to Redis, and the gateways'
/// calls to the control plane.
/// </summary>
internal sealed class F20Repeated : IFault
{
    private const int Percent = 30;

    public string Id => "F20";

    public string Says => "any message delivered twice";

    public async Task PlayAsync(Trial trial)
    {
        var edges = trial.Rig.Edges;
        var stores = edges.GatewayStores.SelectMany(nodes => nodes).Concat(edges.PlaneStores).Distinct().ToList();
        foreach (var edge in stores)
        {
            edge.Impair(e => e.RepeatPercent = Percent);
            edge.Cut();
        }

        var target = edges.GatewayPlanes[0].TargetPort;
        await using var repeater = await HttpRepeater.StartAsync(target, Percent, trial.Random.Next());
        foreach (var edge in edges.GatewayPlanes)
        {
            edge.TargetPort = repeater.Port;
            edge.Cut();
        }

        await trial.PauseAsync(trial.Pick(6000, 60_000));
        foreach (var edge in edges.GatewayPlanes)
        {
            edge.TargetPort = target;
            edge.Cut();
        }

        foreach (var edge in stores)
        {
            edge.Heal();
            edge.Cut();
        }

        trial.Expect(repeater.Repeated > 5, $"only {repeater.Repeated} calls to the control plane were repeated");
        trial.Note($"{repeater.Repeated} plane calls repeated");
    }
}
