using TokenHub.Core.Money;
using TokenHub.Core.Usage;
using TokenHub.Ledger.Tests.Fixtures;

namespace TokenHub.Ledger.Tests.Draining;

public sealed class SplitPropertyTests(LedgerServers servers)
{
    private const int Seed = 20_260_101;

    [Fact]
    public void Split_loses_and_makes_nothing()
    {
        var random = new Random(Seed);
        for (var i = 0; i < 200_000; i++)
        {
            var cost = new Usd(random.NextInt64(0, 1L << random.Next(1, 53)));
            var share = random.Next(0, TariffMath.OwnerShareBpMax + 1);

            var (owner, platform) = TariffMath.Split(cost, share);

            Assert.Equal(cost, owner + platform);
            Assert.True(owner >= Usd.Zero && platform >= owner, $"seed {Seed}: {cost} at {share}");

            // Rounded down, by less than one unit.
            var exact = (Int128)cost.Units * share;
            Assert.InRange(exact - ((Int128)owner.Units * 10_000), 0, 9_999);
        }
    }

    [Fact]
    [Trait("needs", "postgres")]
    public async Task Random_batches_of_all_kinds_keep_the_ledger_sound()
    {
        await using var bank = await Bank.OpenAsync(servers);
        var random = new Random(Seed);
        var people = new List<(long User, long Key)>();
        for (var i = 0; i < 6; i++)
        {
            people.Add(await bank.AddUserAsync(Usd.FromDollars(100)));
        }

        var outcomes = Enum.GetValues<Outcome>();
        var ingest = bank.Ingest();
        var posted = new List<UsageRecord>();
        for (var round = 0; round < 12; round++)
        {
            var batch = Enumerable.Range(0, random.Next(1, 60)).Select(_ => bank.Request(
                people[random.Next(people.Count)],
                random.NextInt64(0, 100_000),
                random.NextInt64(0, 20_000),
                random.Next(3) == 0 ? 0 : people[random.Next(people.Count)].User,
                random.Next(0, 5001),
                outcomes[random.Next(outcomes.Length)])).ToList();
            posted.AddRange(batch);
            var repeats = posted.Where(_ => random.Next(4) == 0).Take(100);
            await ingest.IngestAsync(1, 1, Batches.Of(batch.Concat(repeats).OrderBy(_ => random.Next())));
        }

        Assert.Equal(posted.Count, await bank.ScalarAsync<long>("select count(*) from usage_events"));
        var charged = posted.Aggregate(Usd.Zero, (sum, record) => sum + record.Cost);
        Assert.Equal(charged.Units, await bank.ScalarAsync<long>("select sum(cost_units)::bigint from usage_events"));
        await bank.AssertSoundAsync();
    }
}
