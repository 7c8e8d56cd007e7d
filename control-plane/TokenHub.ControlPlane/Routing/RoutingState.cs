using TokenHub.Core.Money;

namespace TokenHub.ControlPlane.Routing;

/// <summary>What gateways share of a channel's state; what is null is not known.</summary>
internal sealed record ChannelState
{
    public int? SlotsUsed { get; init; }
    public bool IsFull { get; init; }
    public bool IsExhausted { get; init; }
    public bool IsResting { get; init; }
    public bool IsHalfOpen { get; init; }
    public int? LeftBp { get; init; }
    public int? FailedBp { get; init; }
    public int? FirstTokenMs { get; init; }
    public int WeightBp { get; init; } = PriceFactors.Once;
    public int FireSaleBp { get; init; } = PriceFactors.Once;
    public int SurgeBp { get; init; } = PriceFactors.Once;
}

/// <summary>States by channel, and the names of inputs that nobody shares.</summary>
internal sealed record RoutingState(IReadOnlyDictionary<long, ChannelState> Channels, IReadOnlyList<string> Unknown);
