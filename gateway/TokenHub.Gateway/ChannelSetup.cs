using TokenHub.Core.Snapshots;
using TokenHub.Gateway.Channels.Gate;
using TokenHub.Gateway.Channels.Queue;
using TokenHub.Gateway.Routing;
using TokenHub.Gateway.Snapshots;
using TokenHub.Gateway.Telemetry;

namespace TokenHub.Gateway;

/// <summary>What the choice of channels stands on, built once by <see cref="GatewayHost"/>.</summary>
internal sealed class ChannelSetup(TimeProvider time, SnapshotHolder snapshots, GatewayMetrics metrics)
{
    public ChannelLives Lives { get; } = new();

    public ChannelHealth Health { get; } = new(time);

    public ChannelPicker Picker => field ??= new ChannelPicker(Health, Random.Shared);

    public IChannelGate Gate { get; } = new LocalGate();

    public FairQueue Queue => field ??= new FairQueue(Gate, metrics.Queue, time, Random.Shared);

    public IAdmission Admission => field ??= new FairAdmission(Gate, Queue, () => Rules);

    private RoutingRules Rules => snapshots.Current.Settings.Routing;
}
