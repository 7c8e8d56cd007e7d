using TokenHub.Core.Money;
using TokenHub.Core.Requests;
using TokenHub.Core.Usage;
using TokenHub.Ledger.Requests;
using TokenHub.Ledger.Tests.Fixtures;

namespace TokenHub.Ledger.Tests.Requests;

[Trait("needs", "postgres")]
public sealed class RequestReadsTests(LedgerServers servers)
{
    [Fact]
    public async Task Pages_go_back_in_time_over_days()
    {
        await using var bank = await Bank.OpenAsync(servers);
        var caller = await bank.AddUserAsync(Usd.FromDollars(10));
        var other = await bank.AddUserAsync(Usd.FromDollars(10));
        var start = new DateTimeOffset(2026, 1, 1, 12, 0, 0, TimeSpan.Zero);
        var records = Enumerable.Range(0, 30)
            .Select(i => bank.Request(i % 3 == 0 ? other : caller, at: start.AddHours(i * 5),
                outcome: i % 7 == 0 ? Outcome.Empty : Outcome.Completed))
            .ToList();
        await bank.Ingest().IngestAsync(1, 1, Batches.Of(records.OrderBy(r => r.Cost)));
        var reads = new RequestReads(bank.Database);

        var mine = await AllAsync(reads, new RequestFilter { Account = caller.User });
        var all = await AllAsync(reads, new RequestFilter());

        Assert.Equal(Ids(records.Where(r => r.Account == caller.User)), mine);
        Assert.Equal(Ids(records), all);
        Assert.Equal(
            Ids(records.Where(r => r.Cost == Usd.Zero)),
            await AllAsync(reads, new RequestFilter { Charged = false }));
        Assert.Equal(
            Ids(records.Where(r => r.Key == other.Key)), await AllAsync(reads, new RequestFilter { Key = other.Key }));
        Assert.Empty(await AllAsync(reads, new RequestFilter { Account = caller.User, Model = "other" }));
        Assert.Empty(await AllAsync(reads, new RequestFilter { Channel = 7 }));
    }

    [Fact]
    public async Task Detail_shows_hold_settle_attempts_and_a_formula_that_comes_to_the_cost()
    {
        await using var bank = await Bank.OpenAsync(servers);
        var caller = await bank.AddUserAsync(Usd.FromDollars(10));
        var owner = await bank.AddUserAsync();
        var record = bank.Request(caller, 1_001, 333, owner.User, 3_333) with
        {
            Attempts = [new(1001, 500, AttemptFault.UpstreamStatus, 80), new(1002, 200, AttemptFault.None, 20)],
        };
        await bank.Ingest().IngestAsync(1, 1, Batches.Of(record));

        var detail = await new RequestReads(bank.Database).FindAsync(record.RequestId, caller.User);

        Assert.Equal(["hold", "settle"], detail!.Stages.Select(stage => stage.Name));
        Assert.Equal([record.Hold, record.Cost], detail.Stages.Select(stage => stage.Amount));
        Assert.Equal(["input", "cache_read", "output"], detail.Classes.Select(part => part.Name));
        Assert.Equal(bank.Tariff, detail.Tariff);
        Assert.Equal(record.Usage, detail.Usage);
        Assert.Equal([AttemptFault.UpstreamStatus, AttemptFault.None], detail.Attempts.Select(a => a.Fault));
        Assert.Equal(record.Cost, detail.OwnerPart + detail.PlatformPart);
        Assert.Equal(record.Cost, Arithmetic.Recompute(detail.Formula));
    }

    [Theory]
    [InlineData(1, 0, "(1 * 2.50000000) / 1000000 = 0.00000250")]
    [InlineData(0, 7, "(7 * 10.00000000) / 1000000 = 0.00007000")]
    [InlineData(0, 0, "0 = 0.00000000")]
    public async Task Formula_reads_as_arithmetic(long input, long output, string formula)
    {
        await using var bank = await Bank.OpenAsync(servers);
        var caller = await bank.AddUserAsync(Usd.FromDollars(10));
        var record = bank.Request(caller, input, output);
        await bank.Ingest().IngestAsync(1, 1, Batches.Of(record));

        Assert.Equal(formula, (await new RequestReads(bank.Database).FindAsync(record.RequestId, null))!.Formula);
    }

    [Fact]
    public async Task Refund_shows_that_the_hold_went_back()
    {
        await using var bank = await Bank.OpenAsync(servers);
        var caller = await bank.AddUserAsync(Usd.FromDollars(10));
        var record = bank.Request(caller, outcome: Outcome.UpstreamErrorBeforeContent);
        await bank.Ingest().IngestAsync(1, 1, Batches.Of(record));

        var detail = (await new RequestReads(bank.Database).FindAsync(record.RequestId, caller.User))!;

        Assert.Equal([("hold", record.Hold), ("refund", record.Hold)], detail.Stages.Select(s => (s.Name, s.Amount)));
        Assert.Equal("0 = 0.00000000", detail.Formula);
    }

    [Fact]
    public async Task Request_of_another_is_not_found()
    {
        await using var bank = await Bank.OpenAsync(servers);
        var caller = await bank.AddUserAsync(Usd.FromDollars(10));
        var record = bank.Request(caller);
        await bank.Ingest().IngestAsync(1, 1, Batches.Of(record));
        var reads = new RequestReads(bank.Database);

        Assert.Null(await reads.FindAsync(record.RequestId, caller.User + 1));
        Assert.Null(await reads.FindAsync(new RequestId(1, 1), null));
    }

    [Fact]
    public void Least_charge_is_written_as_such()
    {
        var tariff = new Tariff(1, 10, 10, 10, 10, 10);
        var usage = new TokenUsage { Input = 3 };
        var cost = TariffMath.Cost(tariff, usage);

        Assert.Equal(
            "max((3 * 0.00000010) / 1000000, 0.00000001) = 0.00000001",
            ChargeFormula.Text(ChargeFormula.Classes(tariff, usage), default, cost, Outcome.Completed));
    }

    private static IEnumerable<string> Ids(IEnumerable<UsageRecord> records) =>
        records.Select(r => r.RequestId).OrderDescending().Select(id => id.ToString());

    private static async Task<List<string>> AllAsync(RequestReads reads, RequestFilter filter)
    {
        var ids = new List<string>();
        while (true)
        {
            var page = await reads.PageAsync(filter, 4);
            if (page.Count == 0)
            {
                return ids;
            }

            ids.AddRange(page.Select(request => request.RequestId));
            Assert.True(RequestId.TryParse(ids[^1], out var last));
            filter = filter with { Before = last };
        }
    }
}
