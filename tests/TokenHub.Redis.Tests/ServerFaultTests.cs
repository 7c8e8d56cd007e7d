using System.Diagnostics;
using System.Text;
using TokenHub.Core.Money;
using TokenHub.Core.Requests;
using TokenHub.Redis.Tests.Model;
using TokenHub.Redis.Tests.Servers;
using TokenHub.TestKit.Servers;

namespace TokenHub.Redis.Tests;

/// <summary>A real redis-server is killed, frozen, emptied of scripts, out of memory, read-only, busy.</summary>
public sealed class ServerFaultTests
{
    private const long Account = 5;
    private static readonly RequestIdSource Ids = new(1, 1);
    private static CancellationToken None => CancellationToken.None;

    [Fact]
    public async Task Client_comes_back_by_itself_after_the_server_was_killed_and_started_again()
    {
        await using var server = await RedisServer.StartAsync(appendOnly: true, "--appendfsync", "always");
        await using var client = await RedisClient.ConnectAsync(
            RedisOptions.Parse(server.Url) with { CallTimeout = Backends.Patience }, None);
        var till = await ReadyAsync(client);
        var runId = client.Server.RunId;
        for (var round = 0; round < 3; round++)
        {
            await server.KillAsync();
            await Probe.UntilAsync(() => !client.IsConnected, TimeSpan.FromSeconds(5), "the loss is noticed");
            var clock = Stopwatch.StartNew();
            var error = await Assert.ThrowsAsync<RedisUnavailableException>(async () => await ReserveAsync(till));
            Assert.Equal(RedisFault.NotConnected, error.Fault);
            Assert.InRange(clock.ElapsedMilliseconds, 0, 1000);

            await server.RestartAsync();
            await Probe.UntilAsync(() => client.IsConnected, TimeSpan.FromSeconds(5), "the client is back");
            Assert.Equal(TillCode.Ok, await ReserveAsync(till));
        }

        Assert.NotEqual(runId, client.Server.RunId);
    }

    [Fact]
    public async Task Calls_under_load_all_end_in_time_while_the_server_dies_and_returns()
    {
        await using var server = await RedisServer.StartAsync(appendOnly: true, "--appendfsync", "always");
        await using var client = await RedisClient.ConnectAsync(RedisOptions.Parse(server.Url), None);
        await using var patient = await RedisClient.ConnectAsync(Backends.Patient(server.Url), None);
        await ReadyAsync(patient);
        var till = new Redis.Till(client.Runner);
        using var stop = new CancellationTokenSource();
        var slowest = TimeSpan.Zero;
        var (succeeded, failed) = (0, 0);
        var workers = Enumerable.Range(0, 16).Select(async _ =>
        {
            while (!stop.IsCancellationRequested)
            {
                var clock = Stopwatch.StartNew();
                try
                {
                    await ReserveAsync(till);
                    Interlocked.Increment(ref succeeded);
                }
                catch (RedisUnavailableException)
                {
                    Interlocked.Increment(ref failed);
                    await Task.Delay(5);
                }

                lock (server)
                {
                    slowest = clock.Elapsed > slowest ? clock.Elapsed : slowest;
                }
            }
        }).ToArray();

        await Probe.UntilAsync(() => succeeded > 200, TimeSpan.FromSeconds(10), "work is done");
        await server.KillAsync();
        await server.RestartAsync();
        var before = succeeded;
        await Probe.UntilAsync(() => succeeded > before + 200, TimeSpan.FromSeconds(10), "work is done again");
        await stop.CancelAsync();
        await Task.WhenAll(workers);

        Assert.InRange(failed, 1, int.MaxValue);
        Assert.InRange(slowest.TotalSeconds, 0, 2);
    }

    [Fact]
    public async Task Frozen_server_costs_each_call_its_time_out_and_no_reply_goes_astray()
    {
        await using var server = await RedisServer.StartAsync();

        // Long enough for every call after the sleep; the connection outlives it.
        var options = RedisOptions.Parse(server.Url) with
        {
            Connections = 1, CallTimeout = TimeSpan.FromSeconds(1), StallTimeout = TimeSpan.FromSeconds(20),
        };
        await using var client = await RedisClient.ConnectAsync(options, None);
        await using var other = await RedisClient.ConnectAsync(Backends.Patient(server.Url), None);

        var sleep = ServerState.ListAsync(other.Runner, "DEBUG", "SLEEP", "3.2");
        var timeouts = 0;
        for (var i = 0; !sleep.IsCompleted; i++)
        {
            try
            {
                Assert.Equal($"{i}", await EchoAsync(client, $"{i}"));
            }
            catch (RedisUnavailableException error)
            {
                Assert.Equal(RedisFault.TimedOut, error.Fault);
                timeouts++;
            }
        }

        Assert.InRange(timeouts, 2, 4);
        for (var i = 100; i < 200; i++)
        {
            Assert.Equal($"{i}", await EchoAsync(client, $"{i}"));
        }
    }

    [Fact]
    public async Task Scripts_flushed_under_load_are_loaded_again_unseen()
    {
        await using var server = await RedisServer.StartAsync();
        await using var client = await RedisClient.ConnectAsync(Backends.Patient(server.Url), None);
        var till = await ReadyAsync(client);
        var flushing = Task.Run(async () =>
        {
            for (var i = 0; i < 50; i++)
            {
                await ServerState.ListAsync(client.Runner, "SCRIPT", "FLUSH");
            }
        });

        var count = 0;
        while (!flushing.IsCompleted || count < 300)
        {
            var codes = await Task.WhenAll(Enumerable.Range(0, 16).Select(_ => ReserveAsync(till)));
            Assert.All(codes, code => Assert.Equal(TillCode.Ok, code));
            count += codes.Length;
        }

        await flushing;
        var state = await till.ReadAccountAsync(Account, None);
        Assert.Equal(count, state!.OpenHolds);
        Assert.Equal(new Usd(count), state.Held);
    }

    [Fact]
    public async Task Server_out_of_memory_takes_no_new_hold_but_settles_and_releases_old_ones()
    {
        await using var server = await RedisServer.StartAsync();
        await using var client = await RedisClient.ConnectAsync(Backends.Patient(server.Url), None);
        var till = await ReadyAsync(client);
        var (first, second) = (Ids.Next(0), Ids.Next(0));
        await till.ReserveAsync(Request(first), None);
        await till.ReserveAsync(Request(second), None);

        await ServerState.ListAsync(client.Runner, "CONFIG", "SET", "maxmemory", "1");

        var error = await Assert.ThrowsAsync<RedisUnavailableException>(async () => await ReserveAsync(till));
        Assert.Equal(RedisFault.OutOfMemory, error.Fault);
        Assert.Equal(
            TillCode.Ok, (await till.SettleAsync(first, Account, 9, new Usd(1), new byte[100], None)).Code);
        Assert.Equal(TillCode.Ok, await till.ReleaseAsync(second, Account, 9, None));
        Assert.Equal(1, await till.AckAsync(Account, new Usd(1), 2, 9, new Usd(1), 1, [first], None));
    }

    [Fact]
    public async Task Replica_is_told_apart_and_left()
    {
        await using var server = await RedisServer.StartAsync();
        await using var client = await RedisClient.ConnectAsync(Backends.Patient(server.Url), None);
        var till = await ReadyAsync(client);

        await ServerState.ListAsync(client.Runner, "REPLICAOF", "127.0.0.1", "1");
        var error = await Assert.ThrowsAsync<RedisUnavailableException>(async () => await ReserveAsync(till));
        Assert.Equal(RedisFault.ReadOnly, error.Fault);
        await Probe.UntilAsync(() => client.IsConnected, TimeSpan.FromSeconds(5), "connected anew");
        await ServerState.ListAsync(client.Runner, "REPLICAOF", "NO", "ONE");

        Assert.Equal(TillCode.Ok, await ReserveAsync(till));
    }

    [Fact]
    public async Task Server_busy_with_a_script_says_so()
    {
        await using var server = await RedisServer.StartAsync(false, "--busy-reply-threshold", "20");
        await using var client = await RedisClient.ConnectAsync(Backends.Patient(server.Url), None);
        await using var other = await RedisClient.ConnectAsync(Backends.Patient(server.Url), None);
        var till = await ReadyAsync(client);

        var endless = ServerState.ListAsync(other.Runner, "EVAL", "while true do end", "0");
        await Probe.UntilAsync(
            async () => await FaultAsync(till) == RedisFault.Busy, TimeSpan.FromSeconds(5), "the server is busy");
        await ServerState.ListAsync(client.Runner, "SCRIPT", "KILL");

        await Assert.ThrowsAsync<RedisUnavailableException>(() => endless);
        Assert.Equal(RedisFault.None, await FaultAsync(till));
    }

    private static async Task<RedisFault> FaultAsync(Redis.Till till)
    {
        try
        {
            await ReserveAsync(till);
            return RedisFault.None;
        }
        catch (RedisUnavailableException error)
        {
            return error.Fault;
        }
    }

    private static async Task<string> EchoAsync(RedisClient client, string text)
    {
        using var reply = await client.Runner.RunAsync(client.Runner.Begin("ECHO"u8).Add(text), None);
        return Encoding.ASCII.GetString(reply.Read().ReadBytes());
    }

    private static async Task<Redis.Till> ReadyAsync(RedisClient client)
    {
        var till = new Redis.Till(client.Runner);
        await till.BuildShardAsync(Shards.Of(Account), 1, None);
        await till.HydrateAsync(Account, new Usd(1_000_000_000), 1, true, 1_000_000, 9, Usd.Zero, 1, None);
        return till;
    }

    private static async Task<TillCode> ReserveAsync(Redis.Till till) =>
        (await till.ReserveAsync(Request(Ids.Next(0)), None)).Code;

    private static HoldRequest Request(RequestId rid) =>
        new(rid, Account, 9, new Usd(1), 60_000, 1, 1, null, 1_000_000, null, null, null, 1);
}
