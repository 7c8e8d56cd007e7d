using System.Diagnostics;
using System.Globalization;
using TokenHub.Redis.Cluster;
using TokenHub.Redis.Tests.Servers;
using TokenHub.TestKit;

namespace TokenHub.Redis.Tests.Cluster;

/// <summary>
/// Two scripted nodes say everything that a node of a Cluster may say: every call ends in time, and no more calls go
/// out than the rules allow.
/// </summary>
public sealed class ClusterFaultTests
{
    private static CancellationToken None => CancellationToken.None;

    [Theory]
    [InlineData("TRYAGAIN Multiple keys request during rehashing of slot", RedisFault.TryAgain, 8)]
    [InlineData("CLUSTERDOWN The cluster is down", RedisFault.ClusterDown, 1)]
    [InlineData("CLUSTERDOWN Hash slot not served", RedisFault.ClusterDown, 1)]
    [InlineData("LOADING Redis is loading the dataset in memory", RedisFault.Loading, 1)]
    [InlineData("READONLY You can't write against a read only replica.", RedisFault.ReadOnly, 1)]
    [InlineData("MASTERDOWN Link with MASTER is down", RedisFault.ReadOnly, 1)]
    [InlineData("BUSY Redis is busy running a script", RedisFault.Busy, 1)]
    [InlineData("OOM command not allowed when used memory > 'maxmemory'.", RedisFault.OutOfMemory, 1)]
    [InlineData("MISCONF Redis is configured to save RDB snapshots", RedisFault.ServerError, 1)]
    [InlineData("NOPERM this user has no permissions", RedisFault.AccessDenied, 1)]
    [InlineData("MOVED nonsense", RedisFault.Moved, 1)]
    [InlineData("MOVED 99999 127.0.0.1:1", RedisFault.Moved, 1)]
    [InlineData("ASK 5 nowhere", RedisFault.Moved, 1)]
    public async Task Error_reaches_the_caller_by_its_name_in_time(string error, RedisFault fault, int sendsMax)
    {
        await using var nodes = new Pair((_, _) => $"-{error}\r\n");
        await using var client = await nodes.ConnectAsync(TimeSpan.FromSeconds(2));
        var clock = Stopwatch.StartNew();

        var thrown = await Assert.ThrowsAsync<RedisUnavailableException>(
            async () => await client.GetAsync("a", None));

        Assert.Equal(fault, thrown.Fault);
        Assert.InRange(clock.ElapsedMilliseconds, 0, sendsMax > 1 ? 2000 : 1000);
        Assert.InRange(nodes.Count("GET a"), 1, sendsMax);
    }

    [Fact]
    public async Task Call_that_is_moved_is_repeated_once_at_the_right_node()
    {
        await using var nodes = new Pair((pair, no) =>
        {
            pair.Owner = 1;
            return no == 0 ? $"-MOVED {Slot("a")} {pair.Address(1)}\r\n" : "+here\r\n";
        });
        await using var client = await nodes.ConnectAsync();

        Assert.Equal("here"u8.ToArray(), await client.GetAsync("a", None));
        Assert.Equal(2, nodes.Count("GET a"));

        // From then on it goes there at once; and a slot that moved is a change.
        Assert.Equal("here"u8.ToArray(), await client.GetAsync("a", None));
        Assert.Equal(3, nodes.Count("GET a"));
        Assert.InRange(client.Generation, 1, 2);
    }

    [Fact]
    public async Task Host_that_is_left_out_is_the_one_that_answered()
    {
        await using var nodes = new Pair(
            (pair, no) => no == 0 ? $"-MOVED {Slot("a")} :{pair.Port(1)}\r\n" : "+here\r\n");
        await using var client = await nodes.ConnectAsync();

        Assert.Equal("here"u8.ToArray(), await client.GetAsync("a", None));
    }

    [Fact]
    public async Task Call_that_is_asked_for_elsewhere_goes_there_with_asking_and_no_map_is_changed()
    {
        await using var nodes = new Pair((pair, no) => no == 0 ? $"-ASK {Slot("a")} {pair.Address(1)}\r\n" : "+there\r\n");
        await using var client = await nodes.ConnectAsync();

        Assert.Equal("there"u8.ToArray(), await client.GetAsync("a", None));
        Assert.Equal("there"u8.ToArray(), await client.GetAsync("a", None));

        Assert.Equal(["ASKING", "GET a", "ASKING", "GET a"], nodes.Sent(1));
        Assert.Equal(["GET a", "GET a"], nodes.Sent(0));
        Assert.Equal(0, client.Generation);
    }

    [Fact]
    public async Task Nodes_that_send_a_call_to_one_another_are_not_asked_for_ever()
    {
        await using var nodes = new Pair((pair, no) => $"-MOVED {Slot("a")} {pair.Address(1 - no)}\r\n");
        await using var client = await nodes.ConnectAsync(TimeSpan.FromSeconds(2));
        var clock = Stopwatch.StartNew();

        var error = await Assert.ThrowsAsync<RedisUnavailableException>(async () => await client.GetAsync("a", None));

        Assert.Equal(RedisFault.Moved, error.Fault);
        Assert.InRange(clock.ElapsedMilliseconds, 0, 1000);
        Assert.Equal(2, nodes.Count("GET a"));
    }

    [Fact]
    public async Task Move_to_a_node_that_is_not_there_ends_in_time()
    {
        var nowhere = TestKit.Servers.FreePort.Next();
        await using var nodes = new Pair((_, _) => $"-MOVED {Slot("a")} 127.0.0.1:{nowhere}\r\n");
        await using var client = await nodes.ConnectAsync(TimeSpan.FromSeconds(2));
        var clock = Stopwatch.StartNew();

        var error = await Assert.ThrowsAsync<RedisUnavailableException>(async () => await client.GetAsync("a", None));

        Assert.Equal(RedisFault.NotConnected, error.Fault);
        Assert.InRange(clock.ElapsedMilliseconds, 0, 1000);
    }

    [Fact]
    public async Task Hundreds_of_failing_calls_ask_for_the_map_a_few_times_a_second()
    {
        await using var nodes = new Pair((_, _) => "-CLUSTERDOWN The cluster is down\r\n");
        await using var client = await nodes.ConnectAsync();
        var clock = Stopwatch.StartNew();
        var calls = 0;
        while (clock.ElapsedMilliseconds < 1000)
        {
            await Task.WhenAll(Enumerable.Range(0, 50).Select(async i =>
                await Assert.ThrowsAsync<RedisUnavailableException>(async () => await client.GetAsync($"{i}", None))));
            calls += 50;
        }

        Assert.True(calls >= 500, $"{calls}");
        Assert.InRange(nodes.Count("CLUSTER SLOTS"), 1, 15);
    }

    [Fact]
    public async Task Silent_node_costs_the_calls_time_out()
    {
        await using var nodes = new Pair((_, _) => "");
        await using var client = await nodes.ConnectAsync();
        var clock = Stopwatch.StartNew();

        var tookMs = await TimerLateness.MeasureAsync(async () =>
        {
            var error = await Assert.ThrowsAsync<RedisUnavailableException>(
                async () => await client.GetAsync("a", None));
            Assert.Equal(RedisFault.TimedOut, error.Fault);
        });

        Assert.True(clock.ElapsedMilliseconds >= 240, $"{clock.ElapsedMilliseconds} ms");
        Assert.True(tookMs <= 400, $"{tookMs} ms");
    }

    [Fact]
    public async Task Caller_who_gives_up_while_the_call_waits_is_let_go()
    {
        await using var nodes = new Pair((_, _) => "-TRYAGAIN later\r\n");
        await using var client = await nodes.ConnectAsync(TimeSpan.FromSeconds(30));
        using var giveUp = new CancellationTokenSource(100);
        var clock = Stopwatch.StartNew();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await client.GetAsync("a", giveUp.Token));

        Assert.InRange(clock.ElapsedMilliseconds, 80, 1000);
    }

    [Theory]
    [InlineData("*0\r\n")]
    [InlineData("*1\r\n*3\r\n:5\r\n:4\r\n*2\r\n$1\r\nx\r\n:1\r\n")]
    [InlineData("*1\r\n*2\r\n:0\r\n:16383\r\n")]
    [InlineData("*1\r\n*3\r\n:0\r\n:16384\r\n*2\r\n$1\r\nx\r\n:1\r\n")]
    [InlineData("*1\r\n*3\r\n:0\r\n:16383\r\n*2\r\n$1\r\nx\r\n:0\r\n")]
    [InlineData("+what\r\n")]
    [InlineData("-ERR This instance has cluster support disabled\r\n")]
    public async Task Map_that_is_none_is_not_believed(string map)
    {
        await using var stub = RespStub.Greeting(_ => map);

        await Assert.ThrowsAnyAsync<RedisUnavailableException>(
            () => RedisClient.ConnectAsync(RedisOptions.Parse(stub.Url + "?mode=cluster"), None));
    }

    [Fact]
    public async Task Server_that_speaks_only_the_old_protocol_is_a_cluster_too()
    {
        RespStub? stub = null;
        stub = new RespStub(command => command[0] switch
        {
            "HELLO" => "-ERR unknown command 'HELLO'\r\n",
            "INFO" => "$33\r\nredis_version:5.0\r\nrun_id:old\r\n\r\n\r\n",
            "CLUSTER" => $"*1\r\n*3\r\n:0\r\n:16383\r\n*3\r\n$0\r\n\r\n:{stub!.Endpoint.Port}\r\n$2\r\nid\r\n",
            "GET" => "$-1\r\n",
            _ => "+OK\r\n",
        });
        await using (stub)
        {
            await using var client = await RedisClient.ConnectAsync(
                RedisOptions.Parse(stub.Url + "?mode=cluster"), None);
            Assert.Null(await client.GetAsync("a", None));
            Assert.Equal($"127.0.0.1:{stub.Endpoint.Port}", client.Nodes[0].Endpoint);
        }
    }

    private static int Slot(string key) => HashSlot.Of(System.Text.Encoding.ASCII.GetBytes(key));

    /// <summary>Two nodes, of which one has all slots by the map that both tell.</summary>
    private sealed class Pair : IAsyncDisposable
    {
        private readonly RespStub[] _stubs;

        public Pair(Func<Pair, int, string> answer)
        {
            _stubs = [Stub(0), Stub(1)];

            RespStub Stub(int no) => RespStub.Greeting(command => command[0] switch
            {
                "CLUSTER" => Map(),
                "ASKING" => "+OK\r\n",
                _ => answer(this, no),
            });
        }

        /// <summary>Whose the slots are by the map.</summary>
        public int Owner { get; set; }

        public string Address(int no) => $"127.0.0.1:{Port(no)}";

        public int Port(int no) => _stubs[no].Endpoint.Port;

        public Task<RedisClient> ConnectAsync(TimeSpan? timeout = null) => RedisClient.ConnectAsync(
            RedisOptions.Parse($"redis://{Address(0)}?mode=cluster") with
            {
                Connections = 1,
                CallTimeout = timeout ?? TimeSpan.FromMilliseconds(250),
            },
            None);

        public int Count(string command) => Sent(0).Concat(Sent(1)).Concat(Maps).Count(sent => sent == command);

        public IEnumerable<string> Sent(int no) => _stubs[no].Commands.Where(command => command != "CLUSTER SLOTS");

        public async ValueTask DisposeAsync()
        {
            foreach (var stub in _stubs)
            {
                await stub.DisposeAsync();
            }
        }

        private IEnumerable<string> Maps =>
            _stubs.SelectMany(stub => stub.Commands).Where(command => command == "CLUSTER SLOTS");

        private string Map() => string.Create(
            CultureInfo.InvariantCulture,
            $"*1\r\n*3\r\n:0\r\n:16383\r\n*3\r\n$9\r\n127.0.0.1\r\n:{Port(Owner)}\r\n$2\r\nid\r\n");
    }
}
