using TokenHub.Core.Money;
using TokenHub.Core.Requests;
using TokenHub.Core.Usage;
using TokenHub.Ledger.Draining;
using TokenHub.Ledger.Migrations;
using TokenHub.Ledger.Tests.Fixtures;
using TokenHub.TestKit.Servers;

namespace TokenHub.Ledger.Tests.Draining;

[Trait("needs", "postgres")]
public sealed class CrashTests(LedgerServers servers)
{
    private const int Seed = 7;

    [Fact]
    public async Task Ingesters_at_once_with_the_same_records_post_each_once()
    {
        await using var bank = await Bank.OpenAsync(servers);
        var people = await PeopleAsync(bank, 8);
        var random = new Random(Seed);
        var records = Enumerable.Range(0, 1200).Select(_ => RandomRequest(bank, people, random)).ToList();
        var days = records.Select((record, i) => i % 50 == 0
            ? bank.Request(people[0], at: DateTimeOffset.UtcNow.AddDays(-(i / 50) - 1)) : record).ToList();

        // Each has its own caches, as in processes of their own, and meets accounts and days in another order.
        await Task.WhenAll(Enumerable.Range(0, 4).Select(worker => Task.Run(async () =>
        {
            var ingest = bank.Ingest();
            var order = days.OrderBy(r => HashCode.Combine(r.RequestId, worker)).Chunk(100);
            foreach (var batch in order)
            {
                await RetryAsync(() => ingest.IngestAsync(1, 1, Batches.Of(batch)));
            }
        })));

        await AssertExactAsync(bank, days);
    }

    [Fact]
    public Task Postgres_killed_in_mid_batch_counts_each_request_once() => KillAsync(6_000, killsMin: 3, killsMax: 5);

    /// <summary>The long run: <c>-explicit only</c>.</summary>
    [Fact(Explicit = true)]
    public Task Postgres_killed_two_hundred_times_counts_each_request_once() =>
        KillAsync(400_000, killsMin: 200, killsMax: 200);

    private static async Task KillAsync(int count, int killsMin, int killsMax)
    {
        await using var postgres = await PostgresServer.StartAsync();
        await using var database = LedgerDatabase.Open(
            postgres.ConnectionString(await postgres.CreateDatabaseAsync()) + ";Timeout=5;Command Timeout=10");
        await new Migrator(database).MigrateAsync();
        await using var bank = await new Bank(database).FoundAsync();
        var people = await PeopleAsync(bank, 6);
        var random = new Random(Seed);
        var records = Enumerable.Range(0, count).Select(_ => RandomRequest(bank, people, random)).ToList();

        var posted = 0;
        var kills = 0;
        var shipping = Task.WhenAll(records.Chunk(count / 2).Select(half => Task.Run(async () =>
        {
            var ingest = bank.Ingest();
            foreach (var batch in half.Chunk(100).TakeWhile(_ => Volatile.Read(ref kills) < killsMax))
            {
                // A third of the batches is sent again although the answer came.
                for (var times = batch[0].RequestId.Low % 3 == 0 ? 2 : 1; times > 0; times--)
                {
                    await RetryAsync(() => ingest.IngestAsync(1, 1, Batches.Of(batch)));
                }

                Interlocked.Add(ref posted, batch.Length);
            }
        })));
        while (!shipping.IsCompleted && kills < killsMax)
        {
            await Task.Delay(random.Next(30, 200));
            await postgres.RestartAsync();
            Interlocked.Increment(ref kills);
        }

        await shipping;

        // Connections that were idle during the last kill are dead and do not know it.
        bank.Database.Clear();
        Assert.True(kills >= killsMin, $"only {kills} kills");
        var rids = await bank.ColumnAsync<Guid>("select rid from usage_events");
        var known = rids.Select(RequestId.FromGuid).ToHashSet();
        Assert.Equal(posted, rids.Count);
        await AssertExactAsync(bank, records.FindAll(record => known.Contains(record.RequestId)));
        TestContext.Current.TestOutputHelper!.WriteLine($"{kills} kills, {posted} requests, each counted once");
    }

    private static async Task AssertExactAsync(Bank bank, List<UsageRecord> records)
    {
        Assert.Equal(records.Count, await bank.ScalarAsync<long>("select count(*) from usage_events"));
        Assert.Equal(
            records.Aggregate(Usd.Zero, (sum, record) => sum + record.Cost).Units,
            await bank.ScalarAsync<long>("select sum(cost_units)::bigint from usage_events"));
        Assert.Equal(0, await bank.ScalarAsync<long>("select count(*) from settle_dead"));
        await bank.AssertSoundAsync();
    }

    // What a gateway does with a 503.
    private static async Task RetryAsync(Func<Task> call)
    {
        var deadline = DateTime.UtcNow.AddSeconds(60);
        while (true)
        {
            try
            {
                await call();
                return;
            }
            catch (LedgerBusyException) when (DateTime.UtcNow < deadline)
            {
                await Task.Delay(20);
            }
        }
    }

    private static UsageRecord RandomRequest(Bank bank, List<(long User, long Key)> people, Random random) =>
        bank.Request(
            people[random.Next(people.Count)],
            random.NextInt64(1, 5000),
            random.NextInt64(0, 2000),
            random.Next(2) == 0 ? 0 : people[random.Next(people.Count)].User,
            random.Next(0, 5001),
            random.Next(8) == 0 ? Outcome.Empty : Outcome.Completed);

    private static async Task<List<(long User, long Key)>> PeopleAsync(Bank bank, int count)
    {
        var people = new List<(long User, long Key)>();
        for (var i = 0; i < count; i++)
        {
            people.Add(await bank.AddUserAsync(Usd.FromDollars(1000)));
        }

        return people;
    }
}
