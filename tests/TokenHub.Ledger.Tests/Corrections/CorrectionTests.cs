using Npgsql;
using TokenHub.Core.Money;
using TokenHub.Core.Requests;
using TokenHub.Core.Usage;
using TokenHub.Ledger.Corrections;
using TokenHub.Ledger.Reconciliation;
using TokenHub.Ledger.Requests;
using TokenHub.Ledger.Tests.Fixtures;

namespace TokenHub.Ledger.Tests.Corrections;

/// <summary>Money given back by new rows: never more than the cost, once for each reason (S33).</summary>
[Trait("needs", "postgres")]
public sealed class CorrectionTests(LedgerServers servers)
{
    private const int Seed = 33;

    [Fact]
    public async Task Refund_comes_from_owner_and_platform_in_proportion_and_the_key_has_spent_less()
    {
        await using var bank = await Bank.OpenAsync(servers);
        var (caller, owner, record) = await ChargedAsync(bank, shareBp: 4000);
        var half = new Usd(record.Cost.Units / 2);

        var result = await new Corrector(bank.Database).CorrectAsync(record.RequestId, half, "slow", 7);

        var (ownerPart, platformPart) = (result.Correction!.OwnerPart, result.Correction.PlatformPart);
        Assert.Equal((CorrectionOutcome.Posted, record.Cost - half), (result.Outcome, result.Left));
        Assert.Equal(half, ownerPart + platformPart);
        Assert.InRange(ownerPart.Units - (half.Units * 4 / 10), -1, 1);
        Assert.Equal(Usd.FromDollars(10) - record.Cost + half, await bank.BalanceAsync(caller.User));
        var (got, kept) = TariffMath.Split(record.Cost, 4000);
        Assert.Equal(got - ownerPart, await bank.BalanceAsync(owner.User));
        Assert.Equal(kept - platformPart, await bank.BalanceAsync(1));
        Assert.Equal(
            (record.Cost - half).Units,
            await bank.ScalarAsync<long>("select spent_units from api_keys where id = @Key", new { caller.Key }));
        var detail = (await new RequestReads(bank.Database).FindAsync(record.RequestId, null))!;
        Assert.Equal((record.Cost, half), (detail.Cost, detail.Refunded));
        Assert.Equal(["hold", "settle", "correction"], detail.Stages.Select(stage => stage.Name));
        Assert.Equal((1, "slow", 7L), (detail.Corrections[0].Seq, detail.Corrections[0].Reason, detail.Corrections[0].CreatedBy));
        await bank.AssertSoundAsync();
    }

    [Fact]
    public async Task Small_refunds_of_the_whole_cost_give_back_exactly_what_each_got()
    {
        await using var bank = await Bank.OpenAsync(servers);
        var (caller, owner, record) = await ChargedAsync(bank, shareBp: 3333);
        var corrector = new Corrector(bank.Database);
        var random = new Random(Seed);
        var left = record.Cost;
        for (var i = 0; left > Usd.Zero; i++)
        {
            var amount = Usd.Min(left, new Usd(random.NextInt64(1, record.Cost.Units / 10)));
            var result = await corrector.CorrectAsync(record.RequestId, amount, $"part {i}", null);
            Assert.Equal(CorrectionOutcome.Posted, result.Outcome);
            left -= amount;
            Assert.Equal(left, result.Left);
        }

        Assert.Equal(Usd.FromDollars(10), await bank.BalanceAsync(caller.User));
        Assert.Equal(Usd.Zero, await bank.BalanceAsync(owner.User));
        Assert.Equal(Usd.Zero, await bank.BalanceAsync(1));
        Assert.Equal(
            CorrectionOutcome.AmountOutOfRange,
            (await corrector.CorrectAsync(record.RequestId, new Usd(1), "one more", null)).Outcome);
        await bank.AssertSoundAsync();
    }

    [Fact]
    public async Task Replays_do_nothing_and_another_amount_for_one_reason_is_refused()
    {
        await using var bank = await Bank.OpenAsync(servers);
        var (caller, _, record) = await ChargedAsync(bank, shareBp: 0);
        var corrector = new Corrector(bank.Database);
        var first = await corrector.CorrectAsync(record.RequestId, new Usd(100), "slow", null);
        var balance = await bank.BalanceAsync(caller.User);

        var again = await corrector.CorrectAsync(record.RequestId, new Usd(100), "slow", null);
        var other = await corrector.CorrectAsync(record.RequestId, new Usd(101), "slow", null);

        Assert.Equal((CorrectionOutcome.Repeated, first.Correction), (again.Outcome, again.Correction));
        Assert.Equal(CorrectionOutcome.OtherAmount, other.Outcome);
        Assert.Equal(balance, await bank.BalanceAsync(caller.User));
        await bank.AssertSoundAsync();
    }

    [Theory]
    [InlineData(0L)]
    [InlineData(-1L)]
    [InlineData(long.MinValue)]
    [InlineData(long.MaxValue)]
    public async Task Amount_that_is_no_refund_is_refused(long units)
    {
        await using var bank = await Bank.OpenAsync(servers);
        var (_, _, record) = await ChargedAsync(bank, shareBp: 0);

        var result = await new Corrector(bank.Database).CorrectAsync(record.RequestId, new Usd(units), "x", null);

        Assert.Equal(CorrectionOutcome.AmountOutOfRange, result.Outcome);
        await bank.AssertSoundAsync();
    }

    [Fact]
    public async Task Refunded_and_unknown_requests_have_nothing_to_give_back()
    {
        await using var bank = await Bank.OpenAsync(servers);
        var caller = await bank.AddUserAsync(Usd.FromDollars(10));
        var refunded = bank.Request(caller, outcome: Outcome.Empty);
        await bank.Ingest().IngestAsync(1, 1, Batches.Of(refunded));
        var corrector = new Corrector(bank.Database);

        Assert.Equal(
            CorrectionOutcome.AmountOutOfRange,
            (await corrector.CorrectAsync(refunded.RequestId, new Usd(1), "x", null)).Outcome);
        Assert.Equal(
            CorrectionOutcome.UnknownRequest,
            (await corrector.CorrectAsync(new RequestId(1, 1), new Usd(1), "x", null)).Outcome);
    }

    [Fact]
    public async Task Parallel_and_repeated_refunds_never_exceed_the_cost()
    {
        await using var bank = await Bank.OpenAsync(servers);
        var (caller, _, record) = await ChargedAsync(bank, shareBp: 5000);
        var corrector = new Corrector(bank.Database);
        var third = new Usd(record.Cost.Units / 3);

        // Fifty callers, ten reasons, each amount a third of the cost: three fit.
        var results = await Task.WhenAll(Enumerable.Range(0, 50).Select(i => Task.Run(
            () => corrector.CorrectAsync(record.RequestId, third, $"reason {i % 10}", null))));

        Assert.Equal(3, results.Count(r => r.Outcome == CorrectionOutcome.Posted));
        Assert.All(results, r => Assert.True(r.Outcome is CorrectionOutcome.Posted or CorrectionOutcome.Repeated
            or CorrectionOutcome.AmountOutOfRange));
        Assert.Equal(
            Usd.FromDollars(10) - record.Cost + third + third + third, await bank.BalanceAsync(caller.User));
        await bank.AssertSoundAsync();
    }

    [Fact]
    public async Task Refunds_among_charges_of_the_same_people_do_not_wait_for_each_other_for_ever()
    {
        await using var bank = await Bank.OpenAsync(servers);
        var people = new List<(long User, long Key)>();
        for (var i = 0; i < 4; i++)
        {
            people.Add(await bank.AddUserAsync(Usd.FromDollars(10)));
        }

        var records = Enumerable.Range(0, 120).Select(i => bank.Request(
            people[i % 4], owner: people[(i + 1) % 4].User, shareBp: 5000)).ToList();
        var ingest = bank.Ingest();
        await ingest.IngestAsync(1, 1, Batches.Of(records));
        var corrector = new Corrector(bank.Database);

        var charging = Task.WhenAll(Enumerable.Range(0, 3).Select(_ => Task.Run(async () =>
        {
            for (var round = 0; round < 10; round++)
            {
                await ingest.IngestAsync(1, 1, Batches.Of(Enumerable.Range(0, 20).Select(i => bank.Request(
                    people[i % 4], owner: people[(i + 2) % 4].User, shareBp: 2500))));
            }
        })));
        await Task.WhenAll(records.Chunk(30).Select(chunk => Task.Run(async () =>
        {
            foreach (var record in chunk)
            {
                Assert.Equal(
                    CorrectionOutcome.Posted,
                    (await corrector.CorrectAsync(record.RequestId, new Usd(77), "x", null)).Outcome);
            }
        })));
        await charging;

        await bank.AssertSoundAsync();
    }

    [Fact]
    public async Task Redis_hears_of_the_balance_and_of_what_the_key_has_spent()
    {
        await using var desk = await Desk.OpenAsync(servers);
        var (caller, owner, record) = await ChargedAsync(desk.Bank, shareBp: 2000);
        await desk.HydrateAsync(caller);

        await new Corrector(desk.Bank.Database, desk.Acknowledger)
            .CorrectAsync(record.RequestId, record.Cost, "all of it", null);

        await desk.AssertSettledAsync(caller.User);
        Assert.Equal(Usd.FromDollars(10), (await desk.StateAsync(caller.User)).Balance);
        Assert.Contains(
            owner.User,
            await desk.Bank.ColumnAsync<long>("select subject_id from pending_changes where kind = 'balance'"));
    }

    [Theory]
    [InlineData("update corrections set amount_units = amount_units + 1, platform_units = platform_units + 1", "correction")]
    [InlineData("update corrections set owner_units = owner_units + 1, platform_units = platform_units - 1", "refunds")]
    [InlineData("update corrections set seq = seq + 1", "refunds")]
    [InlineData("delete from corrections", "stray_transfer")]
    [InlineData("delete from transfers where kind = 'correction_owner'", "correction")]
    [InlineData("update transfers set credit_account = 2 where kind = 'correction_platform'", "correction")]
    [InlineData("update usage_events set cost_units = 10, owner_units = 1", "refunds")]
    public async Task Planted_fault_is_found(string fault, string check)
    {
        await using var bank = await Bank.OpenAsync(servers);
        var (_, _, record) = await ChargedAsync(bank, shareBp: 4000);
        await new Corrector(bank.Database).CorrectAsync(record.RequestId, new Usd(1000), "x", null);
        Assert.True(await bank.PlantAsync(fault) > 0);

        var report = await new Verify(bank.Database).RunAsync(TestContext.Current.CancellationToken);

        Assert.Contains(report.Problems, problem => problem.Check == check);
    }

    [Theory]
    [InlineData("update corrections set reason = 'y'")]
    [InlineData("delete from corrections")]
    [InlineData("truncate corrections")]
    public async Task Corrections_cannot_be_changed(string change)
    {
        await using var bank = await Bank.OpenAsync(servers);
        var (_, _, record) = await ChargedAsync(bank, shareBp: 0);
        await new Corrector(bank.Database).CorrectAsync(record.RequestId, new Usd(1000), "x", null);

        var refusal = await Assert.ThrowsAsync<PostgresException>(() => bank.ExecuteAsync(change));

        Assert.Equal("23001", refusal.SqlState);
    }

    private static async Task<((long User, long Key) Caller, (long User, long Key) Owner, UsageRecord Record)>
        ChargedAsync(Bank bank, int shareBp)
    {
        var caller = await bank.AddUserAsync(Usd.FromDollars(10));
        var owner = await bank.AddUserAsync();
        var record = bank.Request(caller, 1_003, 777, shareBp == 0 ? 0 : owner.User, shareBp);
        await bank.Ingest().IngestAsync(1, 1, Batches.Of(record));
        return (caller, owner, record);
    }
}
