using System.Collections.Concurrent;

namespace TokenHub.Gateway.Channels;

/// <summary>
/// What this gateway knows of one channel at the moment; outlives snapshots. Every field has one writer, named with it,
/// and is read by the choice without a lock: a value that is a moment old costs a detour, never money. Times are
/// timestamps of the gateway's monotonic clock; 0 is never.
/// </summary>
internal sealed class ChannelLive(long channel)
{
    public long Channel { get; } = channel;

    /// <summary>Attempts of this gateway that are under way. Written by the admission.</summary>
    public int Running;

    /// <summary>Requests that wait in line here for it. Written by the admission.</summary>
    public int Waiting;

    /// <summary>Slots taken over all gateways, as Redis said last. Written by the channel gate.</summary>
    public int SlotsUsed;

    /// <summary>No slot is free before then. Written by the channel gate.</summary>
    public long FullUntil;

    /// <summary>A quota window is used up until then. Written by the channel gate.</summary>
    public long ExhaustedUntil;

    /// <summary>
    /// What is left of the primary window, in basis points of its limit. Written by the channel gate.
    /// </summary>
    public int LeftBp = Core.Money.PriceFactors.Once;

    /// <summary>By what a fire-sale multiplies its weight, in basis points. Written by the channel gate.</summary>
    public int WeightBp = Core.Money.PriceFactors.Once;

    /// <summary>By what a fire-sale multiplies its price, in basis points. Written by the channel gate.</summary>
    public int FireSaleBp = Core.Money.PriceFactors.Once;

    /// <summary>By what scarcity multiplies its price, in basis points. Written by the channel gate.</summary>
    public int SurgeBp = Core.Money.PriceFactors.Once;

    /// <summary>It rests after failures until then. Written by the breaker.</summary>
    public long RestsUntil;

    /// <summary>Its circuit is half open: a single call tries it. Written by the breaker.</summary>
    public bool IsHalfOpen;

    /// <summary>Lately failed attempts of 10,000. Written by the breaker.</summary>
    public int FailedBp;

    /// <summary>Usual time to its first token (median), in ms; 0 before any. Written by the learning.</summary>
    public int FirstTokenMs;

    /// <summary>The time in which 95 of 100 first tokens come, in ms; 0 before any. Written by the learning.</summary>
    public int FirstTokenP95Ms;
}

/// <summary>The live states of all channels ever seen by this process, by channel id.</summary>
internal sealed class ChannelLives
{
    private readonly ConcurrentDictionary<long, ChannelLive> _lives = new();

    public ChannelLive Of(long channel) => _lives.GetOrAdd(channel, static id => new ChannelLive(id));
}
