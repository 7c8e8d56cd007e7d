using System.Diagnostics;
using TokenHub.Core.Money;
using TokenHub.Core.Requests;
using TokenHub.Redis.Tests.Servers;
using TokenHub.TestKit;
using TokenHub.TestKit.Servers;

namespace TokenHub.Redis.Tests;

/// <summary>
/// Between the client and a real server nothing passes one way, the other, or both: every call ends in time, and what
/// arrives late does no harm.
/// </summary>
public sealed class PartitionTests
{
    private const long Account = 5;
    private const int CutMs = 1_500;
    private static readonly RequestIdSource Ids = new(1, 1);
    private static CancellationToken None => CancellationToken.None;

    [Theory]
    [InlineData(true, false)]
    [InlineData(false, true)]
    [InlineData(true, true)]
    public async Task Calls_end_in_time_and_their_repeats_change_nothing(bool requests, bool replies)
    {
        await using var server = await RedisServer.StartAsync();
        await using var proxy = new PartitionProxy(server.Port);
        await using var client = await RedisClient.ConnectAsync(RedisOptions.Parse(proxy.Url), None);
        await using var patient = await RedisClient.ConnectAsync(Backends.Patient(server.Url), None);
        var (impatientTill, till) = (new Redis.Till(client.Runner), new Redis.Till(patient.Runner));
        await till.BuildShardAsync(Shards.Of(Account), 1, None);
        await till.HydrateAsync(Account, new Usd(1_000_000), 1, true, 1_000_000, 9, Usd.Zero, 1, None);
        var (open, begun) = (Ids.Next(0), new List<RequestId>());
        Assert.Equal(TillCode.Ok, (await till.ReserveAsync(Request(open), None)).Code);

        proxy.Cut(requests, replies);
        var cut = Stopwatch.StartNew();
        while (cut.ElapsedMilliseconds < CutMs)
        {
            var rid = Ids.Next(0);
            begun.Add(rid);
            var tookMs = await TimerLateness.MeasureAsync(async () =>
            {
                var error = await Assert.ThrowsAsync<RedisUnavailableException>(
                    async () => await impatientTill.ReserveAsync(Request(rid), None));
                Assert.True(error.Fault is RedisFault.TimedOut or RedisFault.NotConnected, $"{error.Fault}");
            });
            Assert.True(tookMs <= 400, $"{tookMs} ms");
        }

        proxy.Heal();
        await Probe.UntilAsync(
            async () => await TryAsync(() => client.PingAsync(None)), TimeSpan.FromSeconds(5), "it answers again");

        // Whatever of it was done, doing it again gives the same: each is held once, and settled once.
        foreach (var rid in begun)
        {
            Assert.True((await till.ReserveAsync(Request(rid), None)).Code is TillCode.Ok or TillCode.Repeated);
        }

        var state = await till.ReadAccountAsync(Account, None);
        Assert.Equal((begun.Count + 1, new Usd(begun.Count + 1)), (state!.OpenHolds, state.Held));
        foreach (var rid in begun.Append(open))
        {
            Assert.Equal(TillCode.Ok, (await till.SettleAsync(rid, Account, 9, new Usd(1), default, None)).Code);
            Assert.Equal(TillCode.AlreadySettled, (await till.SettleAsync(rid, Account, 9, new Usd(1), default, None)).Code);
        }

        state = await till.ReadAccountAsync(Account, None);
        Assert.Equal((0, Usd.Zero, new Usd(begun.Count + 1)), (state!.OpenHolds, state.Held, state.Unsettled));
        Assert.Equal(0, client.Generation);
    }

    [Fact]
    public async Task Settlement_whose_answer_comes_late_is_not_taken_for_the_answer_to_another_call()
    {
        await using var server = await RedisServer.StartAsync();
        await using var proxy = new PartitionProxy(server.Port);
        await using var client = await RedisClient.ConnectAsync(
            RedisOptions.Parse(proxy.Url) with
            {
                // Long enough for every call after the partition; the connection outlives it.
                Connections = 1, CallTimeout = TimeSpan.FromSeconds(1), StallTimeout = TimeSpan.FromSeconds(20),
            },
            None);
        await client.SetAsync("before", "1"u8.ToArray(), null, None);

        proxy.Cut(requests: false, replies: true);
        for (var i = 0; i < 4; i++)
        {
            await Assert.ThrowsAsync<RedisUnavailableException>(async () => await client.GetAsync("before", None));
        }

        proxy.Heal();
        for (var i = 0; i < 50; i++)
        {
            Assert.Null(await client.GetAsync($"absent:{i}", None));
            Assert.Equal("1"u8.ToArray(), await client.GetAsync("before", None));
        }
    }

    [Fact]
    public async Task Scripts_flushed_again_and_again_on_a_cluster_are_not_missed()
    {
        await using var cluster = await RedisCluster.StartAsync();
        await using var client = await RedisClient.ConnectAsync(Backends.Patient(cluster.Url), None);
        var till = new Redis.Till(client.Runner);
        var accounts = Enumerable.Range(1, 30).Select(i => (long)i).ToArray();
        foreach (var account in accounts)
        {
            await till.BuildShardAsync(Shards.Of(account), 1, None);
            await till.HydrateAsync(account, new Usd(1_000_000), 1, true, 1_000_000, 9, Usd.Zero, 1, None);
        }

        var calls = 0;
        for (var round = 0; round < 20; round++)
        {
            await Task.WhenAll(cluster.Nodes.Select(node => node.AskAsync("SCRIPT", "FLUSH")));
            var codes = await Task.WhenAll(accounts.Select(async account =>
                (await till.ReserveAsync(Request(Ids.Next(0)) with { Account = account }, None)).Code));
            Assert.All(codes, code => Assert.Equal(TillCode.Ok, code));
            calls += codes.Length;
        }

        var held = 0L;
        foreach (var account in accounts)
        {
            held += (await till.ReadAccountAsync(account, None))!.Held.Units;
        }

        Assert.Equal(calls, held);
    }

    private static async Task<bool> TryAsync(Func<ValueTask> call)
    {
        try
        {
            await call();
            return true;
        }
        catch (RedisUnavailableException)
        {
            return false;
        }
    }

    private static HoldRequest Request(RequestId rid) =>
        new(rid, Account, 9, new Usd(1), 60_000, 1, 1, null, 1_000_000, null, null, null, 1);
}
