using TokenHub.Core.Money;
using TokenHub.Core.Quota;
using TokenHub.Core.Requests;
using TokenHub.Core.Snapshots;
using TokenHub.Redis.Channels;

namespace TokenHub.Redis.Tests.Cluster;

/// <summary>An account's whole life in the till: every script is called, and every answer is the right one.</summary>
internal static class Lives
{
    private static readonly RequestIdSource Ids = new(1, 1);
    private static CancellationToken None => CancellationToken.None;

    public static RequestId NextId() => Ids.Next(0);

    public static HoldRequest Request(RequestId rid, long account) =>
        new(rid, account, 9, new Usd(10), 0, 1, 1, new Usd(1_000_000), 1_000_000, 1_000_000, null, null, 10);

    public static async Task LiveAsync(Redis.Till till, long account)
    {
        var shard = Shards.Of(account);
        var (first, second, third) = (Ids.Next(0), Ids.Next(0), Ids.Next(0));
        var request = new HoldRequest(
            first, account, 9, new Usd(10), 0, 1, 1, new Usd(1000), 50, 10, 100, 100_000, 10);
        Assert.Equal(
            1, await till.ReholdAsync(account, [new Rehold(second, 9, new Usd(5), 60_000, 1, 1)], None));
        await till.BuildShardAsync(shard, 1, None);
        Assert.Equal(TillCode.Ok, await till.HydrateAsync(account, new Usd(900), 1, true, 50, 9, Usd.Zero, 1, None));
        Assert.Equal(TillCode.Ok, await till.SetBalanceAsync(account, new Usd(1000), 2, true, 50, None));
        Assert.Equal(TillCode.Ok, (await till.ReserveAsync(request, None)).Code);
        Assert.Equal(TillCode.Ok, (await till.ReserveAsync(request with { Rid = third }, None)).Code);
        Assert.Equal(TillCode.Ok, (await till.ExtendAsync(first, account, 9, new Usd(1), null, 0, None)).Code);
        Assert.Contains(await till.ReapAsync(shard, 1000, None), due => due.Rid == first);
        Assert.Equal(TillCode.Ok, (await till.SettleAsync(first, account, 9, new Usd(7), default, None)).Code);
        Assert.Equal(TillCode.Ok, await till.ReleaseAsync(third, account, 9, None));
        Assert.Contains(await till.OutboxAsync(shard, 0, 1000, None), entry => entry.Rid == first);
        Assert.Equal(2, await till.AckAsync(account, new Usd(993), 3, 9, new Usd(7), 2, [first, second], None));
        Assert.Equal(
            new AccountState(new Usd(993), 3, Usd.Zero, Usd.Zero, 0), await till.ReadAccountAsync(account, None));
    }

    /// <summary>A place at a channel, from the first count of its window to the last unit used.</summary>
    public static async Task SitAsync(ChannelSeats seats, long channel)
    {
        WindowClaim[] Window(long amount) =>
            [new("00000000000000aa", QuotaKind.Tokens, amount, new QuotaPeriod(1, 4_000_000_000_000))];
        var rid = Ids.Next(1_790_000_000_000);
        Assert.Equal(SeatCode.Ok, (await seats.RecountAsync(channel, 1, Window(7), None)).Code);
        var taken = await seats.EnterAsync(
            new SeatRequest(channel, 1, rid, 1, 1, 1, 15_000, 5, 60, 6_000, 100, Usd.Zero), Window(500), None);
        Assert.Equal((SeatCode.Ok, 7, 100), (taken.Code, taken.Used, taken.Held));
        var fences = new long[1];
        var held = new HeldSeat(rid, 1, taken.Fence, 100, Usd.Zero);
        var kept = await seats.RenewAsync(channel, 1, 1, 1, 15_000, Window(500), [held], fences, None);
        Assert.Equal((SeatCode.Ok, taken.Fence), (kept.Code, fences[0]));
        var left = await seats.LeaveAsync(
            new SeatReturn(channel, 1, rid, 1, taken.Fence, 6_000, 80, Usd.Zero), Window(500), None);
        Assert.Equal((SeatCode.Ok, 87, 0), (left.Code, left.Used, left.Held));
    }

    /// <summary>A request of a group with rates.</summary>
    public static async Task FlowAsync(GroupRates groups, string group)
    {
        var rid = Ids.Next(1_790_000_000_000);
        Assert.Equal(TillCode.Ok, (await groups.TakeAsync(group, rid, 2, 1_000, 900, None)).Code);
        Assert.Equal(TillCode.Repeated, (await groups.TakeAsync(group, rid, 2, 1_000, 900, None)).Code);
        Assert.Equal(TillCode.Rate, (await groups.TakeAsync(group, Ids.Next(0), 2, 1_000, 900, None)).Code);
        Assert.Equal(TillCode.Ok, await groups.PutRightAsync(group, rid, counts: true, 100, None));
        Assert.Equal(TillCode.Ok, (await groups.TakeAsync(group, Ids.Next(0), 2, 1_000, 800, None)).Code);
    }
}
