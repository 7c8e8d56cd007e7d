using TokenHub.Core.Money;
using TokenHub.Core.Usage;
using TokenHub.Ledger.Draining;
using TokenHub.Ledger.Tests.Fixtures;

namespace TokenHub.Ledger.Tests.Draining;

[Trait("needs", "postgres")]
public sealed class PoisonTests(LedgerServers servers)
{
    public static TheoryData<string, string> Kinds => new()
    {
        { "unknown key", "unknown key 987654" },
        { "key of another", "is not of account" },
        { "unknown price", "unknown price 424242" },
        { "too dear", "cost" },
        { "too cheap", "cost" },
        { "refund that costs", "cost" },
        { "share", "owner share out of range" },
        { "future", "time too far ahead" },
        { "amount", "amount out of range" },
        { "unknown owner", "refused by the database: 23503" },
        { "free charge without price", "unknown price 0" },
        { "unreadable", "unreadable record" },
        { "empty", "unreadable record" },
    };

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task Poison_is_parked_with_its_reason_and_the_rest_flows(string kind, string reason)
    {
        await using var bank = await Bank.OpenAsync(servers);
        var caller = await bank.AddUserAsync(Usd.FromDollars(10));
        var other = await bank.AddUserAsync();
        var good = Enumerable.Range(0, 20).Select(_ => bank.Request(caller)).ToList();
        var batch = good.Select(Batches.Bytes).ToList();
        batch.Insert(7, Poison(kind, bank.Request(caller), other.Key));
        PostedBatch? told = null;
        var ingest = bank.Ingest(posted => told = posted);

        var receipt = await ingest.IngestAsync(1, 3, Batches.OfBytes(batch));
        var again = await ingest.IngestAsync(1, 3, Batches.OfBytes(batch));

        Assert.Equal((20, 0, 1), (receipt.Accepted, receipt.Repeated, receipt.Dead));
        Assert.Equal((0, 20, 1), (again.Accepted, again.Repeated, again.Dead));
        Assert.Contains(reason, Assert.Single(await bank.ColumnAsync<string>("select reason from settle_dead")));
        Assert.Equal(batch[7], await bank.ScalarAsync<byte[]>("select record from settle_dead"));
        Assert.Equal(21, await bank.ScalarAsync<long>("select acked_lsn from gateway_positions"));
        Assert.Equal(kind is "unreadable" or "empty" ? 20 : 21, told!.Requests.Count);
        await bank.AssertSoundAsync();
    }

    [Fact]
    public async Task Many_poisons_of_all_places_are_all_found()
    {
        await using var bank = await Bank.OpenAsync(servers);
        var caller = await bank.AddUserAsync(Usd.FromDollars(10));
        var records = Enumerable.Range(0, 100).Select(i => bank.Request(caller)).ToList();
        int[] places = [0, 1, 49, 50, 51, 98, 99];
        foreach (var place in places)
        {
            records[place] = records[place] with { OwnerAccount = 999_999, OwnerShareBp = 100 };
        }

        var receipt = await bank.Ingest().IngestAsync(1, 1, Batches.Of(records));

        Assert.Equal((93, 0, 7), (receipt.Accepted, receipt.Repeated, receipt.Dead));
        Assert.Equal(
            places.Select(place => place + 1L),
            await bank.ColumnAsync<long>("select lsn from settle_dead order by lsn"));
        await bank.AssertSoundAsync();
    }

    [Fact]
    public async Task Posted_id_that_comes_again_with_another_cost_is_an_alarm()
    {
        await using var bank = await Bank.OpenAsync(servers);
        var caller = await bank.AddUserAsync(Usd.FromDollars(10));
        var record = bank.Request(caller);
        var usage = record.Usage with { Output = 9_999 };
        var forged = record with { Usage = usage, Cost = TariffMath.Cost(bank.Tariff, usage) };
        var ingest = bank.Ingest();
        await ingest.IngestAsync(1, 1, Batches.Of(record));

        var receipt = await ingest.IngestAsync(1, 1, Batches.Of([forged, bank.Request(caller)], 2));

        Assert.Equal((1, 0, 1), (receipt.Accepted, receipt.Repeated, receipt.Dead));
        Assert.Contains(
            "posted with another account or cost", await bank.ScalarAsync<string>("select reason from settle_dead"));
        await bank.AssertSoundAsync();
    }

    [Fact]
    public async Task Nul_in_an_upstreams_id_does_not_make_a_request_free()
    {
        await using var bank = await Bank.OpenAsync(servers);
        var caller = await bank.AddUserAsync(Usd.FromDollars(10));
        var record = bank.Request(caller) with { UpstreamId = "a\0b", Model = "m\0" };

        var receipt = await bank.Ingest().IngestAsync(1, 1, Batches.Of(record));

        Assert.Equal((1, 0), (receipt.Accepted, receipt.Dead));
        Assert.Equal("a\uFFFDb", await bank.ScalarAsync<string>("select upstream_id from usage_events"));
    }

    private static byte[] Poison(string kind, UsageRecord record, long otherKey)
    {
        var bytes = Batches.Bytes(record);
        return kind switch
        {
            "unreadable" => bytes[..^1],
            "empty" => [],
            _ => Batches.Bytes(kind switch
            {
                "unknown key" => record with { Key = 987_654 },
                "key of another" => record with { Key = otherKey },
                "unknown price" => record with { PriceVersion = 424_242 },
                "too dear" => record with { Cost = record.Cost + new Usd(1) },
                "too cheap" => record with { Cost = record.Cost - new Usd(1) },
                "refund that costs" => record with { Outcome = Outcome.Empty },
                "share" => record with { OwnerShareBp = 5001 },
                "future" => record with { StartedMs = record.StartedMs + (long)TimeSpan.FromDays(9).TotalMilliseconds },
                "amount" => record with { Hold = new Usd(1L << 53) },
                "unknown owner" => record with { OwnerAccount = 999_999, OwnerShareBp = 100 },
                "free charge without price" => record with { PriceVersion = 0 },
                _ => throw new ArgumentOutOfRangeException(nameof(kind)),
            }),
        };
    }
}
