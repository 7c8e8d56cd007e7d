using TokenHub.Core.Requests;
using TokenHub.Gateway.Affinity;
using TokenHub.Gateway.Auth;
using TokenHub.Gateway.Channels.Queue;
using TokenHub.Gateway.Channels.Circuits;
using TokenHub.Gateway.Forwarding;
using TokenHub.Gateway.Learned;
using TokenHub.Gateway.Listening;
using TokenHub.Gateway.Metering;
using TokenHub.Gateway.Planes;
using TokenHub.Gateway.Reservation;
using TokenHub.Gateway.Routing;
using TokenHub.Gateway.Settlement;
using TokenHub.Gateway.Snapshots;
using TokenHub.Gateway.Telemetry;
using TokenHub.Redis;

namespace TokenHub.Gateway;

/// <summary>The rooms and what they stand on, built once by <see cref="GatewayHost"/>.</summary>
internal sealed class GatewayRooms
{
    public required GatewayOptions Options { get; init; }
    public required TimeProvider Time { get; init; }
    public required RequestIdSource Ids { get; init; }
    public required GatewayMetrics Metrics { get; init; }
    public required LocalAnswers Local { get; init; }
    public required RequestFront Front { get; init; }
    public required KeyAuth Auth { get; init; }
    public required SnapshotHolder Snapshots { get; init; }
    public required ConversationBinder Affinity { get; init; }
    public required ChannelPicker Picker { get; init; }
    public required FairQueue Queue { get; init; }
    public required Till Till { get; init; }
    public required Reserver Reserver { get; init; }
    public required GraceLine Grace { get; init; }
    public required ShardGate Gate { get; init; }
    public required InFlightTable Table { get; init; }
    public required DrainGate Drains { get; init; }
    public required Deadlines Deadlines { get; init; }
    public required IAdmission Admission { get; init; }
    public required Forwarder Forwarder { get; init; }
    public required Settler Settler { get; init; }
    public required OutputLengths Lengths { get; init; }
    public required SharedCircuits Circuits { get; init; }
    public AnswerReaderPool Readers { get; } = new();
    public TokenScales Scales { get; } = new();

    public Exchange NewExchange() =>
        new(new StreamMeter(Readers, Scales), new Hold(Till, Options, Grace, Time), Drains, Time);
}
