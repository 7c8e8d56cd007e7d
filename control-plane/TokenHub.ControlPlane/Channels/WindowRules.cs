using TokenHub.ControlPlane.Problems;
using TokenHub.ControlPlane.Rules;
using TokenHub.Core.Money;

namespace TokenHub.ControlPlane.Channels;

/// <summary>What a quota window may hold.</summary>
internal static class WindowRules
{
    private const int CountMax = 10;
    private const int PeriodCountMax = 1000;
    private const int YearLeast = 1970;
    private const int YearMost = 2200;

    public static IReadOnlyList<QuotaWindow> Check(FieldChecks checks, IReadOnlyList<QuotaWindow>? windows)
    {
        if (windows is null)
        {
            return [];
        }

        checks.Require(windows.Count <= CountMax, "windows", "too_many", $"must have at most {CountMax} entries");
        for (var i = 0; i < Math.Min(windows.Count, CountMax); i++)
        {
            // The reader lets null through as an element of a list.
            if (windows[i] is null)
            {
                checks.Add($"windows[{i}]", "null", "must not be null");
                continue;
            }

            CheckOne(checks, windows[i], $"windows[{i}]");
            checks.Require(
                !windows.Take(i).Any(earlier => earlier is not null && CountsAs(earlier) == CountsAs(windows[i])),
                $"windows[{i}]",
                "repeated",
                "must not count the same as another over the same periods");
        }

        return windows;
    }

    // All but the limit.
    private static (int Kind, string Unit, int Count, DateTime? Anchor, string Zone) CountsAs(QuotaWindow window) => (
        window.LimitTokens is not null ? 1 : window.LimitRequests is not null ? 2 : 0,
        window.PeriodUnit, window.PeriodCount ?? 1, window.AnchorAt, window.Timezone ?? "UTC");

    private static void CheckOne(FieldChecks checks, QuotaWindow window, string field)
    {
        var limits = new[]
        {
            window.LimitUsd?.Units, window.LimitPoints?.Units, window.LimitTokens, window.LimitRequests,
        };
        checks.Require(
            limits.Count(limit => limit is not null) == 1,
            field,
            "one_limit",
            "must have exactly one of limit_usd, limit_points, limit_tokens, limit_requests");
        checks.Require(
            limits.All(limit => limit is null or (> 0 and <= Usd.ScriptUnitsMax)),
            field,
            "out_of_range",
            $"must have a limit above zero, at most {Usd.ScriptUnitsMax} tokens or requests");
        TextRules.OneOf(checks, window.PeriodUnit, $"{field}.period_unit", "minute", "hour", "day", "week", "month");
        checks.Range(window.PeriodCount, $"{field}.period_count", 1, PeriodCountMax);
        checks.Range(window.AnchorAt?.Year, $"{field}.anchor_at", YearLeast, YearMost);
        checks.Require(
            window.Timezone is null || TimeZoneInfo.TryFindSystemTimeZoneById(window.Timezone, out _),
            $"{field}.timezone",
            "unknown_zone",
            "must be an IANA zone such as Europe/Berlin");
    }
}
