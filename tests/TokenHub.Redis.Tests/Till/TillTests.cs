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

    private static HoldRequest Request(RequestId rid, long account, long units) =>
        new(rid, account, 9, new Usd(units), 60_000, 7, 77, null, 50, null, null, null, 100);
}
