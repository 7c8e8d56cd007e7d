using TokenHub.Core.Money;
using TokenHub.Core.Routing;
using TokenHub.Core.Usage;
using TokenHub.Ledger.Reconciliation;
using TokenHub.Ledger.Requests;
using TokenHub.Ledger.Tests.Fixtures;

namespace TokenHub.Ledger.Tests.Requests;

/// <summary>Factors on a price, routes, and what is not measured in tokens, from the record to the receipt.</summary>
[Trait("needs", "postgres")]
public sealed class FactorTests(LedgerServers servers)
{
    private static readonly RouteTrace Route =
        new(RoutingPolicy.Cheapest, RouteReason.Price, 7, 1, 2, 1, 0, 1);

    [Fact]
    [Trait("row", "A33")]
    public async Task Factors_multiply_the_charge_and_stand_in_its_formula()
    {
        await using var bank = await Bank.OpenAsync(servers);
        var caller = await bank.AddUserAsync(Usd.FromDollars(10));
        var factors = new PriceFactors(12_000, 15_001, 5_000);
        var record = Charged(bank, bank.Request(caller, 1_001, 333), factors) with { Route = Route };
        await bank.Ingest().IngestAsync(1, 1, Batches.Of(record));

        var detail = (await new RequestReads(bank.Database).FindAsync(record.RequestId, caller.User))!;

        Assert.Equal(record.Cost, detail.Cost);
        Assert.Equal(factors, detail.Factors);
        Assert.Equal(Route, detail.Route);
        Assert.StartsWith("(751 * 2.50000000 + 250 * 1.25000000 + 333 * 10.00000000) / 1000000 * 1.2 * 1.5001 * 0.5 = ",
            detail.Formula, StringComparison.Ordinal);
        Assert.Equal(record.Cost, Arithmetic.Recompute(detail.Formula));
        await bank.AssertSoundAsync();
    }

    [Fact]
    public async Task What_the_upstream_bills_knows_no_factors()
    {
        await using var bank = await Bank.OpenAsync(servers);
        var caller = await bank.AddUserAsync(Usd.FromDollars(10));
        var plain = bank.Request(caller);
        var record = Charged(bank, plain, new PriceFactors(20_000)) with
        {
            Attempts =
            [
                new AttemptRecord(1001, 200, AttemptFault.None, 12)
                {
                    Outcome = Outcome.Completed, PriceVersion = bank.Price, Usage = plain.Usage, FirstTokenMs = 7,
                },
            ],
        };
        await bank.Ingest().IngestAsync(1, 1, Batches.Of(record));

        var detail = (await new RequestReads(bank.Database).FindAsync(record.RequestId, null))!;

        var attempt = Assert.Single(detail.Attempts);
        Assert.Equal((plain.Cost, record.Cost, 7), (attempt.Cost, attempt.Charge, attempt.FirstTokenMs));
        Assert.Equal(plain.Cost + plain.Cost, record.Cost);
    }

    [Fact]
    public async Task A_cost_that_its_factors_do_not_give_is_parked()
    {
        await using var bank = await Bank.OpenAsync(servers);
        var caller = await bank.AddUserAsync(Usd.FromDollars(10));
        var record = bank.Request(caller) with { Factors = new PriceFactors(9_999) };

        var receipt = await bank.Ingest().IngestAsync(1, 1, Batches.Of(record));

        Assert.Equal(1, receipt.Dead);
        Assert.Equal(0, await bank.ScalarAsync<long>("select count(*) from usage_events"));
    }

    [Theory]
    [InlineData("group_bp = 10001")]
    [InlineData("images = 1")]
    public async Task Verify_finds_a_factor_or_a_quantity_that_was_changed(string change)
    {
        await using var bank = await Bank.OpenAsync(servers);
        var caller = await bank.AddUserAsync(Usd.FromDollars(10));
        var pictures = await PictureAsync(bank, caller);
        await bank.Ingest().IngestAsync(1, 1, Batches.Of(pictures));
        await bank.AssertSoundAsync();

        await bank.PlantAsync($"update usage_events set {change}");

        var report = await new Verify(bank.Database).RunAsync();
        Assert.Contains(report.Problems, problem => problem.Check == "cost");
    }

    [Fact]
    public async Task Pictures_sound_and_text_read_aloud_are_classes_of_their_own()
    {
        await using var bank = await Bank.OpenAsync(servers);
        var caller = await bank.AddUserAsync(Usd.FromDollars(10));
        var record = await PictureAsync(bank, caller);
        await bank.Ingest().IngestAsync(1, 1, Batches.Of(record));

        var detail = (await new RequestReads(bank.Database).FindAsync(record.RequestId, null))!;

        Assert.Equal(
            ["input", "output", "characters", "images", "audio"], detail.Classes.Select(part => part.Name));
        Assert.Equal(record.Usage, detail.Usage);
        Assert.StartsWith(
            "((11 * 1.00000000 + 5 * 2.00000000 + 2000 * 15.00000000) / 1000000 + 3 * 0.04000000 "
            + "+ 12345 * 0.00600000 / 60000) * 0.7 = ",
            detail.Formula, StringComparison.Ordinal);
        Assert.Equal(record.Cost, Arithmetic.Recompute(detail.Formula));
    }

    [Fact]
    public void Formulas_come_to_the_charge_over_random_usage_and_factors()
    {
        var random = new Random(23);
        for (var i = 0; i < 5_000; i++)
        {
            long Price() => random.NextInt64(random.Next(2) == 0 ? 100 : 1_000_000_000);
            long? Maybe() => random.Next(3) == 0 ? null : Price();
            int Bp() => random.Next(2) == 0 ? PriceFactors.Once : random.Next(1, 30_000);
            var tariff = new Tariff(1, Price(), Price(), Price(), Price(), Price())
            {
                Image = Maybe(), AudioMinute = Maybe(), Characters = Maybe(),
                Factors = new PriceFactors(Bp(), Bp(), Bp()),
            };
            var usage = new TokenUsage
            {
                Input = random.Next(3) * random.Next(5_000), Output = random.Next(2) * random.Next(5_000),
                Media = random.Next(2) == 0
                    ? default
                    : new MediaUnits(random.Next(5), random.Next(200_000), random.Next(4_096)),
            };
            var cost = TariffMath.Cost(tariff, usage);

            var formula = ChargeFormula.Text(
                ChargeFormula.Classes(tariff, usage), tariff.Factors, cost, Outcome.Completed);

            Assert.Equal(cost, Arithmetic.Recompute(formula));
        }
    }

    private static UsageRecord Charged(Bank bank, UsageRecord record, PriceFactors factors) => record with
    {
        Factors = factors,
        Cost = TariffMath.Cost(bank.Tariff with { Factors = factors }, record.Usage),
    };

    private static async Task<UsageRecord> PictureAsync(Bank bank, (long User, long Key) caller)
    {
        var tariff = new Tariff(0, 100_000_000, 200_000_000, 100_000_000, 100_000_000, 100_000_000)
        {
            Image = 4_000_000, AudioMinute = 600_000, Characters = 1_500_000_000, Factors = new PriceFactors(7_000),
        };
        var price = await bank.ScalarAsync<long>(
            """
            insert into prices (model, input_units, output_units, image_units, audio_minute_units, characters_units)
            values ('pictures', @Input, @Output, @Image, @AudioMinute, @Characters)
            returning id
            """,
            new { tariff.Input, tariff.Output, tariff.Image, tariff.AudioMinute, tariff.Characters });
        var usage = new TokenUsage { Input = 11, Output = 5, Media = new MediaUnits(3, 12_345, 2_000) };
        return bank.Request(caller) with
        {
            PriceVersion = price, Usage = usage, Factors = tariff.Factors, Cost = TariffMath.Cost(tariff, usage),
        };
    }
}
