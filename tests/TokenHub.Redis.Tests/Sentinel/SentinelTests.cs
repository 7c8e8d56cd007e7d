using TokenHub.Core.Money;
using TokenHub.Redis.Tests.Cluster;
using TokenHub.Redis.Tests.Servers;
using TokenHub.TestKit;
using TokenHub.TestKit.Servers;

namespace TokenHub.Redis.Tests.Sentinel;

/// <summary>Real sentinels, a real master and a real replica.</summary>
public sealed class SentinelTests
{
    private const long Account = 5;

    // Sentinels that split their votes wait ten seconds and more before they vote again.
    private static readonly TimeSpan Elected = TimeSpan.FromSeconds(60);

    private static CancellationToken None => CancellationToken.None;

    [Theory]
    [InlineData("", "")]
    [InlineData("secret", "another")]
    public async Task Master_that_dies_is_followed_to_its_replica(string password, string sentinelPassword)
    {
        await using var set = await RedisSentinel.StartAsync(1000, password, sentinelPassword);
        await using var client = await RedisClient.ConnectAsync(RedisOptions.Parse(set.Url), None);
        await using var patient = await RedisClient.ConnectAsync(Backends.Patient(set.Url), None);
        await ReadyAsync(new Redis.Till(patient.Runner));
        var till = new Redis.Till(client.Runner);
        var gaps = 0;
        client.Subscriber.Subscribe("c", _ => { }, () => Interlocked.Increment(ref gaps));
        await Probe.UntilAsync(() => gaps >= 1, TimeSpan.FromSeconds(10), "it listens");
        Assert.Equal($"127.0.0.1:{set.First.Port}", client.Nodes.Single().Endpoint);
        Assert.Equal(0, client.Generation);
        Assert.Equal(RedisFault.None, await FaultAsync(new Redis.Till(patient.Runner)));

        var before = gaps;
        await set.First.KillAsync();
        var slowest = 0L;
        await Probe.UntilAsync(
            async () =>
            {
                var fault = RedisFault.None;
                slowest = Math.Max(slowest, await TimerLateness.MeasureAsync(async () => fault = await FaultAsync(till)));
                return fault == RedisFault.None;
            },
            Elected,
            "the replica serves");

        Assert.True(slowest <= 400, $"{slowest} ms");
        Assert.Equal(1, client.Generation);
        Assert.Equal($"127.0.0.1:{set.Second.Port}", client.Nodes.Single().Endpoint);
        await Probe.UntilAsync(() => gaps > before, TimeSpan.FromSeconds(10), "it listens to the new master");
    }

    [Fact]
    public async Task Master_that_hangs_and_comes_back_is_not_believed_again()
    {
        await using var set = await RedisSentinel.StartAsync();

        // What hangs costs two seconds a call, and what serves does so within them.
        await using var client = await RedisClient.ConnectAsync(
            RedisOptions.Parse(set.Url) with { CallTimeout = TimeSpan.FromSeconds(2) }, None);
        var till = new Redis.Till(client.Runner);
        await ReadyAsync(till);
        await set.KillSentinelAsync(2);

        set.First.Freeze();
        await Probe.UntilAsync(
            async () => await FaultAsync(till) == RedisFault.None
                && client.Nodes.Single().Endpoint == $"127.0.0.1:{set.Second.Port}",
            Elected,
            "the replica serves");
        set.First.Resume();
        await Probe.UntilAsync(
            async () => (await set.First.AskAsync("ROLE")).Contains("slave", StringComparison.Ordinal),
            Elected,
            "the old master is a replica");

        for (var i = 0; i < 20; i++)
        {
            Assert.Equal(RedisFault.None, await FaultAsync(till));
            await Task.Delay(50);
        }

        Assert.Equal($"127.0.0.1:{set.Second.Port}", client.Nodes.Single().Endpoint);
    }

    [Fact]
    public async Task Switch_by_hand_is_followed_at_once()
    {
        await using var set = await RedisSentinel.StartAsync();
        await using var client = await RedisClient.ConnectAsync(
            RedisOptions.Parse(set.Url) with { CallTimeout = TimeSpan.FromSeconds(2) }, None);
        var till = new Redis.Till(client.Runner);
        await ReadyAsync(till);
        var sentinel = client.Options.Port;

        await Probe.UntilAsync(
            async () => (await Probe.AskAsync(sentinel, "", "SENTINEL", "FAILOVER", RedisSentinel.MasterName)).StartsWith('+'),
            TimeSpan.FromSeconds(10),
            "the failover begins");
        await Probe.UntilAsync(
            async () => client.Nodes.Single().Endpoint == $"127.0.0.1:{set.Second.Port}"
                && await FaultAsync(till) == RedisFault.None,
            Elected,
            "the new master serves");
        Assert.Equal(1, client.Generation);
    }

    [Fact]
    public async Task Master_that_no_sentinel_knows_is_a_fault_that_names_it()
    {
        await using var set = await RedisSentinel.StartAsync();

        var error = await Assert.ThrowsAsync<RedisUnavailableException>(() => RedisClient.ConnectAsync(
            RedisOptions.Parse(set.Url) with { MasterName = "other" }, None));

        Assert.Contains("\"other\"", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Server_that_is_no_master_is_not_taken_for_one()
    {
        await using var server = RespStub.Greeting(command => command[0] == "ROLE"
            ? "*3\r\n$5\r\nslave\r\n$9\r\n127.0.0.1\r\n:1\r\n" : "+OK\r\n");
        await using var sentinel = RespStub.Greeting(command => command switch
        {
            ["SENTINEL", "GET-MASTER-ADDR-BY-NAME", "hub"] =>
                $"*2\r\n$9\r\n127.0.0.1\r\n${$"{server.Endpoint.Port}".Length}\r\n{server.Endpoint.Port}\r\n",
            ["SENTINEL", "MASTER", "hub"] => "*2\r\n$12\r\nconfig-epoch\r\n$1\r\n7\r\n",
            _ => "",
        });

        var error = await Assert.ThrowsAsync<RedisUnavailableException>(() => RedisClient.ConnectAsync(
            RedisOptions.Parse($"{sentinel.Url}?mode=sentinel&master=hub"), None));

        Assert.Contains("is not the master", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Sentinel_of_the_highest_epoch_is_believed()
    {
        await using var right = await RedisServer.StartAsync();
        await using var wrong = await RedisServer.StartAsync();
        await using var old = Sentinel(wrong.Port, 3);
        await using var current = Sentinel(right.Port, 11);
        await using var silent = RespStub.Greeting(_ => "");
        var hosts = string.Join(',', new[] { old, silent, current }.Select(stub => stub.Endpoint.ToString()));

        await using var client = await RedisClient.ConnectAsync(
            RedisOptions.Parse($"redis://{hosts}?mode=sentinel&master=hub"), None);

        Assert.Equal($"127.0.0.1:{right.Port}", client.Nodes.Single().Endpoint);
    }

    private static RespStub Sentinel(int port, int epoch) => RespStub.Greeting(command => command switch
    {
        ["SENTINEL", "GET-MASTER-ADDR-BY-NAME", "hub"] => $"*2\r\n$9\r\n127.0.0.1\r\n${$"{port}".Length}\r\n{port}\r\n",
        ["SENTINEL", "MASTER", "hub"] => $"%1\r\n$12\r\nconfig-epoch\r\n${$"{epoch}".Length}\r\n{epoch}\r\n",
        _ => "",
    });

    private static async Task ReadyAsync(Redis.Till till)
    {
        await till.BuildShardAsync(Shards.Of(Account), 1, None);
        await till.HydrateAsync(Account, new Usd(1_000_000), 1, true, 1_000_000, 9, Usd.Zero, 1, None);
    }

    private static async Task<RedisFault> FaultAsync(Redis.Till till)
    {
        try
        {
            await till.ReserveAsync(Lives.Request(Lives.NextId(), Account), None);
            return RedisFault.None;
        }
        catch (RedisUnavailableException error)
        {
            return error.Fault;
        }
    }
}
