using TokenHub.Core.Money;

namespace TokenHub.Core.Routing;

/// <summary>Why a channel is no candidate for a call, whatever its state.</summary>
public enum RouteBar : byte
{
    None = 0,

    /// <summary>Outside the key's scope or the group.</summary>
    Scope = 1,

    /// <summary>It has no such call.</summary>
    Call = 2,
}

/// <summary>How a channel stands towards a call: the lower, the sooner it is tried.</summary>
public enum RouteVerdict : byte
{
    Available = 0,

    /// <summary>No slot is free: it may be waited for.</summary>
    Full = 1,

    /// <summary>It rests after failures: a guess of ours, so it is tried when nothing else is left.</summary>
    Resting = 2,

    /// <summary>A quota window is used up, which is no guess: it is not tried.</summary>
    Exhausted = 3,
    OutOfScope = 4,
    OtherCall = 5,
}

/// <summary>
/// Everything about one channel that the choice looks at. Times are of the clock of <see cref="RouteCall.Now"/>; 0 is
/// never.
/// </summary>
public record struct RouteInput()
{
    public long Channel { get; set; }

    /// <summary>Channels of a higher priority are tried before those of a lower one.</summary>
    public int Priority { get; set; }

    public int Weight { get; set; } = 1;

    /// <summary>It speaks the caller's own protocol.</summary>
    public bool IsOwnDialect { get; set; } = true;

    /// <summary>Place in the order of lots: the lower, the older.</summary>
    public long Order { get; set; }

    public RouteBar Bar { get; set; }

    /// <summary>Units for a million tokens of prompt, without factors.</summary>
    public double InputPrice { get; set; }

    /// <summary>The same of answer.</summary>
    public double OutputPrice { get; set; }

    /// <summary>By what both are multiplied now.</summary>
    public double Factor { get; set; } = 1;

    /// <summary>The least that <see cref="Factor"/> can be.</summary>
    public double FactorLeast { get; set; } = 1;

    /// <summary>Calls it takes at once; 0: as many as come.</summary>
    public int SlotsMax { get; set; }

    /// <summary>Slots taken over all gateways, as last heard.</summary>
    public int SlotsUsed { get; set; }

    /// <summary>Calls under way from here.</summary>
    public int Running { get; set; }

    /// <summary>Calls that wait in line for it.</summary>
    public int Waiting { get; set; }

    public long RestsUntil { get; set; }

    /// <summary>A single call tries it.</summary>
    public bool IsHalfOpen { get; set; }

    public long FullUntil { get; set; }
    public long ExhaustedUntil { get; set; }

    /// <summary>Lately failed attempts of 10,000.</summary>
    public int FailedBp { get; set; }

    /// <summary>Usual time to the first token, in ms; 0 when not known.</summary>
    public int FirstTokenMs { get; set; }

    /// <summary>By what a fire-sale multiplies the weight now, in basis points.</summary>
    public int WeightBp { get; set; } = PriceFactors.Once;

    /// <summary>The most that <see cref="WeightBp"/> can be.</summary>
    public int WeightBpMax { get; set; } = PriceFactors.Once;

    /// <summary>What is left of the primary window, in basis points of its limit.</summary>
    public int LeftBp { get; set; } = PriceFactors.Once;
}
