using TokenHub.Core.Money;
using TokenHub.Core.Routing;
using TokenHub.Core.Snapshots;
using TokenHub.Protocols.Upstreams;

namespace TokenHub.ControlPlane.Routing;

/// <summary>A channel that serves the model asked about, with all that the choice looks at.</summary>
internal sealed record ExplainedChannel(ChannelEntry Entry, PriceEntry? Price, ChannelState State, int[] Groups)
{
    private const long Once = PriceFactors.Once;

    /// <summary>A moment after which everything that is on lasts on.</summary>
    public const long Now = 1;

    /// <summary>By which group a call comes here; <see cref="RouteGroups.Closed"/> when it may not.</summary>
    public required int Group { get; init; }

    /// <summary>The call's key may use the channel.</summary>
    public required bool IsInScope { get; init; }

    public required Dialect Client { get; init; }

    public required string Model { get; init; }

    public bool IsOwn => Dialect == Client;

    /// <summary>The protocol in which it is called; none when it has no such call.</summary>
    public Dialect Dialect => UpstreamSite.Of(Entry, ChannelSecret.None)
        .DialectFor(Client, Entry.ModelMap.GetValueOrDefault(Model, Model));

    public PriceFactors Factors(RouteGroups groups) => new(
        Group >= 0 ? groups[Group].PriceFactorBp : PriceFactors.Once, State.SurgeBp, State.FireSaleBp);

    public Usd? Hold(RouteGroups groups, long inputTokens, long outputTokens) => Price is null ? null
        : TariffMath.Hold(Price.ToTariff() with { Factors = Factors(groups) }, inputTokens, outputTokens);

    public RouteInput ToInput(RouteGroups groups) => new()
    {
        Channel = Entry.Id,
        Priority = Entry.Priority,
        Weight = Entry.Weight,
        IsOwnDialect = IsOwn,
        Order = Entry.Id,
        Bar = !IsInScope || Group == RouteGroups.Closed ? RouteBar.Scope
            : Dialect == Dialect.None || Price is null ? RouteBar.Call
            : RouteBar.None,
        InputPrice = Price?.Input ?? 0,
        OutputPrice = Price?.Output ?? 0,
        Factor = (double)Factors(groups).GroupBp * State.SurgeBp * State.FireSaleBp / (Once * Once * Once),
        FactorLeast = 0,
        SlotsMax = Entry.MaxConcurrency ?? 0,
        SlotsUsed = State.SlotsUsed ?? 0,
        FullUntil = State.IsFull ? long.MaxValue : 0,
        ExhaustedUntil = State.IsExhausted ? long.MaxValue : 0,
        RestsUntil = State.IsResting ? long.MaxValue : 0,
        IsHalfOpen = State.IsHalfOpen,
        FailedBp = State.FailedBp ?? 0,
        FirstTokenMs = State.FirstTokenMs ?? 0,
        WeightBp = State.WeightBp,
        WeightBpMax = Math.Max(State.WeightBp, Entry.FireSale?.WeightFactorBp ?? 0),
        LeftBp = State.LeftBp ?? PriceFactors.Once,
    };
}
