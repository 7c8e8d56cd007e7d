using TokenHub.Core.Money;
using TokenHub.Core.Snapshots;
using TokenHub.Core.Usage;
using TokenHub.Protocols.Json;
using TokenHub.Protocols.Tokens;

namespace TokenHub.Gateway.Reservation;

/// <summary>
/// What a request may cost at first: its input, and the first step of its output. A stream is held for in steps and
/// can be cut where the money ends; an answer in one piece cannot, so all that its caller allows is held for.
/// </summary>
/// <param name="InputTokens">A guess on the high side.</param>
/// <param name="StepTokens">Output tokens to hold for before the request is sent.</param>
/// <param name="LeastTokens">Output tokens below which it is not worth sending.</param>
/// <param name="OutputTokensMax">The caller's own limit, for all answers together.</param>
internal readonly record struct CostEstimate(long InputTokens, long StepTokens, long LeastTokens, long OutputTokensMax)
{
    /// <summary>Stands for no limit: more than any model writes.</summary>
    private const long OutputTokensUnlimited = 1L << 32;

    // Of a first step that cannot be afforded whole, so much must be.
    private const long LeastStepTokens = 64;

    /// <summary>Pictures, sound and text read aloud, at their most.</summary>
    public MediaUnits Media { get; init; }

    /// <summary>A call for pictures or sound is held for whole: it can be cut nowhere.</summary>
    public static CostEstimate Of(MediaCall call) =>
        new(call.InputTokens, call.OutputTokensMax, call.OutputTokensMax, call.OutputTokensMax) { Media = call.Units };
    /// <summary>Tokens that the request counts for in rates until it is known what it used.</summary>
    public long RatedTokens => InputTokens + StepTokens;

    /// <param name="isPassedOn">The answer is no text: only its input costs.</param>
    /// <param name="firstStep">Output tokens that an answer is likely to stay within.</param>
    public static CostEstimate Of(
        in RequestFacts facts, Dialect dialect, bool isStream, bool isPassedOn, int firstStep, GatewayOptions options)
    {
        if (isPassedOn)
        {
            return new CostEstimate(TokenEstimate.Of(facts, dialect), 0, 0, 0);
        }

        var answers = Math.Max(1, facts.N);
        var limit = facts.MaxOutputTokens is { } given ? given * answers : OutputTokensUnlimited;
        var step = isStream ? Math.Min(limit, firstStep * (long)answers)
            : facts.MaxOutputTokens is null ? options.UnstreamedStepTokens * (long)answers
            : limit;
        var least = isStream || facts.MaxOutputTokens is null ? Math.Min(step, LeastStepTokens * answers) : step;
        return new CostEstimate(TokenEstimate.Of(facts, dialect), step, least, limit);
    }

    /// <summary>The amount for so many output tokens, at the dearest of the channels that may serve.</summary>
    public Usd Amount(long outputTokens, RoutePlan plan)
    {
        var amount = Usd.Zero;
        foreach (ref readonly var step in plan.Steps)
        {
            amount = Usd.Max(amount, TariffMath.Hold(step.Tariff, InputTokens, outputTokens, Media));
        }

        return amount;
    }
}
