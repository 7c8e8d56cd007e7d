using TokenHub.Core.Money;
using TokenHub.Core.Usage;
using TokenHub.Ledger.Tests.Fixtures;

namespace TokenHub.Ledger.Tests.Draining;

/// <summary>What attempts say of their channels, summed up by half hours in the transaction that posts them.</summary>
[Trait("needs", "postgres")]
public sealed class ChannelHealthTests(LedgerServers servers)
{
    private const string ReadSql = """
        select channel_id || ' ' || available || ' ' || empty || ' ' || failed || ' ' || down || ' ' || slow
          || ' ' || first_tokens || ' ' || first_token_ms
        from channel_health
        order by channel_id, starts_at
        """;

    [Theory]
    [Trait("row", "A48")]
    [InlineData(Outcome.Completed, 200, AttemptFault.None, "1 0 0 0")]
    [InlineData(Outcome.ClientCut, 200, AttemptFault.ClientGone, "1 0 0 0")]
    [InlineData(Outcome.FundsExhausted, 200, AttemptFault.None, "1 0 0 0")]
    [InlineData(Outcome.Empty, 200, AttemptFault.EmptyAnswer, "0 1 0 0")]
    [InlineData(Outcome.UpstreamErrorBeforeContent, 500, AttemptFault.UpstreamStatus, "0 0 1 0")]
    [InlineData(Outcome.UpstreamErrorBeforeContent, 429, AttemptFault.UpstreamStatus, "0 0 1 0")]
    [InlineData(Outcome.UpstreamErrorBeforeContent, 0, AttemptFault.ConnectFailed, "0 0 1 0")]
    [InlineData(Outcome.UpstreamErrorAfterContent, 200, AttemptFault.CutMidStream, "0 0 1 0")]
    [InlineData(Outcome.UpstreamErrorBeforeContent, 401, AttemptFault.CredentialRefused, "0 0 0 1")]
    [InlineData(Outcome.UpstreamErrorBeforeContent, 429, AttemptFault.QuotaUsedUp, "0 0 0 1")]
    [InlineData(Outcome.UpstreamErrorBeforeContent, 0, AttemptFault.CredentialUnreadable, "0 0 0 1")]
    [InlineData(Outcome.UpstreamErrorBeforeContent, 403, AttemptFault.UpstreamStatus, "0 0 0 1")]
    [InlineData(Outcome.UpstreamErrorBeforeContent, 400, AttemptFault.UpstreamStatus, null)]
    [InlineData(Outcome.UpstreamErrorBeforeContent, 0, AttemptFault.Untranslatable, null)]
    [InlineData(Outcome.ClientCancelled, 0, AttemptFault.ClientGone, null)]
    [InlineData(Outcome.LosingHedge, 200, AttemptFault.None, null)]
    public async Task Attempt_is_an_event_of_its_kind(Outcome outcome, int status, AttemptFault fault, string? expected)
    {
        await using var bank = await Bank.OpenAsync(servers);
        var caller = await bank.AddUserAsync(Usd.FromDollars(10));
        var record = bank.Request(caller, outcome: outcome == Outcome.LosingHedge ? Outcome.ClientCancelled : outcome) with
        {
            Attempts = [new(1001, status, fault, 12) { Outcome = outcome, PriceVersion = bank.Price }],
        };

        await bank.Ingest().IngestAsync(1, 1, Batches.Of(record));

        var rows = await bank.ColumnAsync<string>(ReadSql);
        Assert.Equal(expected is null ? [] : [$"1001 {expected} 0 0 0"], rows);
    }

    [Fact]
    [Trait("row", "A50")]
    public async Task First_tokens_are_averaged_over_streams_that_ended_well_and_without_what_passed_before()
    {
        await using var bank = await Bank.OpenAsync(servers);
        var caller = await bank.AddUserAsync(Usd.FromDollars(10));
        var moved = bank.Request(caller) with
        {
            IsStream = true, Channel = 1002, FirstTokenMs = 12_500,
            Attempts =
            [
                new(1001, 500, AttemptFault.UpstreamStatus, 2_000) { Outcome = Outcome.UpstreamErrorBeforeContent },
                new(1002, 200, AttemptFault.None, 12_000)
                {
                    Outcome = Outcome.Completed, PriceVersion = bank.Price,
                },
            ],
        };
        var fast = bank.Request(caller) with
        {
            IsStream = true, Channel = 1002, FirstTokenMs = 300,
            Attempts = [new(1002, 200, AttemptFault.None, 900) { Outcome = Outcome.Completed, PriceVersion = bank.Price }],
        };
        var whole = bank.Request(caller) with
        {
            Channel = 1002, FirstTokenMs = 9_000,
            Attempts = [new(1002, 200, AttemptFault.None, 9_000) { Outcome = Outcome.Completed, PriceVersion = bank.Price }],
        };
        var cut = bank.Request(caller, outcome: Outcome.UpstreamErrorAfterContent) with
        {
            IsStream = true, Channel = 1002, FirstTokenMs = 50,
            Attempts = [new(1002, 200, AttemptFault.CutMidStream, 90) { Outcome = Outcome.UpstreamErrorAfterContent, PriceVersion = bank.Price }],
        };

        await bank.Ingest().IngestAsync(1, 1, Batches.Of(moved, fast, whole, cut));

        Assert.Equal(
            ["1001 0 0 1 0 0 0 0", "1002 3 0 1 0 1 2 10800"], await bank.ColumnAsync<string>(ReadSql));
    }

    [Fact]
    [Trait("row", "A49")]
    public async Task Half_hours_stand_apart_and_a_batch_that_comes_again_changes_nothing()
    {
        await using var bank = await Bank.OpenAsync(servers);
        var caller = await bank.AddUserAsync(Usd.FromDollars(10));
        var hour = new DateTimeOffset(DateTimeOffset.UtcNow.UtcDateTime.Date, TimeSpan.Zero);
        var records = new[] { 0, 29, 30, 59, 60 }.Select(minute => bank.Request(caller, at: hour.AddMinutes(minute - 120)) with
        {
            Attempts = [new(1001, 200, AttemptFault.None, 12) { Outcome = Outcome.Completed, PriceVersion = bank.Price }],
        }).ToList();

        await bank.Ingest().IngestAsync(1, 1, Batches.Of(records));
        await bank.Ingest().IngestAsync(1, 1, Batches.Of(records));
        await bank.Ingest().IngestOutboxAsync([.. records.Select(Batches.Bytes)]);

        Assert.Equal(
            ["1001 2 0 0 0 0 0 0", "1001 2 0 0 0 0 0 0", "1001 1 0 0 0 0 0 0"], await bank.ColumnAsync<string>(ReadSql));
        Assert.Equal(
            [-120.0, -90.0, -60.0],
            (await bank.ColumnAsync<DateTime>("select starts_at from channel_health order by starts_at"))
                .Select(at => (at - hour.UtcDateTime).TotalMinutes));
    }
}
