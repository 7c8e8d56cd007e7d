using TokenHub.ControlPlane.Channels;

namespace TokenHub.ControlPlane.Health;

/// <summary>What a half hour of attempts says of a channel.</summary>
internal static class HealthRules
{
    public const int Windows = 48;

    // One failed attempt of twenty is felt; one slow answer of five as well.
    private const int FailedOf = 20;
    private const int SlowOf = 5;
    private static readonly TimeSpan Window = TimeSpan.FromMinutes(30);

    public static DateTime WindowOf(DateTime at) => new(at.Ticks - (at.Ticks % Window.Ticks), DateTimeKind.Utc);

    /// <summary>The first of the windows that are shown at a time.</summary>
    public static DateTime Since(DateTime now) => WindowOf(now) - ((Windows - 1) * Window);

    public static string StatusOf(HealthRow? row) => row switch
    {
        null => "none",
        { Attempts: 0 } => row.ProbesBad > row.ProbesGood ? "down" : row.ProbesGood > 0 ? "available" : "none",
        { Available: 0 } => row.Failed + row.Down > 0 ? "down" : "empty",
        _ => (row.Attempts - row.Available) * FailedOf > row.Attempts || row.Slow * SlowOf > row.Available
            ? "degraded" : "available",
    };

    public static ChannelHealthView ViewOf(ChannelRow channel, IEnumerable<HealthRow> rows, DateTime now)
    {
        var known = rows.ToDictionary(row => row.StartsAt);
        var since = Since(now);
        var windows = Enumerable.Range(0, Windows).Select(i => since + (i * Window))
            .Select(at => ViewOf(at, known.GetValueOrDefault(at))).ToList();
        return new ChannelHealthView
        {
            Id = channel.WireName,
            Name = channel.Name,
            Status = windows.FindLast(window => window.Status != "none")?.Status ?? "none",
            TtftMs = Average(known.Values.Sum(row => row.FirstTokenMs), known.Values.Sum(row => row.FirstTokens)),
            Incidents = IncidentsOf(windows),
            Windows = windows,
        };
    }

    private static List<HealthIncidentView> IncidentsOf(List<HealthWindowView> windows)
    {
        var incidents = new List<HealthIncidentView>();
        HealthIncidentView? open = null;
        foreach (var window in windows.Where(window => window.Status != "none"))
        {
            if (window.Status == "available")
            {
                Close(window.StartsAt);
                continue;
            }

            open = new HealthIncidentView
            {
                StartsAt = open?.StartsAt ?? window.StartsAt,
                EndsAt = null,
                Status = open is not null && Badness(open.Status) > Badness(window.Status)
                    ? open.Status : window.Status,
                NotServed = (open?.NotServed ?? 0) + window.Empty + window.Failed + window.Down,
            };
        }

        Close(null);
        incidents.Reverse();
        return incidents;

        void Close(DateTime? at)
        {
            if (open is not null)
            {
                incidents.Add(open with { EndsAt = at });
                open = null;
            }
        }
    }

    private static int Badness(string status) => status switch { "down" => 3, "empty" => 2, _ => 1 };

    private static HealthWindowView ViewOf(DateTime at, HealthRow? row) => new()
    {
        StartsAt = at,
        Status = StatusOf(row),
        Available = row?.Available ?? 0,
        Slow = row?.Slow ?? 0,
        Empty = row?.Empty ?? 0,
        Failed = row?.Failed ?? 0,
        Down = row?.Down ?? 0,
        TtftMs = Average(row?.FirstTokenMs ?? 0, row?.FirstTokens ?? 0),
        IsProbed = row is { Attempts: 0 } && row.ProbesGood + row.ProbesBad > 0,
    };

    private static long? Average(long sum, long count) => count == 0 ? null : sum / count;
}
