using TokenHub.Core.Money;

namespace TokenHub.Core.Routing;

/// <summary>What a channel's state comes to: whether it can serve, how much it should get, how loaded it is.</summary>
public static class RouteScore
{
    // A channel that is slow, failing or nearly used up still gets a little: else nobody would see it recover.
    private const double LeastForErrors = 0.02;
    private const double LeastForSlowness = 0.1;
    private const double LeastForQuota = 0.1;
    private const double LeastForLoad = 0.05;

    // A first token that takes so long halves a channel's share.
    private const double HalfAtMs = 4_000;

    // What a channel without slots is held to be able to run at once, for want of a number.
    private const double SlotsGuess = 100;

    public static RouteVerdict VerdictOf(in RouteInput input, long now)
    {
        if (input.Bar != RouteBar.None)
        {
            return input.Bar == RouteBar.Scope ? RouteVerdict.OutOfScope : RouteVerdict.OtherCall;
        }

        if (input.ExhaustedUntil > now)
        {
            return RouteVerdict.Exhausted;
        }

        // One call tries a channel whose circuit is half open; the others hold it for resting.
        if (input.RestsUntil > now || (input.IsHalfOpen && input.Running > 0))
        {
            return RouteVerdict.Resting;
        }

        // Slots taken elsewhere are not counted here: that number may be old, and only a call brings a newer one.
        return input.FullUntil > now || (input.SlotsMax > 0 && input.Running >= input.SlotsMax)
            ? RouteVerdict.Full
            : RouteVerdict.Available;
    }

    /// <summary>
    /// By what a channel's weight is multiplied, above 0 up to 1: load, quota left, errors, time to the first token.
    /// </summary>
    public static double LiveOf(in RouteInput input) =>
        OfLoad(input) * OfQuota(input) * OfErrors(input) * OfSlowness(input);

    /// <summary>A channel's share among its equals: weight, fire-sale and state.</summary>
    public static double ShareOf(in RouteInput input) =>
        Math.Max(1, input.Weight) * (input.WeightBp / (double)PriceFactors.Once) * LiveOf(input);

    /// <summary>What the call is expected to cost here, in millionths of units.</summary>
    public static double PriceOf(in RouteInput input, in RouteCall call) =>
        ((call.InputTokens * input.InputPrice) + (call.OutputTokens * input.OutputPrice)) * input.Factor;

    /// <summary>Running and waiting calls against slots: 1 is full.</summary>
    public static double LoadOf(in RouteInput input) =>
        (Math.Max(input.Running, input.SlotsUsed) + input.Waiting)
        / (input.SlotsMax > 0 ? input.SlotsMax : SlotsGuess);

    public static double OfLoad(in RouteInput input) =>
        input.SlotsMax == 0 && input.Waiting == 0 ? 1 : Math.Max(LeastForLoad, 1 - LoadOf(input));

    public static double OfQuota(in RouteInput input) =>
        Math.Max(LeastForQuota, Math.Min(1, input.LeftBp / (double)PriceFactors.Once));

    // A channel whose rest is over has its trial soon: one call finds out, and falls back if it must.
    public static double OfErrors(in RouteInput input)
    {
        if (input.IsHalfOpen)
        {
            return 1;
        }

        var good = 1 - (input.FailedBp / (double)PriceFactors.Once);
        return Math.Max(LeastForErrors, good * good * good);
    }

    public static double OfSlowness(in RouteInput input) =>
        Math.Max(LeastForSlowness, HalfAtMs / (HalfAtMs + input.FirstTokenMs));
}
