using TokenHub.Core.Snapshots;
using TokenHub.Gateway.Channels.Gate;
using TokenHub.Gateway.Channels.Queue;
using TokenHub.Gateway.Planes;
using TokenHub.Gateway.Channels.Circuits;
using TokenHub.Gateway.Learned;
using TokenHub.Gateway.Routing;
using TokenHub.Gateway.Snapshots;
using TokenHub.Gateway.Telemetry;
using TokenHub.Redis;
using TokenHub.Redis.Channels;

namespace TokenHub.Gateway;

/// <summary>What the choice of channels stands on, built once by <see cref="GatewayHost"/>.</summary>
internal sealed class ChannelSetup(
    TimeProvider time, RedisClient redis, Till till, PlaneClient plane, GatewayIdentity identity,
    SnapshotHolder snapshots, GatewayMetrics metrics)
{
    private readonly ServerClock _clock = new(time);

    public ChannelLives Lives { get; } = new();

    public CircuitBoard Circuits { get; } = new(time, Random.Shared);

    public OutputLengths Lengths { get; } = new();

    public ChannelPicker Picker => field ??= new ChannelPicker(Random.Shared, time.TimestampFrequency);

    public ChannelGate Gate => field ??= new ChannelGate(
        new ChannelSeats(redis.Runner), identity, () => till.EpochSum, new Recounts(plane, _clock).RecountAsync,
        _clock, time);

    public FairQueue Queue => field ??= new FairQueue(Gate, metrics.Queue, time, Random.Shared);

    public IAdmission Admission => field ??= new FairAdmission(
        Gate, Queue, () => Rules, Lengths, time);

    private RoutingRules Rules => snapshots.Current.Settings.Routing;
}
