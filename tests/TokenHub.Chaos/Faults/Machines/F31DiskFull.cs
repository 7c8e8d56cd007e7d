using TokenHub.Chaos.Rigs;

namespace TokenHub.Chaos.Faults.Machines;

/// <summary>
/// The disk under the gateways fills up: new requests are refused while there is still room, what runs is closed, and
/// everything goes on when there is room again.
/// </summary>
internal sealed class F31DiskFull : IFault, IDisposable
{
    private const int DiskMegabytes = 600;
    private SmallDisk? _disk;

    public string Id => "F31";

    public string Says => "the gateways' disk is full";

    public bool NeedsOwnRig => true;

    public RigOptions Fit(RigOptions options)
    {
        _disk = SmallDisk.Create(DiskMegabytes);
        return options with { GatewayFolder = _disk.Folder };
    }

    public async Task PlayAsync(Trial trial)
    {
        var disk = _disk!;
        var streams = Enumerable.Range(0, 20).Select(i => trial.CallAsync(i % 2, errand =>
        {
            trial.Rig.Upstream.Plan(errand.Model, new Chaos.Upstreams.UpstreamPlan(100, 40));
            return errand with { IsStream = true };
        })).ToList();
        await trial.PauseAsync(600);

        // Less than a segment of the log: the next one could not be set aside.
        disk.FillTo(16 << 20);
        var refused = await trial.WaitAsync(
            async () => await trial.CallAsync(0) is { Status: 503, HasRetryAfter: true }, TimeSpan.FromSeconds(5));
        trial.Expect(refused, "a new request is served on a disk that is nearly full");
        disk.FillTo(0);
        var ended = await Task.WhenAll(streams);
        trial.Expect(
            ended.All(receipt => receipt.IsWhole), $"{ended.Count(r => !r.IsWhole)} of 20 running streams did not finish");
        trial.Expect(trial.Rig.Gateways.All(gateway => gateway.IsRunning), "a gateway has died of a full disk");
        await trial.PauseAsync(1000);
        disk.Empty();
    }

    public void Dispose()
    {
        _disk?.Dispose();
        _disk = null;
    }
}
