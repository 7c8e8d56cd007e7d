using System.Globalization;
using TokenHub.Core.Quota;
using TokenHub.Core.Snapshots;
using Xunit;

namespace TokenHub.Core.Tests.Quota;

/// <summary>
/// Borders as another implementation of the zone database gives them (Python's zoneinfo), for zones with half-hour and
/// quarter-hour offsets, of the southern hemisphere, that change at midnight, and by half an hour only.
/// </summary>
public sealed class CalendarTableTests
{
    // Zone, local date, first instant of its day, first instant of the next.
    public static TheoryData<string, string, string, string> Days { get; } = new()
    {
        { "UTC", "2028-02-29", "2028-02-29T00:00Z", "2028-03-01T00:00Z" },
        { "Europe/Berlin", "2028-02-29", "2028-02-28T23:00Z", "2028-02-29T23:00Z" },
        { "Europe/Berlin", "2026-03-29", "2026-03-28T23:00Z", "2026-03-29T22:00Z" },
        { "Europe/Berlin", "2026-10-25", "2026-10-24T22:00Z", "2026-10-25T23:00Z" },
        { "America/New_York", "2028-02-29", "2028-02-29T05:00Z", "2028-03-01T05:00Z" },
        { "America/New_York", "2026-03-08", "2026-03-08T05:00Z", "2026-03-09T04:00Z" },
        { "America/New_York", "2026-11-01", "2026-11-01T04:00Z", "2026-11-02T05:00Z" },
        { "America/Los_Angeles", "2028-02-29", "2028-02-29T08:00Z", "2028-03-01T08:00Z" },
        { "America/Los_Angeles", "2026-03-08", "2026-03-08T08:00Z", "2026-03-09T07:00Z" },
        { "America/Los_Angeles", "2026-11-01", "2026-11-01T07:00Z", "2026-11-02T08:00Z" },
        { "Asia/Kolkata", "2028-02-29", "2028-02-28T18:30Z", "2028-02-29T18:30Z" },
        { "Asia/Kathmandu", "2028-02-29", "2028-02-28T18:15Z", "2028-02-29T18:15Z" },
        { "Australia/Adelaide", "2028-02-29", "2028-02-28T13:30Z", "2028-02-29T13:30Z" },
        { "Australia/Adelaide", "2026-10-04", "2026-10-03T14:30Z", "2026-10-04T13:30Z" },
        { "Australia/Adelaide", "2026-04-05", "2026-04-04T13:30Z", "2026-04-05T14:30Z" },
        { "Australia/Lord_Howe", "2028-02-29", "2028-02-28T13:00Z", "2028-02-29T13:00Z" },
        { "Australia/Lord_Howe", "2026-10-04", "2026-10-03T13:30Z", "2026-10-04T13:00Z" },
        { "Australia/Lord_Howe", "2026-04-05", "2026-04-04T13:00Z", "2026-04-05T13:30Z" },
        { "America/Santiago", "2028-02-29", "2028-02-29T03:00Z", "2028-03-01T03:00Z" },
        { "America/Santiago", "2026-09-06", "2026-09-06T04:00Z", "2026-09-07T03:00Z" },
        { "America/Santiago", "2026-04-04", "2026-04-04T03:00Z", "2026-04-05T04:00Z" },
        { "Pacific/Chatham", "2028-02-29", "2028-02-28T10:15Z", "2028-02-29T10:15Z" },
        { "Pacific/Chatham", "2026-09-27", "2026-09-26T11:15Z", "2026-09-27T10:15Z" },
        { "Pacific/Chatham", "2026-04-05", "2026-04-04T10:15Z", "2026-04-05T11:15Z" },
        { "Africa/Casablanca", "2028-02-29", "2028-02-29T00:00Z", "2028-03-01T00:00Z" },
        { "Africa/Casablanca", "2026-03-22", "2026-03-22T00:00Z", "2026-03-22T23:00Z" },
        { "Africa/Casablanca", "2026-02-15", "2026-02-14T23:00Z", "2026-02-16T00:00Z" },
        { "America/St_Johns", "2028-02-29", "2028-02-29T03:30Z", "2028-03-01T03:30Z" },
        { "America/St_Johns", "2026-03-08", "2026-03-08T03:30Z", "2026-03-09T02:30Z" },
        { "America/St_Johns", "2026-11-01", "2026-11-01T02:30Z", "2026-11-02T03:30Z" },
        { "Africa/Cairo", "2028-02-29", "2028-02-28T22:00Z", "2028-02-29T22:00Z" },
        { "Africa/Cairo", "2026-04-24", "2026-04-23T22:00Z", "2026-04-24T21:00Z" },
        { "Africa/Cairo", "2026-10-29", "2026-10-28T21:00Z", "2026-10-29T22:00Z" },
    };

    // Zone, first of a month, first instant of the month, first instant of the next.
    public static TheoryData<string, string, string, string> Months { get; } = new()
    {
        { "UTC", "2028-02-01", "2028-02-01T00:00Z", "2028-03-01T00:00Z" },
        { "UTC", "2026-12-01", "2026-12-01T00:00Z", "2027-01-01T00:00Z" },
        { "Europe/Berlin", "2028-02-01", "2028-01-31T23:00Z", "2028-02-29T23:00Z" },
        { "Europe/Berlin", "2026-03-01", "2026-02-28T23:00Z", "2026-03-31T22:00Z" },
        { "Europe/Berlin", "2026-10-01", "2026-09-30T22:00Z", "2026-10-31T23:00Z" },
        { "America/New_York", "2028-02-01", "2028-02-01T05:00Z", "2028-03-01T05:00Z" },
        { "America/New_York", "2026-10-01", "2026-10-01T04:00Z", "2026-11-01T04:00Z" },
        { "America/Los_Angeles", "2028-02-01", "2028-02-01T08:00Z", "2028-03-01T08:00Z" },
        { "America/Los_Angeles", "2026-10-01", "2026-10-01T07:00Z", "2026-11-01T07:00Z" },
        { "Asia/Kolkata", "2028-02-01", "2028-01-31T18:30Z", "2028-02-29T18:30Z" },
        { "Asia/Kolkata", "2026-12-01", "2026-11-30T18:30Z", "2026-12-31T18:30Z" },
        { "Asia/Kathmandu", "2028-02-01", "2028-01-31T18:15Z", "2028-02-29T18:15Z" },
        { "Asia/Kathmandu", "2026-12-01", "2026-11-30T18:15Z", "2026-12-31T18:15Z" },
        { "Australia/Adelaide", "2028-02-01", "2028-01-31T13:30Z", "2028-02-29T13:30Z" },
        { "Australia/Adelaide", "2026-10-01", "2026-09-30T14:30Z", "2026-10-31T13:30Z" },
        { "Australia/Lord_Howe", "2028-02-01", "2028-01-31T13:00Z", "2028-02-29T13:00Z" },
        { "Australia/Lord_Howe", "2026-03-01", "2026-02-28T13:00Z", "2026-03-31T13:00Z" },
        { "Australia/Lord_Howe", "2026-10-01", "2026-09-30T13:30Z", "2026-10-31T13:00Z" },
        { "America/Santiago", "2028-02-01", "2028-02-01T03:00Z", "2028-03-01T03:00Z" },
        { "America/Santiago", "2026-03-01", "2026-03-01T03:00Z", "2026-04-01T03:00Z" },
        { "America/Santiago", "2026-10-01", "2026-10-01T03:00Z", "2026-11-01T03:00Z" },
        { "Pacific/Chatham", "2028-02-01", "2028-01-31T10:15Z", "2028-02-29T10:15Z" },
        { "Pacific/Chatham", "2026-10-01", "2026-09-30T10:15Z", "2026-10-31T10:15Z" },
        { "Africa/Casablanca", "2028-02-01", "2028-02-01T00:00Z", "2028-03-01T00:00Z" },
        { "Africa/Casablanca", "2026-10-01", "2026-09-30T23:00Z", "2026-10-31T23:00Z" },
        { "Pacific/Apia", "2028-02-01", "2028-01-31T11:00Z", "2028-02-29T11:00Z" },
        { "Pacific/Apia", "2026-10-01", "2026-09-30T11:00Z", "2026-10-31T11:00Z" },
        { "America/St_Johns", "2028-02-01", "2028-02-01T03:30Z", "2028-03-01T03:30Z" },
        { "America/St_Johns", "2026-10-01", "2026-10-01T02:30Z", "2026-11-01T02:30Z" },
        { "Africa/Cairo", "2028-02-01", "2028-01-31T22:00Z", "2028-02-29T22:00Z" },
        { "Africa/Cairo", "2026-03-01", "2026-02-28T22:00Z", "2026-03-31T22:00Z" },
        { "Africa/Cairo", "2026-10-01", "2026-09-30T21:00Z", "2026-10-31T22:00Z" },
    };

    [Theory]
    [MemberData(nameof(Days))]
    [Trait("row", "A32")]
    public void Day_is_the_local_date_also_where_the_clocks_change(string zone, string date, string start, string end)
    {
        Check(PeriodUnit.Day, zone, date, start, end);
    }

    [Theory]
    [MemberData(nameof(Months))]
    [Trait("row", "A32")]
    public void Month_is_the_local_month(string zone, string first, string start, string end)
    {
        Check(PeriodUnit.Month, zone, first, start, end);
    }

    [Fact]
    public void Table_is_of_at_least_twelve_zones()
    {
        Assert.True(Days.Select(row => row.Data.Item1).Distinct().Count() >= 12);
    }

    private static void Check(PeriodUnit unit, string zone, string date, string start, string end)
    {
        Assert.NotNull(ZoneClock.Find(zone));
        var calendar = WindowCalendar.Of(new WindowEntry
        {
            Kind = QuotaKind.Tokens, Limit = 1, Unit = unit, Timezone = zone,
        });
        var expected = new QuotaPeriod(Ms(start), Ms(end));

        Assert.Equal(expected, calendar.At(expected.StartMs));
        Assert.Equal(expected, calendar.At(expected.StartMs + (expected.LengthMs / 2)));
        Assert.Equal(expected, calendar.At(expected.EndMs - 1));
        Assert.Equal(expected.EndMs, calendar.At(expected.EndMs).StartMs);
        Assert.Equal(expected.StartMs, calendar.At(expected.StartMs - 1).EndMs);
        var clock = ZoneClock.Find(zone)!;
        Assert.Equal(DateTime.Parse(date, CultureInfo.InvariantCulture), clock.ToLocal(expected.StartMs).Date);
    }

    private static long Ms(string text) =>
        DateTimeOffset.Parse(text, CultureInfo.InvariantCulture).ToUnixTimeMilliseconds();
}
