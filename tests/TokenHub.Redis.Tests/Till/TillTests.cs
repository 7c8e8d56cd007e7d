using TokenHub.Core.Money;
using TokenHub.Core.Requests;
using TokenHub.Redis.Tests.Servers;

namespace TokenHub.Redis.Tests.Till;

public sealed class TillTests(Backends backends)
{
    private static readonly RequestIdSource Ids = new(7, 77);
    private static CancellationToken None => CancellationToken.None;

    [Theory]
    [OnEachBackend]
    public async Task Hold_is_taken_and_settled_and_acknowledged(Backend backend)
    {
        var till = backends.Till(backend);
        var account = Backends.NextAccount();
        var rid = Ids.Next(1_790_000_000_000);
        Assert.Equal(TillCode.Ok, await till.HydrateAsync(account, new Usd(1000), 3, true, 50, 9, Usd.Zero, 0, None));

        var reserved = await till.ReserveAsync(Request(rid, account, 400), None);
        var repeated = await till.ReserveAsync(Request(rid, account, 400), None);
        var extended = await till.ExtendAsync(rid, account, 9, new Usd(100), null, 60_000, None);
        var again = await till.ReserveAsync(Request(rid, account, 400), None);
        var settled = await till.SettleAsync(rid, account, 9, new Usd(450), new byte[] { 0, 255, 10, 13, 124 }, None);
        var late = await till.ReserveAsync(Request(rid, account, 400), None);
        var before = await till.ReadAccountAsync(account, None);
        var dropped = await till.AckAsync(account, new Usd(550), 4, 9, new Usd(450), 1, [rid], None);
        var after = await till.ReadAccountAsync(account, None);

        Assert.Equal(new HoldReply(TillCode.Ok, new Usd(600), 0), reserved);
        Assert.Equal(new HoldReply(TillCode.Repeated, new Usd(600), 0), repeated);
        Assert.Equal(new HoldReply(TillCode.Ok, new Usd(500), 0), extended);
        Assert.Equal(TillCode.Repeated, again.Code);
        Assert.Equal(new HoldReply(TillCode.Ok, new Usd(550), 0), settled);
        Assert.Equal(TillCode.AlreadySettled, late.Code);
        Assert.Equal(new AccountState(new Usd(1000), 3, Usd.Zero, new Usd(450), 0), before);
        Assert.Equal(1, dropped);
        Assert.Equal(new AccountState(new Usd(550), 4, Usd.Zero, Usd.Zero, 0), after);
    }

    [Theory]
    [OnEachBackend]
    public async Task Limits_that_are_null_do_not_limit_and_those_that_are_given_do(Backend backend)
    {
        var till = backends.Till(backend);
        var account = Backends.NextAccount();
        await till.HydrateAsync(account, new Usd(1000), 3, true, 50, 9, new Usd(20), 1, None);
        var request = Request(Ids.Next(0), account, 10);

        var capped = await till.ReserveAsync(request with { KeyCap = new Usd(29) }, None);
        var crowded = await till.ReserveAsync(request with { KeyMaxConcurrency = 0 }, None);
        var slow = await till.ReserveAsync(request with { Rpm = 0 }, None);
        var wordy = await till.ReserveAsync(request with { Tpm = 99 }, None);
        var taken = await till.ReserveAsync(
            request with { KeyCap = new Usd(30), KeyMaxConcurrency = 1, Rpm = 1, Tpm = 100 }, None);

        Assert.Equal(new HoldReply(TillCode.KeyCap, new Usd(9), 0), capped);
        Assert.Equal(TillCode.Concurrency, crowded.Code);
        Assert.Equal(new HoldReply(TillCode.Rate, Usd.Zero, 60_000), slow with { Rates = default });
        Assert.Equal(new HoldReply(TillCode.Rate, Usd.Zero, 60_000), wordy with { Rates = default });
        Assert.Equal(new HoldReply(TillCode.Ok, new Usd(990), 0), taken with { Rates = default });
    }

    [Theory]
    [OnEachBackend]
    public async Task Amounts_that_no_script_may_see_are_refused(Backend backend)
    {
        var till = backends.Till(backend);
        var account = Backends.NextAccount();
        await till.HydrateAsync(account, new Usd(1000), 3, true, 50, 9, Usd.Zero, 0, None);

        Assert.Equal(TillCode.BadArgument, (await till.ReserveAsync(Request(Ids.Next(0), account, -1), None)).Code);
        Assert.Equal(
            TillCode.BadArgument,
            (await till.ReserveAsync(Request(Ids.Next(0), account, Usd.ScriptUnitsMax + 1), None)).Code);
        Assert.Equal(
            TillCode.BadArgument,
            (await till.SettleAsync(Ids.Next(0), account, 9, new Usd(long.MinValue), default, None)).Code);
    }

    [Theory]
    [OnEachBackend]
    public async Task Due_holds_and_waiting_charges_are_listed_in_full(Backend backend)
    {
        var till = backends.Till(backend);
        var account = Backends.NextAccount();
        var shard = Shards.Of(account);
        var (held, settled) = (Ids.Next(1), Ids.Next(2));
        await till.HydrateAsync(account, new Usd(1000), 3, true, 50, 9, Usd.Zero, 0, None);
        await till.ReserveAsync(Request(held, account, 10) with { TtlMs = 0 }, None);
        await till.SettleAsync(settled, account, 9, new Usd(30), new byte[] { 124, 0, 255 }, None);

        var due = (await till.ReapAsync(shard, 1000, None)).Single(hold => hold.Account == account);
        var waiting = (await till.OutboxAsync(shard, 0, 1000, None)).Single(charge => charge.Account == account);

        Assert.Equal(new DueHold(held, account, 9, 7, 77, due.DeadlineMs), due);
        Assert.InRange(due.DeadlineMs, 1, DateTimeOffset.UtcNow.ToUnixTimeMilliseconds() + 1000);
        Assert.Equal((settled, 9L, new Usd(30)), (waiting.Rid, waiting.Key, waiting.Cost));
        Assert.Equal(new byte[] { 124, 0, 255 }, waiting.Payload);
        Assert.Empty(await till.OutboxAsync(shard, 3_600_000, 1000, None));
        Assert.Empty(await till.ReapAsync(shard, 0, None));
    }

    [Theory]
    [OnEachBackend]
    public async Task Holds_of_several_keys_are_put_back_and_many_charges_acknowledged(Backend backend)
    {
        var till = backends.Till(backend);
        var account = Backends.NextAccount();
        await till.HydrateAsync(account, new Usd(1000), 3, true, 500, 9, Usd.Zero, 0, None);
        var holds = Enumerable.Range(0, 300)
            .Select(i => new Rehold(Ids.Next(i), i % 3 == 0 ? 9 : 10, new Usd(2), 60_000, 7, 77)).ToArray();

        Assert.Equal(300, await till.ReholdAsync(account, holds, None));
        Assert.Equal(0, await till.ReholdAsync(account, holds, None));
        Assert.Equal(new Usd(600), (await till.ReadAccountAsync(account, None))!.Held);
        var ofKey = holds.Where(hold => hold.Key == 10).Select(hold => hold.Rid).ToArray();
        Assert.Equal(200, await till.AckAsync(account, new Usd(900), 4, 10, new Usd(100), 1, ofKey, None));
        Assert.Equal(0, await till.AckAsync(account, new Usd(900), 4, 10, new Usd(100), 1, [], None));
        var after = await till.ReadAccountAsync(account, None);
        Assert.Equal(new AccountState(new Usd(900), 4, new Usd(200), Usd.Zero, 100), after);
    }

    [Theory]
    [OnEachBackend]
    public async Task Account_that_is_not_there_is_null_and_refused(Backend backend)
    {
        var till = backends.Till(backend);
        var account = Backends.NextAccount();

        Assert.Null(await till.ReadAccountAsync(account, None));
        Assert.Equal(TillCode.NotHydrated, (await till.ReserveAsync(Request(Ids.Next(0), account, 1), None)).Code);
        Assert.Equal(TillCode.NotHydrated, await till.SetBalanceAsync(account, new Usd(1), 1, true, 1, None));
        var extended = await till.ExtendAsync(Ids.Next(0), account, 9, new Usd(1), null, 1, None);
        Assert.Equal(TillCode.NoHold, extended.Code);
        Assert.Equal(TillCode.Repeated, await till.ReleaseAsync(Ids.Next(0), account, 9, None));
    }

    private static HoldRequest Request(RequestId rid, long account, long units) =>
        new(rid, account, 9, new Usd(units), 60_000, 7, 77, null, 50, null, null, null, 100);
}
