namespace TokenHub.Core.Routing;

/// <summary>What one channel would take for a call, in plain numbers; prices with their factors applied.</summary>
/// <param name="Input">
/// Units for a million prompt tokens that are not cached: the price of a cache write where the call asks for one.
/// </param>
/// <param name="CacheRead">Units for a million cached ones.</param>
/// <param name="Output">Units for a million tokens of answer.</param>
/// <param name="WaitMs">Until the first token: in line, and as usual of the channel.</param>
/// <param name="FailedBp">Lately failed attempts of 10,000.</param>
/// <param name="FailureMs">Time that a failed attempt takes.</param>
public readonly record struct ChannelTerms(
    long Input, long CacheRead, long Output, long WaitMs, int FailedBp, long FailureMs);

/// <summary>What a call brings to the question whether its conversation should leave its channel.</summary>
/// <param name="PromptTokens">Tokens of the whole prompt.</param>
/// <param name="OutputTokens">Expected tokens of the answer.</param>
/// <param name="CachedTokens">Of the prompt's, those that were cached at the bound channel.</param>
/// <param name="CachedBp">Chance that they still are, in basis points.</param>
/// <param name="WaitUnitsPerHour">Worth of an hour of waiting, in units.</param>
public readonly record struct SwitchTerms(
    long PromptTokens, long OutputTokens, long CachedTokens, int CachedBp, long WaitUnitsPerHour);

/// <summary>
/// Prices the switch of a conversation to another channel: the prompt that has to be read anew there, against waiting,
/// the risk of failure and the difference of prices. Pure; exact in whole numbers.
/// </summary>
public static class SwitchPrice
{
    private const long Million = 1_000_000;
    private const long Whole = 10_000;
    private const long HourMs = 3_600_000;

    // Beyond these nothing changes any more, and no product of them overflows.
    private const long WaitMsMax = 24 * HourMs;
    private const long WaitUnitsMax = 1_000_000_000_000_000;

    /// <summary>True when the call is expected to cost more, time included, where its prompt is cached.</summary>
    public static bool IsWorthLeaving(in SwitchTerms call, in ChannelTerms bound, in ChannelTerms other) =>
        CostOf(call, bound, isCached: true) > CostOf(call, other, isCached: false);

    /// <summary>
    /// What leaving loses by itself: cached tokens x (price of reading them anew - price of a cache read) x the chance
    /// that they are cached, in units.
    /// </summary>
    public static long Repriming(in SwitchTerms call, long inputPrice, long cacheReadPrice)
    {
        var lost = (Int128)CachedOf(call) * Math.Max(0, inputPrice - cacheReadPrice) * BpOf(call.CachedBp);
        return (long)Int128.Min(long.MaxValue, lost / (Million * Whole));
    }

    // Everything as multiples of 1 / (a million x 10,000) units, so that nothing is rounded away before it is compared.
    private static Int128 CostOf(in SwitchTerms call, in ChannelTerms at, bool isCached)
    {
        var cached = isCached ? CachedOf(call) : 0;
        var saved = (Int128)cached * Math.Max(0, at.Input - at.CacheRead) * BpOf(call.CachedBp);
        var tokens = ((Int128)Math.Max(0, call.PromptTokens) * at.Input)
            + ((Int128)Math.Max(0, call.OutputTokens) * at.Output);

        // A failed attempt costs its time; the caller then waits for another one.
        var waitMs = ((Int128)Math.Clamp(at.WaitMs, 0, WaitMsMax) * Whole)
            + ((Int128)Math.Clamp(at.FailureMs, 0, WaitMsMax) * BpOf(at.FailedBp));
        var waiting = waitMs * Math.Clamp(call.WaitUnitsPerHour, 0, WaitUnitsMax) * Million / HourMs;
        return (tokens * Whole) - saved + waiting;
    }

    private static long CachedOf(in SwitchTerms call) =>
        Math.Clamp(call.CachedTokens, 0, Math.Max(0, call.PromptTokens));

    private static long BpOf(int bp) => Math.Clamp(bp, 0, (int)Whole);
}
