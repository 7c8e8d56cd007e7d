using TokenHub.Core.Snapshots;
using TokenHub.Gateway.Settlement;
using TokenHub.Gateway.Snapshots;

namespace TokenHub.Gateway.Planes;

/// <summary>Tells the control plane every two seconds that this gateway lives and how far its log has come.</summary>
public sealed class Heartbeat(
    PlaneClient plane, Settler settler, InFlightTable table, SnapshotHolder snapshots, string address)
{
    private static readonly TimeSpan Every = TimeSpan.FromSeconds(2);

    /// <summary>Set when the gateway takes no new requests any more.</summary>
    public bool Draining { get; set; }

    public async Task RunAsync(CancellationToken cancel)
    {
        while (true)
        {
            try
            {
                await plane.BeatAsync(Now(), cancel);
            }
            catch (PlaneUnavailableException)
            {
                // Serving goes on from the last snapshot; the next beat tries again.
            }

            await Task.Delay(Every, cancel);
        }
    }

    private PlaneMessages.GatewayBeat Now()
    {
        var oldest = 0L;
        foreach (var slot in table.OpenSlots())
        {
            var started = slot.Request.StartedMs;
            oldest = oldest == 0 ? started : Math.Min(oldest, started == 0 ? oldest : started);
        }

        return new PlaneMessages.GatewayBeat(
            plane.Identity.GatewayNo, plane.Identity.BootNo, settler.LastLsn, settler.AckedLsn, table.OpenCount, oldest,
            RecoveryDone: true, Draining, snapshots.Version, address);
    }
}
