using TokenHub.Core.Money;
using TokenHub.Gateway.Learned;
using TokenHub.Protocols.Tokens;

namespace TokenHub.Gateway.Channels.Gate;

/// <summary>
/// The most that one attempt can use of a channel's windows, to be set aside while it runs: its input, guessed on the
/// high side, and as much output as the caller allows; where he names no limit, twice what 95 of 100 answers of the
/// model to his key stay within, before that is known the model's own limit, or else a usual one; pictures and sound
/// whole. What turns out to be used beyond it is counted in full: an answer is not cut off for the sake of a quota.
/// </summary>
internal readonly record struct GateEstimate(long Tokens, Usd Cost)
{
    /// <summary>Output set aside where neither caller nor price list names a limit.</summary>
    public const long OutputUnstated = 16_384;

    // So few answers are longer that a window with many calls under way hardly ever ends above its limit.
    private const long LearnedTimes = 2;

    public static GateEstimate Of(Exchange exchange, Candidate candidate, OutputLengths lengths)
    {
        if (!exchange.Endpoint.IsBilled())
        {
            return default;
        }

        if (exchange.Media is { } media)
        {
            return new GateEstimate(
                media.InputTokens + media.OutputTokensMax,
                TariffMath.Hold(candidate.Tariff, media.InputTokens, media.OutputTokensMax, media.Units));
        }

        var input = TokenEstimate.Of(exchange.Facts, exchange.Dialect);
        var output = exchange.Endpoint.IsPassedOn() ? 0 : OutputOf(exchange, candidate.Limits, lengths);
        return new GateEstimate(input + output, TariffMath.Hold(candidate.Tariff, input, output));
    }

    private static long OutputOf(Exchange exchange, in TokenLimits limits, OutputLengths lengths)
    {
        var answers = Math.Max(1, exchange.Facts.N);
        if (exchange.Facts.MaxOutputTokens is { } given)
        {
            return Math.Min(given, TokenLimits.OutputCeiling) * answers;
        }

        // Learned of all answers of a call together.
        var model = limits.OutputMax < TokenLimits.OutputCeiling ? limits.OutputMax : OutputUnstated;
        return lengths.LearnedOf(exchange.Model, exchange.Key!.Id) is > 0 and var learned
            ? Math.Min(learned * LearnedTimes, model * answers) : model * answers;
    }
}
