using TokenHub.Core.Money;
using TokenHub.Core.Quota;
using TokenHub.Core.Snapshots;
using Xunit;

namespace TokenHub.Core.Tests.Quota;

public sealed class ScarcityTests
{
    private const long Hour = 3_600_000;

    private static readonly FireSaleEntry Sale = new()
    {
        BeforeEndSeconds = 7_200, LeastLeftBp = 3_000, WeightFactorBp = 40_000, PriceFactorBp = 6_000,
    };

    private static readonly SurgeEntry Surge = new() { FactorMaxBp = 30_000 };

    [Theory]
    [Trait("row", "A22")]
    [Trait("row", "A38")]
    // Two hours before the end, with 30 of 100 left.
    [InlineData(30, 2 * Hour, true)]
    [InlineData(30, (2 * Hour) + 1, false)]
    [InlineData(29, 2 * Hour, false)]
    [InlineData(100, 1, true)]
    [InlineData(100, 0, false)]
    [InlineData(100, -5, false)]
    [InlineData(0, Hour, false)]
    public void Fire_sale_is_on_towards_the_end_while_enough_is_left(long left, long untilEndMs, bool isOn)
    {
        var scarcity = Scarcity.Of(Sale, null, 100, left, 0, untilEndMs);

        Assert.Equal(isOn ? new Scarcity(40_000, 6_000, 10_000) : Scarcity.None, scarcity);
    }

    [Theory]
    [Trait("row", "A33")]
    [Trait("row", "A38")]
    [InlineData(1_000, 100, 10 * Hour, 10_000)]
    // Twice what is left is expected: half of it is not covered.
    [InlineData(500, 100, 10 * Hour, 20_000)]
    [InlineData(250, 100, 10 * Hour, 25_000)]
    [InlineData(999, 100, 10 * Hour, 10_020)]
    [InlineData(0, 100, 10 * Hour, 30_000)]
    [InlineData(-7, 100, 10 * Hour, 30_000)]
    [InlineData(0, 0, 10 * Hour, 10_000)]
    [InlineData(500, 100, 0, 10_000)]
    [InlineData(50, 100, Hour / 4, 10_000)]
    public void Surge_rises_with_the_part_of_the_demand_that_is_not_covered(
        long left, long hourDemand, long untilEndMs, int factorBp)
    {
        Assert.Equal(
            Scarcity.None with { SurgeBp = factorBp },
            Scarcity.Of(null, Surge, 2_000, left, hourDemand, untilEndMs));
    }

    [Fact]
    [Trait("row", "A38")]
    public void Surge_never_jumps_and_never_falls_as_less_is_left()
    {
        var last = PriceFactors.Once;
        for (var left = 20_000; left >= 0; left--)
        {
            var factor = Scarcity.Of(null, Surge, 20_000, left, 1_000, 15 * Hour).SurgeBp;

            Assert.InRange(factor, last, last + 2);
            last = factor;
        }

        Assert.Equal(30_000, last);
    }

    [Fact]
    public void Factors_are_of_the_range_that_a_price_takes_whatever_the_entries_say()
    {
        var wild = new FireSaleEntry
        {
            BeforeEndSeconds = int.MaxValue, WeightFactorBp = int.MaxValue, PriceFactorBp = -4,
        };

        var scarcity = Scarcity.Of(
            wild, new SurgeEntry { FactorMaxBp = int.MaxValue }, long.MaxValue, 5, long.MaxValue, Hour);

        Assert.Equal((PriceFactors.Max, 1), (scarcity.WeightBp, scarcity.FireSaleBp));
        Assert.InRange(scarcity.SurgeBp, PriceFactors.Once, PriceFactors.Max);
        Assert.Equal(1, Scarcity.LeftBp(1_000_000, 1));
        Assert.Equal(10_000, Scarcity.LeftBp(10, 11));
    }

    [Fact]
    [Trait("row", "A32")]
    public void Window_keeps_its_count_when_only_its_limit_changes()
    {
        var window = new WindowEntry { Kind = QuotaKind.Tokens, Limit = 5, Unit = PeriodUnit.Day };

        Assert.Equal(WindowName.Of(window), WindowName.Of(window with { Limit = 6 }));
        Assert.Equal(6, new[]
        {
            window, window with { Kind = QuotaKind.Money }, window with { Unit = PeriodUnit.Week },
            window with { Count = 2 }, window with { AnchorMs = 0 }, window with { Timezone = "Asia/Tokyo" },
        }.Select(WindowName.Of).Distinct().Count());
    }
}
