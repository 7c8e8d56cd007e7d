using System.Diagnostics;
using System.Globalization;
using System.Text;
using TokenHub.Core.Money;
using TokenHub.Redis.Cluster;
using TokenHub.Redis.Tests.Servers;
using TokenHub.TestKit.Servers;

namespace TokenHub.Redis.Tests.Cluster;

/// <summary>A slot really goes from one node to another while calls go on, with no call noticing.</summary>
public sealed class SlotMoveTests(ClusterFixture fixture) : IClassFixture<ClusterFixture>
{
    private const int Workers = 8;
    private static CancellationToken None => CancellationToken.None;

    [Fact]
    public async Task Holds_are_taken_and_settled_while_their_slot_moves_back_and_forth()
    {
        await using var client = await RedisClient.ConnectAsync(fixture.Options, None);
        var till = new Redis.Till(client.Runner);
        var account = Backends.NextAccount();
        await ReadyAsync(till, account);
        var (slot, from, to) = Ends(account);
        using var stop = new CancellationTokenSource();
        var lives = 0;
        var workers = Enumerable.Range(0, Workers).Select(async _ =>
        {
            while (!stop.IsCancellationRequested)
            {
                var rid = Lives.NextId();
                var held = await till.ReserveAsync(Lives.Request(rid, account), None);
                var settled = await till.SettleAsync(rid, account, 9, new Usd(1), default, None);
                Assert.Equal((TillCode.Ok, TillCode.Ok), (held.Code, settled.Code));
                Interlocked.Increment(ref lives);
            }
        }).ToArray();

        for (var round = 0; round < 4; round++)
        {
            var before = lives;
            await Probe.UntilAsync(
                () => lives > before + 50 || workers.Any(worker => worker.IsCompleted),
                TimeSpan.FromSeconds(30),
                "work is done");
            await RedisCluster.BeginMoveAsync(slot, from, to);
            await fixture.Cluster.EndMoveAsync(slot, from, to);
            (from, to) = (to, from);
        }

        await stop.CancelAsync();
        await Task.WhenAll(workers);
        var state = await till.ReadAccountAsync(account, None);
        Assert.Equal((new Usd(lives), Usd.Zero, 0), (state!.Unsettled, state.Held, state.OpenHolds));
        Assert.True(client.Generation >= 4, $"{client.Generation}");
    }

    [Fact]
    public async Task Key_that_has_gone_ahead_is_asked_for_where_it_is()
    {
        var tag = Guid.NewGuid().ToString("n");
        var slot = HashSlot.Of(Encoding.ASCII.GetBytes(tag));
        var from = fixture.Cluster.FirstOwnerOf(slot);
        var to = fixture.Cluster.Nodes.First(node => node != from);
        await using var client = await RedisClient.ConnectAsync(fixture.Options, None);
        await client.SetAsync($"{{{tag}}}:gone", "1"u8.ToArray(), null, None);
        await RedisCluster.BeginMoveAsync(slot, from, to);
        await RedisCluster.MoveKeysAsync(slot, from, to, 1);
        await client.SetAsync($"{{{tag}}}:new", "2"u8.ToArray(), null, None);

        Assert.Equal("1"u8.ToArray(), await client.GetAsync($"{{{tag}}}:gone", None));
        Assert.Equal("2"u8.ToArray(), await client.GetAsync($"{{{tag}}}:new", None));
        Assert.Equal(0, client.Generation);

        // The new node does not know any script of ours: asked with its text, and with ASKING again.
        await to.AskAsync("SCRIPT", "FLUSH");
        var script = new Redis.Scripts.LuaScript("peek", 1, "", "return redis.call('GET', KEYS[1])");
        using var reply = await client.Runner.RunAsync(client.Runner.Begin(script).Add($"{{{tag}}}:gone"), None);
        Assert.Equal("1"u8.ToArray(), reply.Read().ReadBytes().ToArray());

        await fixture.Cluster.EndMoveAsync(slot, from, to);
        Assert.Equal("1"u8.ToArray(), await client.GetAsync($"{{{tag}}}:gone", None));
        Assert.Equal(1, client.Generation);
        Assert.Contains(
            client.Nodes.Single(node => node.Endpoint == $"127.0.0.1:{to.Port}").Slots,
            range => range.First <= slot && slot <= range.Last);
    }

    [Fact]
    public async Task Keys_on_both_nodes_are_waited_for_and_then_given_up_in_time()
    {
        // The pauses add up to 1.3 s and a little: the next one would be over the call's time.
        await using var client = await RedisClient.ConnectAsync(
            RedisOptions.Parse(fixture.Cluster.Url) with { CallTimeout = TimeSpan.FromSeconds(2) }, None);
        var patient = new Redis.Till(fixture.Client.Runner);
        var till = new Redis.Till(client.Runner);
        var account = Backends.NextAccount();
        await ReadyAsync(patient, account);
        var (slot, from, to) = Ends(account);
        await RedisCluster.BeginMoveAsync(slot, from, to);
        await RedisCluster.MoveKeysAsync(slot, from, to, 1);

        var clock = Stopwatch.StartNew();
        var error = await Assert.ThrowsAsync<RedisUnavailableException>(
            async () => await till.ReserveAsync(Lives.Request(Lives.NextId(), account), None));
        Assert.InRange(clock.ElapsedMilliseconds, 1000, 2000);
        Assert.Equal(RedisFault.TryAgain, error.Fault);

        var waiting = patient.ReserveAsync(Lives.Request(Lives.NextId(), account), None).AsTask();
        await fixture.Cluster.EndMoveAsync(slot, from, to);
        Assert.Equal(TillCode.Ok, (await waiting).Code);
    }

    [Fact]
    public async Task Stale_map_costs_one_refresh_however_many_calls_find_it_out()
    {
        await using var client = await RedisClient.ConnectAsync(fixture.Options, None);
        var till = new Redis.Till(client.Runner);
        var account = Backends.NextAccount();
        await ReadyAsync(till, account);
        var (slot, from, to) = Ends(account);
        await RedisCluster.BeginMoveAsync(slot, from, to);
        await fixture.Cluster.EndMoveAsync(slot, from, to);
        var asked = await MapsAskedAsync();

        var codes = await Task.WhenAll(Enumerable.Range(0, 500).Select(async _ =>
            (await till.ReserveAsync(Lives.Request(Lives.NextId(), account), None)).Code));

        Assert.All(codes, code => Assert.Equal(TillCode.Ok, code));
        Assert.InRange(await MapsAskedAsync() - asked, 0, 8);
    }

    private async Task<int> MapsAskedAsync()
    {
        var asked = 0;
        foreach (var node in fixture.Cluster.Nodes)
        {
            var line = (await node.AskAsync("INFO", "commandstats")).Split('\n')
                .FirstOrDefault(line => line.StartsWith("cmdstat_cluster|slots:", StringComparison.Ordinal));
            asked += line is null ? 0 : int.Parse(line.Split("calls=")[1].Split(',')[0], CultureInfo.InvariantCulture);
        }

        return asked;
    }

    private static async Task ReadyAsync(Redis.Till till, long account)
    {
        await till.BuildShardAsync(Shards.Of(account), 1, None);
        await till.HydrateAsync(account, new Usd(1_000_000), 1, true, 1_000_000, 9, Usd.Zero, 1, None);
    }

    private (int Slot, RedisServer From, RedisServer To) Ends(long account)
    {
        var slot = HashSlot.Of(Encoding.ASCII.GetBytes(RedisKeys.Account(account)));
        var owner = fixture.Client.Nodes.Single(
            node => node.Slots.Any(range => range.First <= slot && slot <= range.Last)).Endpoint;
        var from = fixture.Cluster.Nodes.Single(node => $"127.0.0.1:{node.Port}" == owner);
        return (slot, from, fixture.Cluster.Nodes.First(node => node != from));
    }
}
