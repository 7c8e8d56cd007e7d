using System.Diagnostics;
using TokenHub.Core.Money;
using TokenHub.Core.Usage;
using TokenHub.Ledger.Tests.Fixtures;

namespace TokenHub.Ledger.Tests.Draining;

/// <summary>A measurement, run on request only: <c>-explicit only</c>.</summary>
[Trait("needs", "postgres")]
public sealed class IngestRateTests(LedgerServers servers)
{
    private const int BatchCount = 60;

    [Theory(Explicit = true)]
    [InlineData(1, 1)]
    [InlineData(1, 100)]
    [InlineData(2, 100)]
    [InlineData(4, 100)]
    public async Task Batches_of_five_hundred(int ingesters, int accounts)
    {
        await using var bank = await Bank.OpenAsync(servers);
        var people = new List<(long User, long Key)>();
        for (var i = 0; i < accounts; i++)
        {
            people.Add(await bank.AddUserAsync(Usd.FromDollars(1000)));
        }

        var all = new List<byte[]>();
        for (var b = 0; b < BatchCount; b++)
        {
            var records = Enumerable.Range(0, UsageBatch.RecordsMax).Select(i => bank.Request(
                people[i % accounts], owner: i % 3 == 0 ? people[^1].User : 0, shareBp: 1000));
            all.Add(Batches.Of(records, (b * UsageBatch.RecordsMax) + 1));
        }

        var ingest = bank.Ingest();
        await ingest.IngestAsync(1, 1, all[0]);
        var next = 0;
        var clock = Stopwatch.StartNew();
        await Task.WhenAll(Enumerable.Range(0, ingesters).Select(_ => Task.Run(async () =>
        {
            int mine;
            while ((mine = Interlocked.Increment(ref next)) < all.Count)
            {
                await ingest.IngestAsync(1, 1, all[mine]);
            }
        })));
        var perSecond = (BatchCount - 1) * UsageBatch.RecordsMax / clock.Elapsed.TotalSeconds;
        TestContext.Current.TestOutputHelper!.WriteLine(
            $"{ingesters} ingesters, {accounts} accounts: {perSecond:0} records/s");
        await bank.AssertSoundAsync();
    }
}
