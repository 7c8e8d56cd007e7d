using System.Diagnostics;
using System.Text;
using TokenHub.Redis.Tests.Servers;
using TokenHub.TestKit.Servers;

namespace TokenHub.Redis.Tests.Connections;

/// <summary>What a server may do to a client, played by a stub because a real one will not on demand.</summary>
public sealed class ConnectionFaultTests
{
    private static CancellationToken None => CancellationToken.None;

    [Theory]
    [InlineData("LOADING Redis is loading the dataset in memory", RedisFault.Loading)]
    [InlineData("BUSY Redis is busy running a script.", RedisFault.Busy)]
    [InlineData("READONLY You can't write against a read only replica.", RedisFault.ReadOnly)]
    [InlineData("MASTERDOWN Link with MASTER is down", RedisFault.ReadOnly)]
    [InlineData("OOM command not allowed when used memory > 'maxmemory'.", RedisFault.OutOfMemory)]
    [InlineData("ERR Error running script: OOM command not allowed when used memory", RedisFault.OutOfMemory)]
    [InlineData("MOVED 3999 127.0.0.1:6381", RedisFault.Moved)]
    [InlineData("ASK 3999 127.0.0.1:6381", RedisFault.Moved)]
    [InlineData("TRYAGAIN Multiple keys request during rehashing of slot", RedisFault.TryAgain)]
    [InlineData("CLUSTERDOWN Hash slot not served", RedisFault.ClusterDown)]
    [InlineData("CROSSSLOT Keys in request don't hash to the same slot", RedisFault.ServerError)]
    [InlineData("NOAUTH Authentication required.", RedisFault.AccessDenied)]
    [InlineData("NOPERM this user has no permissions", RedisFault.AccessDenied)]
    [InlineData("WRONGTYPE Operation against a key", RedisFault.ServerError)]
    [InlineData("MISCONF Redis is configured to save", RedisFault.ServerError)]
    [InlineData("BUSYKEY Target key name already exists.", RedisFault.ServerError)]
    [InlineData("", RedisFault.ServerError)]
    public async Task Error_of_the_server_is_told_with_its_reason(string error, RedisFault fault)
    {
        await using var stub = RespStub.Greeting(_ => $"-{error}\r\n");
        await using var client = await ConnectAsync(stub);

        var thrown = await FailAsync(client, "k");

        Assert.Equal(fault, thrown.Fault);
        Assert.Contains(error, thrown.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Late_reply_is_passed_over_and_the_next_one_is_the_right_one()
    {
        await using var stub = RespStub.Greeting(command => command[1] switch
        {
            "slow" => null,
            "next" => "$4\r\nlate\r\n$4\r\nnext\r\n",
            _ => "$4\r\nlast\r\n",
        });
        await using var client = await ConnectAsync(stub);

        var error = await FailAsync(client, "slow");
        var next = await client.GetAsync("next", None);
        var last = await client.GetAsync("last", None);

        Assert.Equal(RedisFault.TimedOut, error.Fault);
        Assert.Equal("next", Encoding.ASCII.GetString(next!));
        Assert.Equal("last", Encoding.ASCII.GetString(last!));
        Assert.Equal(1, stub.Connections);
    }

    [Fact]
    public async Task Call_ends_soon_after_its_time_and_one_that_is_cancelled_at_once()
    {
        await using var stub = RespStub.Greeting(_ => null);
        await using var client = await ConnectAsync(
            stub, options => options with { CallTimeout = TimeSpan.FromSeconds(2) });
        var clock = Stopwatch.StartNew();
        using var cancellation = new CancellationTokenSource(TimeSpan.FromMilliseconds(30));
        var token = cancellation.Token;

        await Assert.ThrowsAsync<OperationCanceledException>(async () => await client.GetAsync("a", token));
        var cancelled = clock.Elapsed;
        await FailAsync(client, "b");
        var elapsed = clock.Elapsed - cancelled;

        Assert.InRange(cancelled.TotalMilliseconds, 20, 1000);
        Assert.InRange(elapsed.TotalMilliseconds, 1990, 2750);
        await Assert.ThrowsAsync<OperationCanceledException>(async () => await client.GetAsync("c", token));
        Assert.Equal(2, stub.Commands.Count);
    }

    [Fact]
    public async Task One_call_too_many_fails_at_once()
    {
        await using var stub = RespStub.Greeting(_ => null);
        await using var client = await ConnectAsync(
            stub, options => options with { InFlightMax = 4, CallTimeout = TimeSpan.FromSeconds(2) });
        var open = Enumerable.Range(0, 4).Select(i => client.GetAsync($"{i}", None).AsTask()).ToArray();
        var clock = Stopwatch.StartNew();

        var error = await FailAsync(client, "5");

        Assert.Equal(RedisFault.QueueFull, error.Fault);
        Assert.InRange(clock.ElapsedMilliseconds, 0, 1000);
        Assert.All(open, call => Assert.False(call.IsCompleted));
        await Assert.ThrowsAsync<RedisUnavailableException>(() => Task.WhenAll(open));
    }

    [Fact]
    public async Task Server_that_stays_silent_is_given_up_and_tried_again()
    {
        var answers = false;
        await using var stub = RespStub.Greeting(_ => Volatile.Read(ref answers) ? "$2\r\nok\r\n" : null);
        await using var client = await ConnectAsync(
            stub, options => options with { StallTimeout = TimeSpan.FromMilliseconds(300) });

        await FailAsync(client, "k");
        await Probe.UntilAsync(() => stub.Connections >= 2, TimeSpan.FromSeconds(5), "a second connection");
        Volatile.Write(ref answers, true);

        await UntilAnswersAsync(client);
    }

    [Theory]
    [InlineData("hello\r\n")]
    [InlineData("$3\r\nabc\r\n:1\r\n")]
    [InlineData("$99999999999\r\n")]
    [InlineData(RespStub.HangUp)]
    public async Task Connection_that_breaks_the_protocol_or_ends_is_replaced(string answer)
    {
        var isFirst = 1;
        await using var stub = RespStub.Greeting(
            _ => Interlocked.Exchange(ref isFirst, 0) == 1 ? answer : "$2\r\nok\r\n");
        await using var client = await ConnectAsync(stub);

        try
        {
            await client.GetAsync("k", None);
        }
        catch (RedisUnavailableException error)
        {
            Assert.Equal(RedisFault.ConnectionLost, error.Fault);
        }

        await Probe.UntilAsync(() => stub.Connections >= 2, TimeSpan.FromSeconds(5), "a second connection");
        await UntilAnswersAsync(client);
    }

    [Fact]
    public async Task Server_that_may_not_be_written_to_is_left_once_the_open_calls_are_answered()
    {
        const string ReadOnly = "-READONLY You can't write against a read only replica.\r\n";
        await using var stub = RespStub.Greeting(command => command[1] switch
        {
            "k" => "$2\r\nok\r\n",
            "4" => string.Concat(Enumerable.Repeat(ReadOnly, 5)),
            _ => null,
        });
        await using var client = await ConnectAsync(stub);

        var calls = Enumerable.Range(0, 5).Select(i => client.GetAsync($"{i}", None).AsTask()).ToArray();
        foreach (var call in calls)
        {
            var error = await Assert.ThrowsAsync<RedisUnavailableException>(() => call);
            Assert.Equal(RedisFault.ReadOnly, error.Fault);
        }

        await UntilAnswersAsync(client);
        Assert.InRange(stub.Connections, 2, int.MaxValue);
    }

    [Fact]
    public async Task Script_that_the_server_does_not_know_is_sent_in_full_once()
    {
        await using var stub = RespStub.Greeting(command => command[0] switch
        {
            "EVALSHA" => "-NOSCRIPT No matching script.\r\n",
            "EVAL" => "*3\r\n:1\r\n:900\r\n:0\r\n",
            _ => null,
        });
        await using var client = await ConnectAsync(stub);
        var till = new Redis.Till(client.Runner);

        var code = await till.SetBalanceAsync(5, new(900), 1, true, 1, None);

        Assert.Equal(TillCode.Ok, code);
        Assert.Equal(["EVALSHA", "EVAL"], stub.Commands.Select(command => command.Split(' ')[0]));
        var (first, second) = (stub.Commands.First(), stub.Commands.Last());
        var sentAgain = first[(first.IndexOf("2 {s", StringComparison.Ordinal))..];
        Assert.EndsWith(sentAgain, second, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Server_that_claims_never_to_know_a_script_ends_in_an_error()
    {
        await using var stub = RespStub.Greeting(_ => "-NOSCRIPT No matching script.\r\n");
        await using var client = await ConnectAsync(stub);

        var error = await Assert.ThrowsAsync<RedisUnavailableException>(
            async () => await new Redis.Till(client.Runner).SetBalanceAsync(5, new(9), 1, true, 1, None));

        Assert.Equal(RedisFault.ServerError, error.Fault);
        Assert.Equal(2, stub.Commands.Count);
    }

    [Theory]
    [InlineData("+OK\r\n")]
    [InlineData("*0\r\n")]
    [InlineData("*3\r\n$1\r\nx\r\n:1\r\n:1\r\n")]
    [InlineData("*3\r\n:-1\r\n+a\r\n+b\r\n")]
    [InlineData("_\r\n")]
    public async Task Answer_that_no_script_gives_is_an_error_of_the_one_kind_and_costs_no_connection(string answer)
    {
        await using var stub = RespStub.Greeting(command => command[0] == "GET" ? "$2\r\nok\r\n" : answer);
        await using var client = await ConnectAsync(stub);

        var error = await Assert.ThrowsAnyAsync<RedisUnavailableException>(
            async () => await new Redis.Till(client.Runner).SetBalanceAsync(5, new(9), 1, true, 1, None));

        Assert.Equal(RedisFault.Protocol, error.Fault);
        await UntilAnswersAsync(client);
        Assert.Equal(1, stub.Connections);
    }

    private static async Task<RedisClient> ConnectAsync(
        RespStub stub, Func<RedisOptions, RedisOptions>? change = null)
    {
        var options = RedisOptions.Parse(stub.Url) with { Connections = 1 };
        return await RedisClient.ConnectAsync(change?.Invoke(options) ?? options, None);
    }

    private static Task<RedisUnavailableException> FailAsync(RedisClient client, string key) =>
        Assert.ThrowsAsync<RedisUnavailableException>(async () => await client.GetAsync(key, None));

    private static Task UntilAnswersAsync(RedisClient client) => Probe.UntilAsync(
        async () =>
        {
            try
            {
                return Encoding.ASCII.GetString((await client.GetAsync("k", None))!) == "ok";
            }
            catch (RedisUnavailableException)
            {
                return false;
            }
        },
        TimeSpan.FromSeconds(5),
        "calls succeed again");
}
