using System.Numerics;
using TokenHub.Core.Money;
using TokenHub.Core.Usage;
using Xunit;

namespace TokenHub.Core.Tests.Money;

public sealed class TariffMathTests
{
    // Two dollars in, eight out, twenty cents cached, 2.50 and 4 to write the cache.
    private static readonly Tariff Price = new(1, 200_000_000, 800_000_000, 20_000_000, 250_000_000, 400_000_000);

    [Theory]
    [InlineData(0, 0, 0, 0, 0, 0)]
    [InlineData(1_000_000, 0, 0, 0, 0, 200_000_000)]
    [InlineData(0, 0, 0, 0, 1_000_000, 800_000_000)]
    [InlineData(4_020, 4_012, 0, 0, 4, (8 * 200) + (4_012 * 20) + (4 * 800))]
    [InlineData(1_532, 1_111, 418, 0, 33, (3 * 200) + (1_111 * 20) + (418 * 250) + (33 * 800))]
    [InlineData(100, 0, 0, 100, 0, 100 * 400)]
    public void Each_class_is_charged_once_at_its_own_price(
        long input, long cacheRead, long write5m, long write1h, long output, long units)
    {
        var usage = new TokenUsage
        {
            Input = input, CacheRead = cacheRead, CacheWrite5m = write5m, CacheWrite1h = write1h, Output = output,
        };

        Assert.Equal(units, TariffMath.Cost(Price, usage).Units);
    }

    [Theory]
    [InlineData(499_999, 1)]
    [InlineData(500_000, 1)]
    [InlineData(1_499_999, 1)]
    [InlineData(1_500_000, 2)]
    [InlineData(2_500_000, 3)]
    [InlineData(1, 1)]
    [InlineData(0, 0)]
    public void One_rounding_half_up_and_at_least_one_unit(long unitsPerMillion, long units)
    {
        var tariff = new Tariff(1, unitsPerMillion, 0, unitsPerMillion, unitsPerMillion, unitsPerMillion);

        Assert.Equal(units, TariffMath.Cost(tariff, new TokenUsage { Input = 1 }).Units);
    }

    [Fact]
    public void Cache_parts_beyond_the_input_never_make_a_negative_charge()
    {
        var usage = new TokenUsage { Input = 10, CacheRead = 25, Output = 0 };

        Assert.Equal(25 * 20, TariffMath.Cost(Price, usage).Units);
    }

    [Fact]
    public void Cost_equals_exact_arithmetic_over_random_usage()
    {
        var random = new Random(7);
        for (var i = 0; i < 50_000; i++)
        {
            var tariff = new Tariff(
                1, random.NextInt64(Tariff.UnitsPerMillionMax), random.NextInt64(Tariff.UnitsPerMillionMax),
                random.NextInt64(1_000_000_000), random.NextInt64(1_000_000_000), random.NextInt64(1_000_000_000));
            var usage = new TokenUsage
            {
                Input = random.Next(3_000_000), CacheRead = random.Next(1_000_000), CacheWrite5m = random.Next(1_000_000),
                CacheWrite1h = random.Next(1_000_000), Output = random.Next(1_000_000),
            };
            var sum = ((BigInteger)usage.InputFresh * tariff.Input) + ((BigInteger)usage.CacheRead * tariff.CacheRead)
                + ((BigInteger)usage.CacheWrite5m * tariff.CacheWrite5m)
                + ((BigInteger)usage.CacheWrite1h * tariff.CacheWrite1h) + ((BigInteger)usage.Output * tariff.Output);

            Assert.Equal((long)((sum + 500_000) / 1_000_000), TariffMath.Cost(tariff, usage).Units);
        }
    }

    [Theory]
    [InlineData(0, 0)]
    [InlineData(2_500, 25_000_000)]
    [InlineData(5_000, 50_000_000)]
    public void An_owner_earns_the_configured_cut(int basisPoints, long ownerUnits)
    {
        var (owner, platform) = TariffMath.Split(new Usd(100_000_000), basisPoints);

        Assert.Equal((ownerUnits, 100_000_000 - ownerUnits), (owner.Units, platform.Units));
    }

    [Fact]
    public void A_cut_above_half_is_refused() =>
        Assert.Throws<ArgumentOutOfRangeException>(() => TariffMath.Split(new Usd(1), 5_001));

    [Fact]
    public void Owner_and_platform_always_add_up_to_the_charge()
    {
        var random = new Random(11);
        for (var i = 0; i < 200_000; i++)
        {
            var cost = new Usd(random.NextInt64(Usd.ScriptUnitsMax) >> random.Next(53));
            var (owner, platform) = TariffMath.Split(cost, random.Next(5_001));

            Assert.Equal(cost, owner + platform);
            Assert.True(owner.Units >= 0 && platform.Units >= owner.Units);
        }
    }

    [Fact]
    public void A_hold_covers_every_usage_within_its_tokens()
    {
        var random = new Random(13);
        for (var i = 0; i < 50_000; i++)
        {
            var input = random.Next(1, 100_000);
            var output = random.Next(1, 100_000);
            var read = random.Next(input);
            var write = random.Next(input - read);
            var usage = new TokenUsage { Input = input, CacheRead = read, CacheWrite1h = write, Output = random.Next(output) };

            Assert.True(TariffMath.Cost(Price, usage) <= TariffMath.Hold(Price, input, output));
        }
    }
}
