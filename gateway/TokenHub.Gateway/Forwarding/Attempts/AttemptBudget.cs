using TokenHub.Core.Snapshots;

namespace TokenHub.Gateway.Forwarding.Attempts;

/// <summary>
/// What one request may spend on attempts: so many, begun within so long, and all of them together wait for a first
/// byte no longer than a single one may. An attempt that has another channel behind it therefore gets a part of the
/// time that is left; the last one gets all of it.
/// </summary>
/// <param name="TimeoutMs">The time-out of one attempt.</param>
/// <param name="StartedMs">When the first began, in the request's own time.</param>
/// <param name="ShareBp">The part of what is left, in basis points, that an attempt gets with others behind it.</param>
internal readonly record struct AttemptBudget(RoutingRules Rules, int TimeoutMs, int StartedMs, int ShareBp)
{
    // An answer in one piece comes when all of it is made: cutting it short costs more, for it is billed all the same.
    private const int StreamShareBp = 5_000;
    private const int WholeShareBp = 7_500;

    // A channel that is slow by habit gets twice its usual worst, but the others keep something.
    private const int ShareMaxBp = 7_500;
    private const int PatienceFactor = 2;

    /// <summary>Less than this is no time for an answer.</summary>
    private const int LeastMs = 10;

    public static AttemptBudget Of(Exchange exchange, RoutingRules rules, GatewayOptions options) => new(
        rules,
        (int)(exchange.IsStream ? options.FirstByteTimeout : options.UnstreamedTimeout).TotalMilliseconds,
        exchange.ElapsedMs,
        exchange.IsStream ? StreamShareBp : WholeShareBp);

    /// <summary>True when one more attempt may begin.</summary>
    public bool AllowsMore(int attempts, int nowMs) =>
        attempts < Math.Min(Rules.AttemptsMax, RoutingRules.AttemptsLimit)
        && nowMs - StartedMs <= Rules.AttemptsWithinMs && LeftMs(nowMs) >= LeastMs;

    /// <summary>What is left of the time for first bytes.</summary>
    public int LeftMs(int nowMs) => Math.Max(0, TimeoutMs - (nowMs - StartedMs));

    /// <summary>How long the next attempt may take for its first byte.</summary>
    /// <param name="hasOthers">Another channel can be tried after it.</param>
    /// <param name="usualMs">In which 95 of 100 first tokens of this channel come; 0 when that is not known.</param>
    public TimeSpan PatienceFor(int nowMs, bool hasOthers, int usualMs)
    {
        var left = LeftMs(nowMs);
        if (!hasOthers)
        {
            return TimeSpan.FromMilliseconds(left);
        }

        var most = left * (long)ShareMaxBp / 10_000;
        var part = Math.Max(left * (long)ShareBp / 10_000, Math.Min(usualMs * (long)PatienceFactor, most));
        return TimeSpan.FromMilliseconds(Math.Max(part, LeastMs));
    }
}
