using TokenHub.Chaos.Rigs;

namespace TokenHub.Chaos.Faults.Gateways;

/// <summary>A gateway with a hundred open streams is killed and started again.</summary>
internal sealed class F01KilledInStream : IFault
{
    private const int Streams = 100;

    public string Id => "F01";

    public string Says => "kill -9 of a gateway in mid-stream";

    public async Task PlayAsync(Trial trial)
    {
        for (var round = 0; round < trial.Pick(2, 6); round++)
        {
            var gateway = trial.Random.Next(trial.Rig.Gateways.Count);
            var streams = Enumerable.Range(0, Streams).Select(_ => trial.CallAsync(
                gateway, errand => errand with { IsStream = true })).ToList();
            await trial.PauseAsync(30, 500);
            await RestartAsync(trial, gateway, downMs: round == 0 ? 0 : trial.Pick(1500, 30_000));
            await Task.WhenAll(streams);
        }
    }

    public static Task RestartAsync(Trial trial, int gateway, int downMs) =>
        Trial.AloneAsync(trial.Rig.Gateways[gateway].Gate, async () =>
        {
            await trial.Rig.Gateways[gateway].KillAsync();
            await trial.PauseAsync(downMs);
            trial.Rig.Gateways[gateway].Launch();
            await ReadyOrRefusedAsync(trial, trial.Rig.Gateways[gateway]);
        });

    // Another fault of the same run may have taken away what the gateway waits for; healing brings it back.
    private static async Task ReadyOrRefusedAsync(Trial trial, Plane gateway) =>
        await trial.WaitAsync(() => gateway.IsReadyAsync(), TimeSpan.FromSeconds(8));
}
