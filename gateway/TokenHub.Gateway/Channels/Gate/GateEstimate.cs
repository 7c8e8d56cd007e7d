using TokenHub.Core.Money;
using TokenHub.Protocols.Tokens;

namespace TokenHub.Gateway.Channels.Gate;

/// <summary>
/// The most that one attempt can use of a channel's windows, to be set aside while it runs: its input, guessed on the
/// high side, and as much output as the caller allows; where he names no limit, the model's own, or else a usual one.
/// What turns out to be used beyond it is counted in full: an answer is not cut off for the sake of a quota.
/// </summary>
internal readonly record struct GateEstimate(long Tokens, Usd Cost)
{
    /// <summary>Output set aside where neither caller nor price list names a limit.</summary>
    public const long OutputUnstated = 16_384;

    public static GateEstimate Of(Exchange exchange, Candidate candidate)
    {
        if (!exchange.Endpoint.IsBilled())
        {
            return default;
        }

        var input = TokenEstimate.Of(exchange.Facts, exchange.Dialect);
        var output = exchange.Endpoint.IsPassedOn() ? 0 : OutputOf(exchange, candidate.Limits);
        return new GateEstimate(input + output, TariffMath.Hold(candidate.Tariff, input, output));
    }

    private static long OutputOf(Exchange exchange, in TokenLimits limits)
    {
        var model = limits.OutputMax < TokenLimits.OutputCeiling ? limits.OutputMax : OutputUnstated;
        var each = exchange.Facts.MaxOutputTokens is { } given ? Math.Min(given, TokenLimits.OutputCeiling) : model;
        return each * Math.Max(1, exchange.Facts.N);
    }
}
