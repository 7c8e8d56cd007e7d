namespace TokenHub.Core.Quota;

/// <summary>
/// Turns a zone's local time into instants and back, to the millisecond. Asks the zone only for its offset at an
/// instant, of which there is always exactly one.
/// </summary>
public sealed class ZoneClock(TimeZoneInfo zone)
{
    private const long DayMs = 86_400_000;

    // Dates beyond these are not told apart: the calendar of .NET ends there.
    private static readonly long FirstMs = new DateTime(2, 1, 1, 0, 0, 0, DateTimeKind.Utc).ToUnixMs();
    private static readonly long LastMs = new DateTime(9998, 12, 31, 0, 0, 0, DateTimeKind.Utc).ToUnixMs();

    /// <summary>Finds a zone by its IANA name.</summary>
    public static ZoneClock? Find(string name) =>
        TimeZoneInfo.TryFindSystemTimeZoneById(name, out var zone) ? new ZoneClock(zone) : null;

    public DateTime ToLocal(long instantMs) => FromUnixMs(Clamp(instantMs) + OffsetMs(instantMs));

    /// <summary>
    /// The instant of a local time. One that occurs twice, where clocks go back, is taken for its first; one that does
    /// not occur, where they go forward, for the instant as long after the change as it is into the gap.
    /// </summary>
    public long ToInstant(DateTime local)
    {
        // No zone has ever changed twice within two days.
        var asIfUtc = local.ToUnixMs();
        var before = OffsetMs(asIfUtc - DayMs);
        var after = OffsetMs(asIfUtc + DayMs);
        var first = asIfUtc - before;
        var second = asIfUtc - after;
        return OffsetMs(first) == before || OffsetMs(second) != after ? first : second;
    }

    private long OffsetMs(long instantMs) =>
        (long)zone.GetUtcOffset(FromUnixMs(Clamp(instantMs))).TotalMilliseconds;

    private static long Clamp(long instantMs) => Math.Clamp(instantMs, FirstMs, LastMs);

    private static DateTime FromUnixMs(long ms) => DateTime.UnixEpoch.AddMilliseconds(ms);
}

internal static class UnixTime
{
    public static long ToUnixMs(this DateTime time) =>
        (time.Ticks - DateTime.UnixEpoch.Ticks) / TimeSpan.TicksPerMillisecond;
}
