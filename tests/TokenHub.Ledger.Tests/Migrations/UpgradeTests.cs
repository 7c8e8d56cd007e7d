using TokenHub.Core.Money;
using TokenHub.Core.Usage;
using TokenHub.Ledger.Migrations;
using TokenHub.Ledger.Requests;
using TokenHub.Ledger.Tests.Fixtures;

namespace TokenHub.Ledger.Tests.Migrations;

/// <summary>A ledger of the release before, with money in it, under this build.</summary>
[Trait("needs", "postgres")]
public sealed class UpgradeTests(LedgerServers servers)
{
    private const int LastOfBefore = 13;

    [Fact]
    public async Task Old_rows_stay_readable_and_sound_and_new_ones_come_beside_them()
    {
        await using var bank = new Bank(LedgerDatabase.Open(
            servers.Postgres.ConnectionString(await servers.Postgres.CreateDatabaseAsync())));
        await new Migrator(
            bank.Database, [.. Migration.Embedded.Where(m => m.Number <= LastOfBefore)]).MigrateAsync();
        await bank.FoundAsync();
        var caller = await bank.AddUserAsync(Usd.FromDollars(10));
        var old = bank.Request(caller);
        await PostAsBeforeAsync(bank, old);

        await new Migrator(bank.Database).MigrateAsync();
        await bank.Ingest().IngestAsync(1, 1, Batches.Of(old, bank.Request(caller)));

        await bank.AssertSoundAsync();
        Assert.Equal(2, await bank.ScalarAsync<long>("select count(*) from usage_events"));
        var reads = new RequestReads(bank.Database);
        var attempt = Assert.Single((await reads.FindAsync(old.RequestId, null))!.Attempts);
        Assert.Equal((1001, AttemptFault.UpstreamStatus, 80), (attempt.Channel, attempt.Fault, attempt.ElapsedMs));
        Assert.All(await reads.PageAsync(new RequestFilter(), 10), request => Assert.Equal(1, request.AttemptCount));
    }

    private static async Task PostAsBeforeAsync(Bank bank, UsageRecord r)
    {
        await bank.ExecuteAsync("select ensure_usage_day(@day::date)", new { day = DateTime.UtcNow.Date });
        await bank.ExecuteAsync(
            """
            select ingest_usage(null, null, array[@rid], array[1], array[@Account], array[@Key], array[@Channel],
              array[0::bigint], array[0], array[@PriceVersion], array['m'], array[1::smallint], array[1::smallint],
              array[true], array[false], array[200], array[now()], array[1], array[2], array[0::bigint],
              array[@cost], array[0::bigint], array[@Input], array[@CacheRead], array[0::bigint], array[0::bigint],
              array[0::bigint], array[@Output], array[0::bigint], array[0::bigint], array['u'],
              array['[{"channel":1001,"status":503,"fault":5,"elapsed_ms":80}]'])
            """,
            new
            {
                rid = r.RequestId.ToGuid(), r.Account, r.Key, r.Channel, r.PriceVersion, cost = r.Cost.Units,
                r.Usage.Input, r.Usage.CacheRead, r.Usage.Output,
            });
    }
}
