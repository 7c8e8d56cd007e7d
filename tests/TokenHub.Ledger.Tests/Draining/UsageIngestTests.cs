using TokenHub.Core.Money;
using TokenHub.Core.Usage;
using TokenHub.Ledger.Draining;
using TokenHub.Ledger.Tests.Fixtures;

namespace TokenHub.Ledger.Tests.Draining;

[Trait("needs", "postgres")]
public sealed class UsageIngestTests(LedgerServers servers)
{
    [Fact]
    public async Task Batch_debits_the_caller_and_credits_owner_and_platform()
    {
        await using var bank = await Bank.OpenAsync(servers);
        var caller = await bank.AddUserAsync(Usd.FromDollars(10));
        var owner = await bank.AddUserAsync();
        var first = bank.Request(caller, owner: owner.User, shareBp: 4000);
        var second = bank.Request(caller);
        PostedBatch? told = null;

        var receipt = await bank.Ingest(posted => told = posted).IngestAsync(1, 1, Batches.Of(first, second));

        Assert.Equal((2, 2, 0, 0), ((int)receipt.AckedLsn, receipt.Accepted, receipt.Repeated, receipt.Dead));
        var (ownerPart, platformPart) = TariffMath.Split(first.Cost, 4000);
        Assert.Equal(Usd.FromDollars(10) - first.Cost - second.Cost, await bank.BalanceAsync(caller.User));
        Assert.Equal(ownerPart, await bank.BalanceAsync(owner.User));
        Assert.Equal(platformPart + second.Cost, await bank.BalanceAsync(1));
        Assert.Equal(0, await bank.ScalarAsync<long>("select sum(balance_units)::bigint from accounts"));
        var stand = Assert.Single(told!.Accounts, a => a.Account == caller.User);
        Assert.Equal(new AccountStand(caller.User, await bank.BalanceAsync(caller.User), 4), stand);
        Assert.Equal(new KeyStand(caller.Key, first.Cost + second.Cost, 2), Assert.Single(told.Keys));
        Assert.Equal(2, told.Requests.Count);
    }

    [Fact]
    public async Task Repeated_and_reordered_batches_change_nothing()
    {
        await using var bank = await Bank.OpenAsync(servers);
        var caller = await bank.AddUserAsync(Usd.FromDollars(10));
        var records = Enumerable.Range(0, 40).Select(_ => bank.Request(caller)).ToList();
        var ingest = bank.Ingest();
        await ingest.IngestAsync(1, 1, Batches.Of(records));
        var balance = await bank.BalanceAsync(caller.User);

        var again = await ingest.IngestAsync(1, 1, Batches.Of(records));
        var backwards = await ingest.IngestAsync(1, 1, Batches.Of(records.AsEnumerable().Reverse(), 100));
        var doubled = await ingest.IngestAsync(1, 1, Batches.Of(records.Concat(records), 200));

        Assert.Equal((0, 40, 0), (again.Accepted, again.Repeated, again.Dead));
        Assert.Equal((0, 40), (backwards.Accepted, backwards.Repeated));
        Assert.Equal((0, 80), (doubled.Accepted, doubled.Repeated));
        Assert.Equal(balance, await bank.BalanceAsync(caller.User));
        await bank.AssertSoundAsync();
    }

    [Fact]
    public async Task One_id_twice_in_one_batch_is_posted_once()
    {
        await using var bank = await Bank.OpenAsync(servers);
        var caller = await bank.AddUserAsync(Usd.FromDollars(10));
        var record = bank.Request(caller);

        var receipt = await bank.Ingest().IngestAsync(1, 1, Batches.Of(record, record, bank.Request(caller)));

        Assert.Equal((2, 1, 0), (receipt.Accepted, receipt.Repeated, receipt.Dead));
        await bank.AssertSoundAsync();
    }

    [Theory]
    [InlineData(Outcome.UpstreamErrorBeforeContent)]
    [InlineData(Outcome.ClientCancelled)]
    [InlineData(Outcome.Empty)]
    public async Task Refund_leaves_a_usage_row_and_no_transfer(Outcome outcome)
    {
        await using var bank = await Bank.OpenAsync(servers);
        var caller = await bank.AddUserAsync(Usd.FromDollars(10));
        PostedBatch? told = null;

        await bank.Ingest(posted => told = posted)
            .IngestAsync(1, 1, Batches.Of(bank.Request(caller, outcome: outcome)));

        Assert.Equal(1, await bank.ScalarAsync<long>("select count(*) from usage_events"));
        Assert.Equal(0, await bank.ScalarAsync<long>("select count(*) from transfers where rid is not null"));
        Assert.Equal(Usd.FromDollars(10), await bank.BalanceAsync(caller.User));
        Assert.Equal(1, Assert.Single(told!.Accounts).Version);
        Assert.Single(told.Requests);
        await bank.AssertSoundAsync();
    }

    [Fact]
    public async Task Own_channel_gives_no_share()
    {
        await using var bank = await Bank.OpenAsync(servers);
        var caller = await bank.AddUserAsync(Usd.FromDollars(10));
        var record = bank.Request(caller, owner: caller.User, shareBp: 5000);

        await bank.Ingest().IngestAsync(1, 1, Batches.Of(record));

        Assert.Equal(record.Cost, await bank.BalanceAsync(1));
        await bank.AssertSoundAsync();
    }

    [Fact]
    public async Task Balance_may_go_below_zero_because_the_tokens_were_served()
    {
        await using var bank = await Bank.OpenAsync(servers);
        var caller = await bank.AddUserAsync();
        var record = bank.Request(caller);

        await bank.Ingest().IngestAsync(1, 1, Batches.Of(record));

        Assert.Equal(-record.Cost, await bank.BalanceAsync(caller.User));
        await bank.AssertSoundAsync();
    }

    [Fact]
    public async Task Days_get_partitions_on_demand_and_old_clocks_share_one()
    {
        await using var bank = await Bank.OpenAsync(servers);
        var caller = await bank.AddUserAsync(Usd.FromDollars(10));
        DateTimeOffset[] times =
        [
            new(1970, 1, 1, 0, 0, 1, TimeSpan.Zero),
            new(2024, 12, 31, 23, 59, 59, TimeSpan.Zero),
            new(2025, 1, 1, 0, 0, 0, TimeSpan.Zero),
            new(2025, 3, 9, 23, 59, 59, 999, TimeSpan.Zero),
            new(2025, 3, 10, 0, 0, 0, TimeSpan.Zero),
        ];

        var batch = Batches.Of(times.Select(at => bank.Request(caller, at: at)));
        var receipt = await bank.Ingest().IngestAsync(1, 1, batch);

        Assert.Equal(5, receipt.Accepted);
        Assert.Equal(
            ["usage_events_20250101", "usage_events_20250309", "usage_events_20250310", "usage_events_early"],
            await bank.ColumnAsync<string>("select distinct tableoid::regclass::text from usage_events order by 1"));
        await bank.AssertSoundAsync();
    }

    [Fact]
    public async Task Position_rises_and_never_falls()
    {
        await using var bank = await Bank.OpenAsync(servers);
        var caller = await bank.AddUserAsync(Usd.FromDollars(10));
        var ingest = bank.Ingest();

        await ingest.IngestAsync(1, 1, Batches.Of([bank.Request(caller)], 500));
        var late = await ingest.IngestAsync(1, 1, Batches.Of([bank.Request(caller)], 20));

        Assert.Equal(20, late.AckedLsn);
        Assert.Equal(500, await bank.ScalarAsync<long>("select acked_lsn from gateway_positions where gateway_no = 1"));
    }

    [Fact]
    public async Task Unregistered_gateway_and_broken_batches_are_refused_whole()
    {
        await using var bank = await Bank.OpenAsync(servers);
        var caller = await bank.AddUserAsync();
        var ingest = bank.Ingest();
        var batch = Batches.Of(bank.Request(caller), bank.Request(caller));
        var falling = Batches.Of([bank.Request(caller)], 5).Concat(Batches.Of([bank.Request(caller)], 5)).ToArray();

        await Assert.ThrowsAsync<UnknownGatewayException>(() => ingest.IngestAsync(7, 1, batch));
        await Assert.ThrowsAsync<BatchFormatException>(() => ingest.IngestAsync(1, 1, batch.AsMemory()[..^1]));
        await Assert.ThrowsAsync<BatchFormatException>(() => ingest.IngestAsync(1, 1, falling));
        Assert.Equal(0, (await ingest.IngestAsync(1, 1, Array.Empty<byte>())).Accepted);
        Assert.Equal(0, await bank.ScalarAsync<long>("select count(*) from usage_events"));
    }
}
