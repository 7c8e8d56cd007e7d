namespace TokenHub.Chaos.Faults.Gateways;

/// <summary>
/// A bit of the log turns while its gateway is down: in the last record that is a torn tail and passes; in the middle
/// the gateway says which record it is and refuses to start.
/// </summary>
internal sealed class F05LogDamaged : IFault
{
    private const int FramesMin = 20;

    public string Id => "F05";

    public string Says => "a flipped bit in the log's middle";

    public async Task PlayAsync(Trial trial)
    {
        var gateway = trial.Rig.Gateways[0];
        await Trial.AloneAsync(gateway.Gate, async () =>
        {
            // Records stay in the log while nobody takes them.
            trial.Rig.Edges.GatewayPlanes[0].Impair(edge => edge.IsDown = true);
            trial.Rig.Edges.GatewayPlanes[0].Cut();
            var disk = new GatewayDisk(gateway.DataFolder);
            var enough = await trial.WaitAsync(() => disk.CountFrames() >= FramesMin, TimeSpan.FromSeconds(15));
            trial.Expect(enough, $"the log has only {disk.CountFrames()} records");
            await gateway.KillAsync();
            trial.Rig.Edges.GatewayPlanes[0].Heal();
            var frame = disk.CountFrames() / 2;
            disk.Flip(frame);
            gateway.Launch();
            var ended = await trial.WaitAsync(() => !gateway.IsRunning, TimeSpan.FromSeconds(15));
            trial.Expect(ended, "the gateway started on a log that is damaged in its middle");

            // Its last words may come after its end.
            await gateway.KillAsync();
            var said = gateway.CurrentOutput;
            trial.Expect(
                said.Contains("LSN", StringComparison.OrdinalIgnoreCase), $"it does not say which record is damaged: {said}");
            disk.Flip(frame);
            await gateway.StartAsync();
        });
    }
}
