using System.Globalization;
using TokenHub.Core.Quota;
using TokenHub.Core.Snapshots;
using Xunit;

namespace TokenHub.Core.Tests.Quota;

[Trait("row", "A32")]
public sealed class WindowCalendarTests
{
    private static readonly string[] Zones =
    [
        "UTC", "Europe/Berlin", "America/New_York", "America/Los_Angeles", "Asia/Kolkata", "Asia/Kathmandu",
        "Australia/Adelaide", "Australia/Lord_Howe", "America/Santiago", "Pacific/Chatham", "Africa/Casablanca",
        "America/St_Johns", "Africa/Cairo", "Pacific/Apia",
    ];

    [Theory]
    // Half past two does not occur on the day in spring and occurs twice on the one in autumn.
    [InlineData("Europe/Berlin", "2026-01-10T02:30", "2026-03-29T12:00Z", "2026-03-29T01:30Z", "2026-03-30T00:30Z")]
    [InlineData("Europe/Berlin", "2026-01-10T02:30", "2026-10-25T12:00Z", "2026-10-25T00:30Z", "2026-10-26T01:30Z")]
    // Lord Howe moves by half an hour at two.
    [InlineData("Australia/Lord_Howe", "2026-01-10T02:15", "2026-10-04T12:00Z", "2026-10-03T15:45Z", "2026-10-04T15:15Z")]
    [InlineData("Australia/Lord_Howe", "2026-01-10T01:45", "2026-04-05T02:00Z", "2026-04-04T14:45Z", "2026-04-05T15:15Z")]
    public void Day_begins_at_the_local_time_of_its_anchor(
        string zone, string anchor, string at, string start, string end)
    {
        var clock = ZoneClock.Find(zone)!;
        var calendar = new WindowCalendar(
            PeriodUnit.Day, 1, clock.ToInstant(DateTime.Parse(anchor, CultureInfo.InvariantCulture)), clock);

        Assert.Equal(new QuotaPeriod(Ms(start), Ms(end)), calendar.At(Ms(at)));
    }

    [Theory]
    [InlineData("2026-02-10T00:00Z", "2026-01-31T00:00Z", "2026-02-28T00:00Z")]
    [InlineData("2026-03-10T00:00Z", "2026-02-28T00:00Z", "2026-03-31T00:00Z")]
    [InlineData("2026-04-30T12:00Z", "2026-04-30T00:00Z", "2026-05-31T00:00Z")]
    [InlineData("2028-03-01T00:00Z", "2028-02-29T00:00Z", "2028-03-31T00:00Z")]
    [InlineData("2025-12-31T00:00Z", "2025-12-31T00:00Z", "2026-01-31T00:00Z")]
    [InlineData("2024-02-29T00:00Z", "2024-02-29T00:00Z", "2024-03-31T00:00Z")]
    public void Month_anchored_on_the_31st_takes_the_last_day_and_does_not_drift(string at, string start, string end)
    {
        var calendar = new WindowCalendar(PeriodUnit.Month, 1, Ms("2026-01-31T00:00Z"), ZoneClock.Find("UTC")!);

        Assert.Equal(new QuotaPeriod(Ms(start), Ms(end)), calendar.At(Ms(at)));
    }

    [Theory]
    [InlineData(PeriodUnit.Minute, 15, "2026-03-29T01:07Z", "2026-03-29T01:00Z", "2026-03-29T01:15Z")]
    [InlineData(PeriodUnit.Hour, 5, "2026-03-29T01:07Z", "2026-03-28T21:00Z", "2026-03-29T02:00Z")]
    [InlineData(PeriodUnit.Week, 1, "2026-03-29T21:59Z", "2026-03-22T23:00Z", "2026-03-29T22:00Z")]
    [InlineData(PeriodUnit.Week, 2, "2026-10-26T00:00Z", "2026-10-18T22:00Z", "2026-11-01T23:00Z")]
    [InlineData(PeriodUnit.Month, 3, "2026-03-31T21:59Z", "2025-12-31T23:00Z", "2026-03-31T22:00Z")]
    [InlineData(PeriodUnit.Month, 12, "2028-02-29T00:00Z", "2027-12-31T23:00Z", "2028-12-31T23:00Z")]
    public void Units_and_counts_in_Berlin(PeriodUnit unit, int count, string at, string start, string end)
    {
        var calendar = new WindowCalendar(unit, count, null, ZoneClock.Find("Europe/Berlin")!);

        Assert.Equal(new QuotaPeriod(Ms(start), Ms(end)), calendar.At(Ms(at)));
    }

    [Fact]
    public void Zone_that_skipped_a_whole_day_has_no_period_for_it()
    {
        // Samoa went from the 29th of December 2011 straight to the 31st.
        var calendar = new WindowCalendar(PeriodUnit.Day, 1, null, ZoneClock.Find("Pacific/Apia")!);

        var before = calendar.At(Ms("2011-12-30T09:59Z"));
        var after = calendar.At(Ms("2011-12-30T10:00Z"));

        Assert.Equal(new QuotaPeriod(Ms("2011-12-29T10:00Z"), Ms("2011-12-30T10:00Z")), before);
        Assert.Equal(new QuotaPeriod(Ms("2011-12-30T10:00Z"), Ms("2011-12-31T10:00Z")), after);
    }

    [Fact]
    public void Periods_tile_time_and_each_instant_lies_in_exactly_one()
    {
        var random = new Random(5);
        for (var i = 0; i < 20_000; i++)
        {
            var calendar = RandomCalendar(random, out var about);
            var at = Ms("2020-01-01T00:00Z") + random.NextInt64(20L * 365 * 86_400_000);
            var period = calendar.At(at);

            Assert.True(period.Contains(at), $"{about}: {at} is not in {period}");
            Assert.Equal(period, calendar.At(period.StartMs));
            Assert.Equal(period, calendar.At(period.EndMs - 1));
            Assert.Equal(period, calendar.At(period.StartMs + random.NextInt64(period.LengthMs)));
            Assert.Equal(period.EndMs, calendar.At(period.EndMs).StartMs);
            Assert.Equal(period.StartMs, calendar.At(period.StartMs - 1).EndMs);
        }
    }

    [Fact]
    public void Later_instants_never_lie_in_earlier_periods()
    {
        var random = new Random(6);
        for (var i = 0; i < 300; i++)
        {
            var calendar = RandomCalendar(random, out var about);
            var at = Ms("2025-01-01T00:00Z") + random.NextInt64(365L * 86_400_000);
            var last = calendar.At(at);
            for (var step = 0; step < 200; step++)
            {
                at += random.NextInt64(1, 40L * 86_400_000 / 200);
                var next = calendar.At(at);
                Assert.True(next == last || next.StartMs >= last.EndMs, $"{about}: {last} then {next}");
                last = next;
            }
        }
    }

    private static WindowCalendar RandomCalendar(Random random, out string about)
    {
        var unit = (PeriodUnit)random.Next(5);
        var count = random.Next(1, 8);
        var zone = Zones[random.Next(Zones.Length)];
        long? anchor = random.Next(3) == 0
            ? null
            : Ms("2023-01-01T00:00Z") + random.NextInt64(6L * 365 * 86_400_000) / 60_000 * 60_000;
        about = $"{count} {unit} in {zone} from {anchor}";
        return new WindowCalendar(unit, count, anchor, ZoneClock.Find(zone)!);
    }

    private static long Ms(string text) =>
        DateTimeOffset.Parse(text, CultureInfo.InvariantCulture).ToUnixTimeMilliseconds();
}
