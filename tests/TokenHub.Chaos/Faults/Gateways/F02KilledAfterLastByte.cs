namespace TokenHub.Chaos.Faults.Gateways;

/// <summary>A gateway is killed in the moment in which the upstream has given its last byte.</summary>
internal sealed class F02KilledAfterLastByte : IFault
{
    public string Id => "F02";

    public string Says => "kill -9 of a gateway after the last byte, before settling";

    public int Clients => 6;

    public async Task PlayAsync(Trial trial)
    {
        for (var round = 0; round < trial.Pick(5, 60); round++)
        {
            var gateway = round % trial.Rig.Gateways.Count;
            await Trial.AloneAsync(trial.Rig.Gateways[gateway].Gate, async () =>
            {
                var ended = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
                var calls = new List<Task>();
                var awaited = "";
                trial.Rig.Upstream.Ended = model =>
                {
                    if (model == awaited)
                    {
                        trial.Rig.Gateways[gateway].Signal(9);
                        ended.TrySetResult();
                    }
                };
                calls.Add(trial.CallAsync(gateway, errand =>
                {
                    awaited = errand.Model;
                    return errand with { IsStream = trial.Random.Next(2) == 0 };
                }));
                await Task.WhenAny(ended.Task, Task.Delay(3000, trial.Cancel));
                trial.Rig.Upstream.Ended = null;
                await trial.Rig.Gateways[gateway].KillAsync();
                await Task.WhenAll(calls);
                await trial.Rig.Gateways[gateway].StartAsync();
            });
        }
    }
}
