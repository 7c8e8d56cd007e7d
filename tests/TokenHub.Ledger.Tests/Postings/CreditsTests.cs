using TokenHub.Core.Money;
using TokenHub.Ledger.Postings;
using TokenHub.Ledger.Tests.Fixtures;

namespace TokenHub.Ledger.Tests.Postings;

[Trait("needs", "postgres, redis")]
public sealed class CreditsTests(LedgerServers servers)
{
    [Fact]
    public async Task Credit_moves_from_issuance_to_the_user_and_to_redis()
    {
        await using var desk = await Desk.OpenAsync(servers);
        var caller = await desk.Bank.AddUserAsync();
        await desk.HydrateAsync(caller);

        var result = await Of(desk).CreditAsync(caller.User, new Usd(1), "a gift", 1001);

        Assert.Equal((CreditOutcome.Posted, new Usd(1), 1L), (result.Outcome, result.Balance, result.Version));
        Assert.Equal(("credit", new Usd(1), "a gift", 1001L), (
            result.Posting!.Kind, result.Posting.Amount, result.Posting.Reason, result.Posting.CreatedBy!.Value));
        Assert.Equal(new Usd(-1), await desk.Bank.BalanceAsync(LedgerAccounts.Issuance));
        await desk.AssertSettledAsync(caller.User);
        await desk.Bank.AssertSoundAsync();
    }

    [Theory]
    [InlineData(-1_000_000_000, CreditOutcome.Posted)]
    [InlineData(-1_000_000_001, CreditOutcome.InsufficientFunds)]
    [InlineData(0, CreditOutcome.AmountOutOfRange)]
    [InlineData(Usd.ScriptUnitsMax, CreditOutcome.AmountOutOfRange)]
    [InlineData(Usd.ScriptUnitsMax - 1_000_000_000, CreditOutcome.Posted)]
    [InlineData(long.MaxValue, CreditOutcome.AmountOutOfRange)]
    [InlineData(long.MinValue, CreditOutcome.AmountOutOfRange)]
    public async Task Amounts_stay_within_what_a_wallet_holds(long units, CreditOutcome expected)
    {
        await using var bank = await Bank.OpenAsync(servers);
        var caller = await bank.AddUserAsync(Usd.FromDollars(10));

        var result = await new Credits(bank.Database).CreditAsync(caller.User, new Usd(units), "", null);

        Assert.Equal(expected, result.Outcome);
        Assert.Equal(await bank.BalanceAsync(caller.User), result.Balance);
        await bank.AssertSoundAsync();
    }

    [Fact]
    public async Task Debit_leaves_what_is_held_and_what_is_charged()
    {
        await using var desk = await Desk.OpenAsync(servers);
        var caller = await desk.Bank.AddUserAsync(Usd.FromDollars(10));
        await desk.HydrateAsync(caller);
        await desk.HoldAsync(desk.Bank.Request(caller));
        var charged = desk.Bank.Request(caller);
        await desk.SettleAsync(charged);
        var free = Usd.FromDollars(9) - charged.Cost;

        Assert.Equal(
            CreditOutcome.InsufficientFunds,
            (await Of(desk).CreditAsync(caller.User, -(free + new Usd(1)), "", null)).Outcome);
        Assert.Equal(CreditOutcome.Posted, (await Of(desk).CreditAsync(caller.User, -free, "", null)).Outcome);
        Assert.Equal(Usd.Zero, (await desk.StateAsync(caller.User)).Available);
    }

    [Fact]
    public async Task Many_at_once_add_up_and_never_go_below_zero()
    {
        await using var bank = await Bank.OpenAsync(servers);
        var caller = await bank.AddUserAsync(Usd.FromDollars(5));
        var credits = new Credits(bank.Database);

        var results = await Task.WhenAll(Enumerable.Range(0, 40).Select(i =>
            credits.CreditAsync(caller.User, i % 4 == 0 ? Usd.FromDollars(1) : -Usd.FromDollars(1), "", null)));

        var posted = results.Where(r => r.Outcome == CreditOutcome.Posted).ToList();
        Assert.Equal(
            posted.Aggregate(Usd.FromDollars(5), (sum, r) => sum + r.Posting!.Amount),
            await bank.BalanceAsync(caller.User));
        Assert.All(posted, r => Assert.True(r.Balance >= Usd.Zero));
        await bank.AssertSoundAsync();
    }

    [Fact]
    public async Task Nobody_and_the_houses_own_accounts_get_no_credit()
    {
        await using var bank = await Bank.OpenAsync(servers);
        var credits = new Credits(bank.Database);

        foreach (var account in new[] { 0, LedgerAccounts.Platform, LedgerAccounts.Issuance, 424_242 })
        {
            Assert.Equal(
                CreditOutcome.UnknownUser,
                (await credits.CreditAsync(account, Usd.FromDollars(1), "", null)).Outcome);
        }
    }

    [Fact]
    public async Task Postings_are_read_in_pages_newest_first()
    {
        await using var bank = await Bank.OpenAsync(servers);
        var caller = await bank.AddUserAsync(Usd.FromDollars(10));
        var owner = await bank.AddUserAsync();
        await bank.Ingest().IngestAsync(1, 1, Batches.Of(
            Enumerable.Range(0, 5).Select(_ => bank.Request(caller, owner: owner.User, shareBp: 1000))));
        var reads = new PostingReads(bank.Database);

        var pages = new List<Posting>();
        long? before = null;
        IReadOnlyList<Posting> page;
        while ((page = await reads.PageAsync(caller.User, 4, before)).Count > 0)
        {
            pages.AddRange(page);
            before = page[^1].Id;
        }

        Assert.Equal(11, pages.Count);
        Assert.Equal(pages.OrderByDescending(p => p.Id), pages);
        Assert.Equal(
            await bank.BalanceAsync(caller.User), pages.Aggregate(Usd.Zero, (sum, posting) => sum + posting.Amount));
        Assert.All(
            await reads.PageAsync(owner.User, 50), p => Assert.True(p.Amount > Usd.Zero && p.RequestId is not null));
        Assert.Equal(11, (await reads.PageAsync(null, 50)).Count);
        Assert.Single(await reads.PageAsync(caller.User, 50, kind: "credit"));
    }

    private static Credits Of(Desk desk) =>
        new(desk.Bank.Database, desk.Balances.TellAsync, desk.Balances.ReadCommittedAsync);
}
