using System.Globalization;
using TokenHub.Core.Snapshots;

namespace TokenHub.Gateway.Reservation;

/// <summary>
/// Tells a caller how far his rates are used, in the words that the clients of his protocol read: of all limits of his
/// key, his user and the group the one of which least is left. Gemini's clients read no such headers.
/// </summary>
internal static class RateHeaders
{
    private const int MinuteUs = 60_000_000;
    private const int UsPerMs = 1000;

    /// <summary>One limit and its state.</summary>
    internal readonly record struct Reading(int Limit, int Remaining, int ResetUs)
    {
        public bool Exists => Limit > 0;

        public static Reading Of(int? limit, int aheadUs) => limit is { } perMinute && aheadUs >= 0
            ? new(perMinute, (int)((long)perMinute * (MinuteUs - Math.Min(aheadUs, MinuteUs)) / MinuteUs), aheadUs)
            : default;

        public static Reading Tighter(in Reading one, in Reading other) =>
            !other.Exists || (one.Exists && one.Remaining <= other.Remaining) ? one : other;
    }

    /// <summary>Sets the headers, where there are limits and it is known how they stand.</summary>
    public static void Write(Exchange exchange, in ReservationResult held, DateTimeOffset now)
    {
        if (!held.Rates.IsKnown && !held.GroupRates.IsKnown)
        {
            return;
        }

        var key = exchange.Key!.Record;
        var requests = Tightest(
            held, key.Rpm, held.Rates.KeyRequestsUs, key.UserRpm, held.Rates.UserRequestsUs,
            exchange.Plan.Group?.Rpm, held.GroupRates.KeyRequestsUs);
        var tokens = Tightest(
            held, key.Tpm, held.Rates.KeyTokensUs, key.UserTpm, held.Rates.UserTokensUs,
            exchange.Plan.Group?.Tpm, held.GroupRates.KeyTokensUs);
        if (exchange.Dialect is Dialect.Chat or Dialect.Responses)
        {
            WriteOpenAi(exchange, "requests", requests);
            WriteOpenAi(exchange, "tokens", tokens);
        }
        else if (exchange.Dialect == Dialect.Anthropic)
        {
            WriteAnthropic(exchange, "requests", requests, now);
            WriteAnthropic(exchange, "tokens", tokens, now);
        }
    }

    /// <summary>A length of time as OpenAI writes it: <c>1m0s</c>, <c>12.5s</c>, <c>80ms</c>.</summary>
    internal static string Duration(int us)
    {
        var ms = (us + UsPerMs - 1) / UsPerMs;
        return ms < 1000 ? string.Create(CultureInfo.InvariantCulture, $"{ms}ms")
            : ms < 60_000 ? string.Create(CultureInfo.InvariantCulture, $"{ms / 1000.0:0.###}s")
            : string.Create(CultureInfo.InvariantCulture, $"{ms / 60_000}m{ms % 60_000 / 1000.0:0.###}s");
    }

    private static Reading Tightest(
        in ReservationResult held, int? key, int keyUs, int? user, int userUs, int? group, int groupUs)
    {
        var own = held.Rates.IsKnown ? Reading.Tighter(Reading.Of(key, keyUs), Reading.Of(user, userUs)) : default;
        return held.GroupRates.IsKnown ? Reading.Tighter(own, Reading.Of(group, groupUs)) : own;
    }

    private static void WriteOpenAi(Exchange exchange, string what, in Reading reading)
    {
        if (reading.Exists)
        {
            var headers = exchange.Response.Headers;
            headers["x-ratelimit-limit-" + what] = reading.Limit.ToString(CultureInfo.InvariantCulture);
            headers["x-ratelimit-remaining-" + what] = reading.Remaining.ToString(CultureInfo.InvariantCulture);
            headers["x-ratelimit-reset-" + what] = Duration(reading.ResetUs);
        }
    }

    // Whole seconds, rounded up: whoever waits until then finds it full.
    private static void WriteAnthropic(Exchange exchange, string what, in Reading reading, DateTimeOffset now)
    {
        if (reading.Exists)
        {
            var reset = now.AddMicroseconds(reading.ResetUs + 999_999).UtcDateTime;
            var (headers, name) = (exchange.Response.Headers, "anthropic-ratelimit-" + what);
            headers[name + "-limit"] = reading.Limit.ToString(CultureInfo.InvariantCulture);
            headers[name + "-remaining"] = reading.Remaining.ToString(CultureInfo.InvariantCulture);
            headers[name + "-reset"] = reset.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);
        }
    }
}
