using TokenHub.Core.Money;
using TokenHub.Core.Usage;
using Xunit;

namespace TokenHub.Core.Tests.Money;

/// <summary>Nobody gains by cutting requests up or putting them together (S31).</summary>
public sealed class RoundingAttackTests
{
    private const int Seed = 31;

    // Prices of a million tokens at which one token costs less than half a unit, about half, and more than one.
    public static TheoryData<long> Prices => [1, 499_999, 500_000, 500_001, 999_999, 1_000_000, 1_499_999, 250_000_000];

    [Theory]
    [MemberData(nameof(Prices))]
    public void A_million_requests_of_one_token_are_off_by_half_a_unit_each_and_never_free(long price)
    {
        const int Requests = 1_000_000;
        var tariff = new Tariff(1, price, price, price, price, price);
        var one = new TokenUsage { Output = 1 };
        long charged = 0;
        for (var i = 0; i < Requests; i++)
        {
            charged += TariffMath.Cost(tariff, one).Units;
        }

        // In halves of a unit, exact: a token costs price / 1,000,000 units, and at least one unit is charged.
        var exact = (Int128)price * Requests;
        var off = ((Int128)charged * TariffMath.TokensPerPrice) - exact;
        var half = (Int128)Requests * TariffMath.TokensPerPrice / 2;
        Assert.True(off >= -half, $"{off} of {half} in the attacker's favour");
        Assert.True(off <= (price < TariffMath.TokensPerPrice / 2 ? 2 * half : half), $"{off} of {half} too much");
        Assert.True(charged >= Requests);
    }

    [Fact]
    public void Cutting_up_or_merging_gains_at_most_a_unit_for_each_request()
    {
        var random = new Random(Seed);
        for (var round = 0; round < 200_000; round++)
        {
            var tariff = new Tariff(1, Price(), Price(), Price(), Price(), Price());
            var parts = Enumerable.Range(0, random.Next(2, 9)).Select(_ => Usage()).ToList();
            var merged = parts.Aggregate((a, b) => new TokenUsage
            {
                Input = a.Input + b.Input,
                CacheRead = a.CacheRead + b.CacheRead,
                CacheWrite5m = a.CacheWrite5m + b.CacheWrite5m,
                CacheWrite1h = a.CacheWrite1h + b.CacheWrite1h,
                Output = a.Output + b.Output,
            });

            var apart = parts.Sum(part => TariffMath.Cost(tariff, part).Units);
            var together = TariffMath.Cost(tariff, merged).Units;

            Assert.True(Math.Abs(apart - together) <= parts.Count, $"round {round} of seed {Seed}: {apart}, {together}");
        }

        long Price() => random.NextInt64(0, 1L << random.Next(1, 43));

        TokenUsage Usage()
        {
            var (read, write, hour) = (random.Next(100), random.Next(100), random.Next(100));
            return new TokenUsage
            {
                Input = read + write + hour + random.Next(1 << random.Next(1, 20)),
                CacheRead = read,
                CacheWrite5m = write,
                CacheWrite1h = hour,
                Output = random.Next(1 << random.Next(1, 20)),
            };
        }
    }

    [Fact]
    public void A_request_is_rounded_once_and_not_for_each_class()
    {
        var tariff = new Tariff(1, 400_000, 400_000, 400_000, 400_000, 400_000);
        var usage = new TokenUsage { Input = 4, CacheRead = 1, CacheWrite5m = 1, CacheWrite1h = 1, Output = 1 };

        // Five times 0.4 units: rounded by class it would be nothing, or five.
        Assert.Equal(2, TariffMath.Cost(tariff, usage).Units);
    }

    [Fact]
    public void Owner_and_platform_of_parts_are_never_more_than_of_the_whole()
    {
        var random = new Random(Seed);
        for (var round = 0; round < 200_000; round++)
        {
            var (a, b) = (new Usd(random.NextInt64(0, 1L << random.Next(1, 50))), new Usd(random.Next(1000)));
            var share = random.Next(0, TariffMath.OwnerShareBpMax + 1);
            var (owner, platform) = TariffMath.Split(a + b, share);
            var (ownerA, platformA) = TariffMath.Split(a, share);
            var (ownerB, platformB) = TariffMath.Split(b, share);

            Assert.Equal(a + b, owner + platform);
            Assert.InRange((owner - ownerA - ownerB).Units, 0, 1);
            Assert.Equal(owner + platform, ownerA + ownerB + platformA + platformB);
        }
    }
}
