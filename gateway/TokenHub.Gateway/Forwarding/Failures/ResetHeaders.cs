using System.Buffers;
using System.Globalization;
using TokenHub.Gateway.Forwarding.Upstreams;

namespace TokenHub.Gateway.Forwarding.Failures;

/// <summary>
/// When an upstream that refused says it may be asked again. Providers say it in seconds, milliseconds, durations
/// (<c>6m0s</c>), dates, and seconds or milliseconds since 1970; what cannot be meant is left unread.
/// </summary>
internal static class ResetHeaders
{
    // Ten digits are seconds since 1970 from 2001 on, thirteen are milliseconds; no wait is as long as either.
    private const double EpochSecondsMin = 1e9;
    private const double EpochMsMin = 1e12;
    private static readonly SearchValues<char> Digits = SearchValues.Create("0123456789.");
    private static readonly TimeSpan WaitMax = TimeSpan.FromDays(31);

    // What is limited, as OpenAI and Anthropic name it.
    private static readonly (string Remaining, string Reset)[] Limits =
    [
        ("x-ratelimit-remaining-requests", "x-ratelimit-reset-requests"),
        ("x-ratelimit-remaining-tokens", "x-ratelimit-reset-tokens"),
        ("x-ratelimit-remaining", "x-ratelimit-reset"),
        ("ratelimit-remaining", "ratelimit-reset"),
        ("anthropic-ratelimit-requests-remaining", "anthropic-ratelimit-requests-reset"),
        ("anthropic-ratelimit-tokens-remaining", "anthropic-ratelimit-tokens-reset"),
        ("anthropic-ratelimit-input-tokens-remaining", "anthropic-ratelimit-input-tokens-reset"),
        ("anthropic-ratelimit-output-tokens-remaining", "anthropic-ratelimit-output-tokens-reset"),
        ("anthropic-ratelimit-unified-remaining", "anthropic-ratelimit-unified-reset"),
    ];

    /// <summary>Headers that are read of a refusal; of an answer nobody needs them.</summary>
    public static IReadOnlyList<string> Names { get; } =
        [.. Limits.SelectMany(limit => new[] { limit.Remaining, limit.Reset })];

    /// <summary>The wait that an upstream asks for; null when it asks for none that can be understood.</summary>
    public static TimeSpan? Read(UpstreamAnswer answer, DateTimeOffset now) => Read(answer.Header, now);

    /// <param name="header">The value of a header by its name, or null.</param>
    internal static TimeSpan? Read(Func<string, string?> header, DateTimeOffset now)
    {
        if ((header("retry-after-ms") ?? header("x-ms-retry-after-ms")) is { } ms
            && double.TryParse(ms, NumberStyles.Float, CultureInfo.InvariantCulture, out var milliseconds)
            && Sane(milliseconds / 1000) is { } exact)
        {
            return exact;
        }

        return WaitOf(header("retry-after"), now) ?? OfLimits(header, now);
    }

    /// <summary>A single value, in whatever form; null for one that is past, absurd or unreadable.</summary>
    internal static TimeSpan? WaitOf(string? text, DateTimeOffset now)
    {
        if (string.IsNullOrWhiteSpace(text))
        {
            return null;
        }

        if (double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var number))
        {
            return Sane(
                number >= EpochMsMin ? (number - now.ToUnixTimeMilliseconds()) / 1000
                : number >= EpochSecondsMin ? number - (now.ToUnixTimeMilliseconds() / 1000.0)
                : number);
        }

        return OfDuration(text) is { } seconds ? Sane(seconds)
            : DateTimeOffset.TryParse(
                text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var at)
                ? Sane((at - now).TotalSeconds)
                : null;
    }

    // The limit that is used up decides, the longest of them; where none says so, the one that is free first.
    private static TimeSpan? OfLimits(Func<string, string?> header, DateTimeOffset now)
    {
        TimeSpan? usedUp = null;
        TimeSpan? any = null;
        foreach (var (remaining, reset) in Limits)
        {
            if (WaitOf(header(reset), now) is not { } wait)
            {
                continue;
            }

            if (header(remaining)?.Trim() == "0")
            {
                usedUp = usedUp > wait ? usedUp : wait;
            }

            any = any < wait ? any : wait;
        }

        return usedUp ?? any;
    }

    // Go's durations: 1h2m3.5s, 250ms.
    private static double? OfDuration(ReadOnlySpan<char> text)
    {
        var seconds = 0.0;
        text = text.Trim();
        while (!text.IsEmpty)
        {
            var digits = text.IndexOfAnyExcept(Digits);
            if (digits <= 0
                || !double.TryParse(text[..digits], CultureInfo.InvariantCulture, out var value))
            {
                return null;
            }

            text = text[digits..];
            var length = text.IndexOfAny(Digits) is >= 0 and var next ? next : text.Length;
            var unit = text[..length] switch
            {
                "ms" => 0.001,
                "s" => 1,
                "m" => 60,
                "h" => 3600,
                "d" => 86_400,
                _ => double.NaN,
            };
            if (double.IsNaN(unit))
            {
                return null;
            }

            seconds += value * unit;
            text = text[length..];
        }

        return seconds;
    }

    private static TimeSpan? Sane(double seconds) =>
        seconds > 0 && seconds <= WaitMax.TotalSeconds ? TimeSpan.FromSeconds(seconds) : null;
}
