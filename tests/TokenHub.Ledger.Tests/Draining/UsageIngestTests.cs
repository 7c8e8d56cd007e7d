using TokenHub.Core.Money;
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
        Assert.Equal(new AccountStand(caller.User, await bank.BalanceAsync(caller.User), 4, true, 50), stand);
        Assert.Equal(new KeyStand(caller.Key, first.Cost + second.Cost, 2), Assert.Single(told.Keys));
        Assert.Equal(2, told.Requests.Count);
    }
}
