using TokenHub.Core.Money;
using TokenHub.Core.Usage;
using TokenHub.Ledger.Reconciliation;
using TokenHub.Ledger.Requests;
using TokenHub.Ledger.Tests.Fixtures;

namespace TokenHub.Ledger.Tests.Draining;

/// <summary>A row for each attempt: what its upstream bills and what the user is charged, apart.</summary>
[Trait("needs", "postgres")]
public sealed class AttemptTests(LedgerServers servers)
{
    private static readonly TokenUsage Served = new() { Input = 1_000, CacheRead = 200, Output = 500, Reasoning = 40 };
    private static readonly TokenUsage Lost = new() { Input = 1_000, Output = 7 };

    [Fact]
    public async Task Sum_of_costs_is_the_upstreams_bill_and_sum_of_charges_the_users()
    {
        await using var bank = await Bank.OpenAsync(servers);
        var caller = await bank.AddUserAsync(Usd.FromDollars(10));
        var cheaper = await AddPriceAsync(bank, upstreamInput: 200_000_000, upstreamOutput: 700_000_000);
        var record = bank.Request(caller) with
        {
            Channel = 1002,
            Usage = Served,
            Cost = TariffMath.Cost(bank.Tariff, Served),
            AbortPolicy = AbortPolicy.Drain,
            Notes = UsageNotes.FarOff | UsageNotes.Drained,
            Attempts =
            [
                new(1001, 502, AttemptFault.UpstreamStatus, 80) { Outcome = Outcome.UpstreamErrorBeforeContent },
                new(1003, 200, AttemptFault.None, 90)
                {
                    Outcome = Outcome.LosingHedge, PriceVersion = bank.Price, Usage = Lost, IsCounted = true,
                },
                new(1002, 200, AttemptFault.None, 20)
                {
                    Outcome = Outcome.Completed, PriceVersion = cheaper, Usage = Served,
                },
            ],
        };

        await bank.Ingest().IngestAsync(1, 1, Batches.Of(record));

        var detail = (await new RequestReads(bank.Database).FindAsync(record.RequestId, null))!;
        Assert.Equal([1, 2, 3], detail.Attempts.Select(a => a.No));
        Assert.Equal([Usd.Zero, Usd.Zero, record.Cost], detail.Attempts.Select(a => a.Charge));
        Assert.Equal(
            [Usd.Zero, TariffMath.Cost(bank.Tariff, Lost), new Usd(160_000 + 25_000 + 350_000)],
            detail.Attempts.Select(a => a.Cost));
        Assert.Equal([default, Lost, Served], detail.Attempts.Select(a => a.Usage));
        Assert.Equal([false, true, false], detail.Attempts.Select(a => a.IsCounted));
        Assert.Equal(
            [Outcome.UpstreamErrorBeforeContent, Outcome.LosingHedge, Outcome.Completed],
            detail.Attempts.Select(a => a.Outcome));
        Assert.Equal(
            (AbortPolicy.Drain, UsageNotes.FarOff | UsageNotes.Drained, 3),
            (detail.AbortPolicy, detail.Notes, detail.AttemptCount));
        await bank.AssertSoundAsync();
    }

    [Fact]
    public async Task Refunded_answer_costs_the_platform_what_its_upstream_reported()
    {
        await using var bank = await Bank.OpenAsync(servers);
        var caller = await bank.AddUserAsync(Usd.FromDollars(10));
        var record = bank.Request(caller, outcome: Outcome.Empty) with
        {
            Usage = default,
            Attempts =
            [
                new(1001, 200, AttemptFault.EmptyAnswer, 80)
                {
                    Outcome = Outcome.Empty, PriceVersion = bank.Price, Usage = Lost,
                },
            ],
        };

        await bank.Ingest().IngestAsync(1, 1, Batches.Of(record));

        var attempt = Assert.Single(
            (await new RequestReads(bank.Database).FindAsync(record.RequestId, null))!.Attempts);
        Assert.Equal((TariffMath.Cost(bank.Tariff, Lost), Usd.Zero), (attempt.Cost, attempt.Charge));
        await bank.AssertSoundAsync();
    }

    [Fact]
    public async Task Request_found_after_a_crash_has_an_attempt_of_its_own()
    {
        await using var bank = await Bank.OpenAsync(servers);
        var caller = await bank.AddUserAsync(Usd.FromDollars(10));
        var record = bank.Request(caller, outcome: Outcome.Interrupted) with { Attempts = [], IsCounted = true };

        await bank.Ingest().IngestAsync(1, 1, Batches.Of(record));

        var attempt = Assert.Single(
            (await new RequestReads(bank.Database).FindAsync(record.RequestId, null))!.Attempts);
        Assert.Equal((record.Cost, record.Cost, record.Usage), (attempt.Cost, attempt.Charge, attempt.Usage));
        Assert.True(attempt.IsCounted);
        await bank.AssertSoundAsync();
    }

    [Fact]
    public async Task Attempts_of_a_repeated_request_are_written_once_and_those_of_a_forgery_never()
    {
        await using var bank = await Bank.OpenAsync(servers);
        var caller = await bank.AddUserAsync(Usd.FromDollars(10));
        var record = bank.Request(caller);
        var other = record with { Attempts = [.. record.Attempts, .. record.Attempts] };
        var ingest = bank.Ingest();

        await ingest.IngestAsync(1, 1, Batches.Of(record, other, bank.Request(caller)));
        await ingest.IngestAsync(1, 1, Batches.Of([other], 9));

        Assert.Equal(2, await bank.ScalarAsync<long>("select count(*) from usage_attempts"));
        await bank.AssertSoundAsync();
    }

    [Fact]
    public async Task Days_have_partitions_of_attempts_too()
    {
        await using var bank = await Bank.OpenAsync(servers);
        var caller = await bank.AddUserAsync(Usd.FromDollars(10));
        DateTimeOffset[] times = [new(1970, 1, 1, 0, 0, 1, TimeSpan.Zero), new(2025, 3, 9, 23, 59, 59, TimeSpan.Zero)];

        await bank.Ingest().IngestAsync(1, 1, Batches.Of(times.Select(at => bank.Request(caller, at: at))));

        Assert.Equal(
            ["usage_attempts_20250309", "usage_attempts_early"],
            await bank.ColumnAsync<string>("select distinct tableoid::regclass::text from usage_attempts order by 1"));
        var refusal = await Assert.ThrowsAsync<Npgsql.PostgresException>(
            () => bank.ExecuteAsync("truncate usage_attempts_20250309"));
        Assert.Equal("23001", refusal.SqlState);
    }

    [Fact]
    public async Task Attempt_at_anothers_channel_names_its_owner()
    {
        await using var bank = await Bank.OpenAsync(servers);
        var caller = await bank.AddUserAsync(Usd.FromDollars(10));
        var owner = await bank.AddUserAsync();
        var channel = await bank.ScalarAsync<long>(
            """
            insert into channels (owner_user_id, name, provider, base_url, credential_type, sealed_credential, models)
            values (@owner, 'c', 'openai', 'https://example.com', 'api_key', '', '{}')
            returning id
            """,
            new { owner = owner.User });
        var record = bank.Request(caller) with
        {
            Channel = 99,
            Attempts = [new(channel, 500, AttemptFault.UpstreamStatus, 8), new(99, 200, AttemptFault.None, 9)],
        };

        await bank.Ingest().IngestAsync(1, 1, Batches.Of(record));

        Assert.Equal(
            [owner.User, 0], await bank.ColumnAsync<long>("select owner_account_id from usage_attempts order by no"));
    }

    [Theory]
    [InlineData("update usage_attempts set cost_units = cost_units + 1", "attempt_cost")]
    [InlineData("update usage_attempts set charge_units = charge_units + 1", "attempts")]
    [InlineData("update usage_attempts set output = output + 1000", "attempt_cost")]
    [InlineData("delete from usage_attempts", "attempts")]
    [InlineData("delete from usage_events", "stray_attempt")]
    [InlineData("insert into usage_attempts select rid, (no + 1)::smallint, channel_id, owner_account_id, price_id, status, fault, outcome, elapsed_ms, is_counted, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0 from usage_attempts", "attempts")]
    public async Task Planted_fault_is_found(string fault, string check)
    {
        await using var bank = await Bank.OpenAsync(servers);
        await bank.Ingest().IngestAsync(1, 1, Batches.Of(bank.Request(await bank.AddUserAsync())));
        Assert.True(await bank.PlantAsync(fault) > 0);

        var report = await new Verify(bank.Database).RunAsync();

        Assert.Contains(report.Problems, problem => problem.Check == check);
    }

    private static Task<long> AddPriceAsync(Bank bank, long upstreamInput, long upstreamOutput) =>
        bank.ScalarAsync<long>(
            """
            insert into prices (
              model, input_units, output_units, cache_read_units, upstream_input_units, upstream_output_units)
            values ('cheaper', @Input, @Output, @CacheRead, @upstreamInput, @upstreamOutput)
            returning id
            """,
            new { bank.Tariff.Input, bank.Tariff.Output, bank.Tariff.CacheRead, upstreamInput, upstreamOutput });
}
