using Npgsql;
using TokenHub.Core.Money;
using TokenHub.Core.Usage;
using TokenHub.Ledger.Reconciliation;
using TokenHub.Ledger.Tests.Fixtures;

namespace TokenHub.Ledger.Tests.Reconciliation;

[Trait("needs", "postgres")]
public sealed class VerifyTests(LedgerServers servers)
{
    // Each row: a fault planted behind the ledger's back, and a check that must speak of it.
    public static TheoryData<string, string> Faults => new()
    {
        { "update accounts set balance_units = balance_units + 1 where id = 1", "balance" },
        { "update accounts set balance_units = balance_units + 1 where id = 1", "sum" },
        { "update accounts set version = version + 1 where id = 2", "balance" },
        { "update accounts set balance_units = balance_units + 10 * id - 15 where id < 3", "balance" },
        { "delete from transfers where id = (select min(id) from transfers where leg = 2)", "platform_transfer" },
        { "delete from transfers where leg = 1", "owner_transfer" },
        { "delete from transfers where kind = 'credit'", "balance" },
        { "update transfers set amount_units = amount_units + 1 where leg = 1", "owner_transfer" },
        { "update transfers set credit_account = 2 where leg = 2", "platform_transfer" },
        { "update transfers set kind = 'usage_owner' where leg = 2", "platform_transfer" },
        { "update transfers set debit_account = 1, credit_account = debit_account where leg = 2", "platform_transfer" },
        { "update usage_events set cost_units = cost_units + 1 where owner_units > 0", "cost" },
        { "update usage_events set output = output + 100 where cost_units > 0", "cost" },
        { "update usage_events set outcome = 6 where cost_units > 0", "cost" },
        { "update usage_events set outcome = 1 where outcome = 6", "cost" },
        { "update usage_events set price_id = 77 where cost_units > 0", "price" },
        { "update prices set output_units = output_units + 1000", "cost" },
        { "update usage_events set owner_units = owner_units - 1 where owner_units > 0", "split" },
        { "update usage_events set owner_share_bp = 1 where owner_units > 0", "split" },
        { "update api_keys set spent_units = spent_units + 1", "key_spent" },
        { "update api_keys set spent_version = spent_version + 1", "key_spent" },
        { "delete from usage_events where owner_units > 0", "stray_transfer" },
        { "update transfers set debit_account = 1 where kind = 'credit'", "stray_transfer" },
    };

    [Fact]
    public async Task Sound_ledger_is_found_sound()
    {
        await using var bank = await FilledAsync();

        var report = await new Verify(bank.Database).RunAsync();

        Assert.True(report.Ok);
        Assert.Equal((Usd.Zero, 3L, 4L), (report.Sum, report.Requests, report.Transfers));
        Assert.Equal(4, report.Accounts);
    }

    [Theory]
    [MemberData(nameof(Faults))]
    public async Task Planted_fault_is_found(string fault, string check)
    {
        await using var bank = await FilledAsync();
        Assert.True(await bank.PlantAsync(fault) > 0);

        var report = await new Verify(bank.Database).RunAsync();

        Assert.False(report.Ok);
        Assert.Contains(report.Problems, problem => problem.Check == check);
    }

    [Theory]
    [InlineData("update transfers set amount_units = amount_units + 1")]
    [InlineData("delete from transfers")]
    [InlineData("truncate transfers")]
    [InlineData("update usage_events set cost_units = 0, owner_units = 0")]
    [InlineData("delete from usage_events")]
    [InlineData("truncate usage_events")]
    [InlineData("update prices set input_units = 1")]
    [InlineData("delete from prices")]
    public async Task Posted_rows_and_prices_cannot_be_changed(string change)
    {
        await using var bank = await FilledAsync();

        var refusal = await Assert.ThrowsAsync<PostgresException>(() => bank.ExecuteAsync(change));

        Assert.Equal("23001", refusal.SqlState);
        await bank.AssertSoundAsync();
    }

    [Fact]
    public async Task Report_stays_bounded()
    {
        await using var bank = await FilledAsync();
        var caller = await bank.AddUserAsync();
        var many = Enumerable.Range(0, 300).Select(_ => bank.Request(caller));
        await bank.Ingest().IngestAsync(1, 1, Batches.Of(many, 9));
        await bank.PlantAsync("update usage_events set output = output + 1000");

        var report = await new Verify(bank.Database).RunAsync();

        Assert.Equal(Verify.ProblemsMax, report.Problems.Count);
    }

    // One charge shared with an owner, one for the platform alone, one refund.
    private async Task<Bank> FilledAsync()
    {
        var bank = await Bank.OpenAsync(servers);
        var caller = await bank.AddUserAsync(Usd.FromDollars(10));
        var owner = await bank.AddUserAsync();
        await bank.Ingest().IngestAsync(1, 1, Batches.Of(
            bank.Request(caller, owner: owner.User, shareBp: 3000),
            bank.Request(caller),
            bank.Request(caller, outcome: Outcome.Empty)));
        return bank;
    }
}
