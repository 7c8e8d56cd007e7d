namespace TokenHub.Chaos.Faults.Networks;

/// <summary>Nothing passes between gateways and Redis, one way or both ways; TCP delivers it late.</summary>
internal sealed class F13StorePartition : IFault
{
    public string Id => "F13";

    public string Says => "partition between gateways and Redis, one way and both ways";

    public async Task PlayAsync(Trial trial)
    {
        for (var way = 0; way < 3; way++)
        {
            var edges = trial.Rig.Edges.GatewayStores.SelectMany(node => node).ToList();
            foreach (var edge in edges)
            {
                edge.Impair(e =>
                {
                    if (way is 0 or 2)
                    {
                        e.Up.Hold();
                    }

                    if (way is 1 or 2)
                    {
                        e.Down.Hold();
                    }
                });
            }

            await trial.PauseAsync(trial.Pick(1000, 20_000), trial.Pick(2500, 60_000));
            var gateway = trial.Rig.Gateways[0];
            var process = await gateway.IsReadyAsync("/healthz") ? gateway.ProcessId : 0;
            var refused = await trial.CallAsync(0);
            edges.ForEach(edge => edge.Heal());
            await trial.PauseAsync(800);
            if (!gateway.IsRunning || gateway.ProcessId != process)
            {
                // Another fault has killed it meanwhile: it has answered nobody.
                continue;
            }

            trial.Expect(
                refused.Status == 503 && refused.HasRetryAfter,
                $"a call in the partition (way {way}) was answered {refused.Status} {refused.Fault}, retry-after "
                + $"{refused.HasRetryAfter}: {refused.Tail}");
            trial.Expect(refused.EndedMs - refused.SentMs < 2000, $"it took {refused.EndedMs - refused.SentMs} ms to be refused");
        }
    }
}
