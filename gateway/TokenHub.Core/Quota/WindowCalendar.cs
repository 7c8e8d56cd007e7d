using TokenHub.Core.Snapshots;

namespace TokenHub.Core.Quota;

/// <summary>
/// Says which period of a quota window an instant lies in. Minutes and hours are counted in elapsed time from the
/// anchor; days, weeks and months by the zone's calendar, so that a day begins at the anchor's local time of day
/// whatever the clocks did. Periods have neither gaps nor overlaps. Immutable.
/// </summary>
public sealed class WindowCalendar
{
    private const long MinuteMs = 60_000;
    private const int DaysOfWeek = 7;
    private const int MonthsOfYear = 12;

    // Where no anchor is given: a Monday, the first of a month and of a year.
    private static readonly DateTime AnchorUsual = new(2024, 1, 1);

    private readonly PeriodUnit _unit;
    private readonly int _count;
    private readonly ZoneClock _clock;
    private readonly long _anchorMs;
    private readonly DateTime _anchor;

    public WindowCalendar(PeriodUnit unit, int count, long? anchorMs, ZoneClock clock)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(count, 1);
        (_unit, _count, _clock) = (unit, count, clock);
        _anchorMs = anchorMs ?? clock.ToInstant(AnchorUsual);
        _anchor = anchorMs is { } given ? clock.ToLocal(given) : AnchorUsual;
    }

    /// <summary>The calendar of a window; one of a zone that is not known here counts by UTC.</summary>
    public static WindowCalendar Of(WindowEntry window) => new(
        window.Unit, window.Count, window.AnchorMs, ZoneClock.Find(window.Timezone) ?? new ZoneClock(TimeZoneInfo.Utc));

    public QuotaPeriod At(long instantMs)
    {
        if (_unit is PeriodUnit.Minute or PeriodUnit.Hour)
        {
            var length = _count * (_unit == PeriodUnit.Hour ? 60 * MinuteMs : MinuteMs);
            var start = _anchorMs + (FloorOf(instantMs - _anchorMs, length) * length);
            return new QuotaPeriod(start, start + length);
        }

        // A guess by the calendar, which a change of the clocks can make wrong by one.
        var number = NumberOf(_clock.ToLocal(instantMs));
        while (BorderOf(number) > instantMs)
        {
            number--;
        }

        while (BorderOf(number + 1) <= instantMs)
        {
            number++;
        }

        return new QuotaPeriod(BorderOf(number), BorderOf(number + 1));
    }

    // Each border is counted from the anchor itself, so that the 31st does not drift to the 28th for good.
    private long BorderOf(long number) => _clock.ToInstant(_unit == PeriodUnit.Month
        ? AddMonths(_anchor, number * _count)
        : _anchor.AddDays(number * DaysOfPeriod));

    private long NumberOf(DateTime local) => _unit == PeriodUnit.Month
        ? FloorOf(
            ((local.Year - _anchor.Year) * MonthsOfYear) + local.Month - _anchor.Month, _count)
        : FloorOf((local.Date - _anchor.Date).Days, DaysOfPeriod);

    private long DaysOfPeriod => _unit == PeriodUnit.Week ? (long)_count * DaysOfWeek : _count;

    private static DateTime AddMonths(DateTime anchor, long months) => anchor.AddMonths((int)months);

    private static long FloorOf(long value, long by) => (value / by) - (value % by < 0 ? 1 : 0);
}
