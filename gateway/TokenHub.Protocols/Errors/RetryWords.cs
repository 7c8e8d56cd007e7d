using System.Globalization;
using System.Text.RegularExpressions;

namespace TokenHub.Protocols.Errors;

/// <summary>
/// The wait that an error's sentence asks for: <c>try again in 1.2s</c>, <c>Please retry after 20 seconds</c>,
/// <c>try again in 6m0s</c>.
/// </summary>
public static partial class RetryWords
{
    private const double SecondsMax = 86_400;
    private const int CharsMax = 4_096;

    /// <summary>Milliseconds; 0 when it asks for none that makes sense.</summary>
    public static int Find(string? text)
    {
        if (text is null or { Length: > CharsMax } || Pattern().Match(text) is not { Success: true } match)
        {
            return 0;
        }

        var seconds = 0d;
        for (var i = 0; i < match.Groups["n"].Captures.Count; i++)
        {
            seconds += double.Parse(match.Groups["n"].Captures[i].ValueSpan, CultureInfo.InvariantCulture)
                * SecondsOf(match.Groups["u"].Captures[i].Value);
        }

        return seconds is > 0 and < SecondsMax ? (int)Math.Ceiling(seconds * 1000) : 0;
    }

    private static double SecondsOf(string unit) =>
        unit.Equals("ms", StringComparison.OrdinalIgnoreCase)
            || unit.StartsWith("mil", StringComparison.OrdinalIgnoreCase) ? 0.001
        : unit[0] is 'h' or 'H' ? 3600
        : unit[0] is 'm' or 'M' ? 60
        : 1;

    [GeneratedRegex(
        @"\b(?:try\s+again|retry(?:ing)?|wait)\s+(?:in|after|for)\s+(?:about\s+)?"
        + @"(?:(?<n>\d{1,6}(?:\.\d{1,9})?)\s*(?<u>milliseconds?|ms|seconds?|secs?|s|minutes?|mins?|m|hours?|h)"
        + @"(?![a-z])\s*){1,3}",
        RegexOptions.IgnoreCase | RegexOptions.CultureInvariant, matchTimeoutMilliseconds: 100)]
    private static partial Regex Pattern();
}
