using System.Globalization;
using System.Text;
using TokenHub.Redis.Channels;
using TokenHub.Redis.Cluster;
using TokenHub.Redis.Resp;
using TokenHub.Redis.Scripts;
using TokenHub.Redis.Tests.Model;
using TokenHub.Redis.Tests.Servers;
using TokenHub.TestKit.Servers;

namespace TokenHub.Redis.Tests.Cluster;

/// <summary>A real cluster of three nodes in good health.</summary>
public sealed class ClusterTests(ClusterFixture fixture) : IClassFixture<ClusterFixture>
{
    private static CancellationToken None => CancellationToken.None;

    private RedisClient Client => fixture.Client;

    [Fact]
    public async Task Every_script_runs_for_accounts_of_every_node()
    {
        var runner = new NotingRunner(Client.Runner);
        var till = new Redis.Till(runner);
        var owners = new HashSet<(RedisServer, string)>();
        void Note(string kind, string key) =>
            owners.Add((fixture.Cluster.FirstOwnerOf(HashSlot.Of(Encoding.ASCII.GetBytes(key))), kind));
        for (var id = 1L; id <= 60; id++)
        {
            await Lives.LiveAsync(till, id);
            await Lives.SitAsync(new ChannelSeats(runner), 10_000 + id);
            await Lives.FlowAsync(new GroupRates(runner), $"g{id}");
            Note("account", RedisKeys.Account(id));
            Note("channel", RedisKeys.ChannelState(10_000 + id));
            Note("group", RedisKeys.GroupRates($"g{id}"));
        }

        Assert.Equal(3 * RedisCluster.MasterCount, owners.Count);
        Assert.Equal(LuaScripts.All.Select(script => script.Name).Order(), runner.Names.Order());
    }

    [Fact]
    public async Task Slots_are_counted_as_the_server_counts_them()
    {
        string[] keys =
        [
            "", "a", "123456789", "{user1000}.following", "foo{}{bar}", "foo{{bar}}zap", "foo{bar}{zap}", "{", "}{",
            "{}", "a}b{c", "{open", "\u00e9t\u00e9", .. Enumerable.Range(0, 256).Select(RedisKeys.Epoch),
        ];
        foreach (var key in keys)
        {
            var told = (await ServerState.ListAsync(Client.Runner, "CLUSTER", "KEYSLOT", key))[0];
            Assert.Equal(told, HashSlot.Of(Encoding.UTF8.GetBytes(key)).ToString(CultureInfo.InvariantCulture));
        }
    }

    [Fact]
    public void Shards_fall_in_slots_of_their_own() =>
        Assert.Equal(
            Shards.Count,
            Enumerable.Range(0, Shards.Count).Select(n => HashSlot.Of(Encoding.ASCII.GetBytes(RedisKeys.Epoch(n))))
                .Distinct().Count());

    [Fact]
    public async Task Many_keys_are_set_and_read_whatever_node_has_them()
    {
        var tag = Guid.NewGuid().ToString("n");
        var keys = Enumerable.Range(0, 500).Select(i => $"{tag}:{{{i % 200}}}:{i}").ToArray();
        var pairs = keys.Where((_, i) => i % 3 > 0)
            .Select(key => KeyValuePair.Create(key, (ReadOnlyMemory<byte>)Encoding.ASCII.GetBytes("v" + key)));

        await Client.SetManyAsync([.. pairs], None);
        var values = await Client.GetManyAsync(keys, None);

        Assert.Equal(
            keys.Select((key, i) => i % 3 > 0 ? "v" + key : null),
            values.Select(value => value is null ? null : Encoding.ASCII.GetString(value)));
        Assert.Empty(await Client.GetManyAsync([], None));
    }

    [Fact]
    public async Task Nodes_are_listed_with_their_slots_and_run_ids()
    {
        var nodes = Client.Nodes;

        Assert.Equal(
            fixture.Cluster.Nodes.Select(node => $"127.0.0.1:{node.Port}").Order(),
            nodes.Select(node => node.Endpoint).Order());
        Assert.Equal(3, nodes.Select(node => node.RunId).Where(id => id.Length == 40).Distinct().Count());
        Assert.Equal(HashSlot.Count, nodes.Sum(node => node.Slots.Sum(range => range.Last - range.First + 1)));
        Assert.Equal(0, Client.Generation);
        foreach (var server in fixture.Cluster.Nodes)
        {
            var info = await server.AskAsync("INFO", "server");
            var node = nodes.Single(node => node.Endpoint == $"127.0.0.1:{server.Port}");
            Assert.Contains($"run_id:{node.RunId}", info, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    public async Task One_address_without_a_mode_is_enough_to_find_the_cluster(int node)
    {
        await using var client = await RedisClient.ConnectAsync(
            Backends.Patient($"redis://127.0.0.1:{fixture.Cluster.Nodes[node].Port}"), None);

        Assert.Equal(3, client.Nodes.Count);
        await Lives.LiveAsync(new Redis.Till(client.Runner), Backends.NextAccount());
    }

    [Fact]
    public async Task Addresses_that_do_not_answer_are_passed_over()
    {
        var dead = FreePort.Next();
        foreach (var mode in new[] { "", "?mode=cluster" })
        {
            await using var client = await RedisClient.ConnectAsync(
                Backends.Patient($"redis://127.0.0.1:{dead},127.0.0.1:{fixture.Cluster.Nodes[1].Port}{mode}"), None);
            Assert.Equal(3, client.Nodes.Count);
        }
    }

    [Fact]
    public async Task Message_is_heard_whatever_node_it_was_given_to()
    {
        await using var other = await RedisClient.ConnectAsync(fixture.Options, None);
        var heard = new HashSet<string>();
        var gaps = 0;
        other.Subscriber.Subscribe(
            "news", message => heard.Add(Encoding.ASCII.GetString(message)), () => Interlocked.Increment(ref gaps));
        await Probe.UntilAsync(() => other.Subscriber.IsConnected, TimeSpan.FromSeconds(10), "it listens");

        for (var i = 0; i < 12; i++)
        {
            await Client.PublishAsync("news", Encoding.ASCII.GetBytes($"{i}"), None);
        }

        await Probe.UntilAsync(() => heard.Count == 12, TimeSpan.FromSeconds(10), "all is heard");
        Assert.True(gaps >= 1);
    }

    [Fact]
    public async Task Isolation_of_scripts_is_tried_on_every_node()
    {
        var before = await Task.WhenAll(fixture.Cluster.Nodes.Select(CallsOfEvalAsync));
        await ScriptIsolation.VerifyAsync(RedisOptions.Parse(fixture.Cluster.Url), None);
        var after = await Task.WhenAll(fixture.Cluster.Nodes.Select(CallsOfEvalAsync));

        Assert.All(before.Zip(after), pair => Assert.True(pair.Second >= pair.First + 6, $"{pair}"));
    }

    [Fact]
    public async Task Keys_of_several_slots_in_one_call_are_refused()
    {
        var error = await Assert.ThrowsAsync<RedisUnavailableException>(
            () => ServerState.ListAsync(Client.Runner, "MGET", "a", "b"));

        Assert.Equal(RedisFault.ServerError, error.Fault);
    }

    [Fact]
    public async Task Database_other_than_the_first_is_refused()
    {
        Assert.False(RedisOptions.TryParse("redis://h/1?mode=cluster", out _, out _));
        await Assert.ThrowsAsync<RedisUnavailableException>(() => RedisClient.ConnectAsync(
            Backends.Patient($"redis://127.0.0.1:{fixture.Cluster.Nodes[0].Port}/1"), None));
    }

    // Which scripts were run: a new one that nobody runs on a Cluster shows.
    private sealed class NotingRunner(IScriptRunner inner) : IScriptRunner
    {
        public HashSet<string> Names { get; } = [];

        public RespCall Begin(LuaScript script)
        {
            Names.Add(script.Name);
            return inner.Begin(script);
        }

        public RespCall Begin(ReadOnlySpan<byte> command) => inner.Begin(command);

        public ValueTask<RespReply> RunAsync(RespCall begun, CancellationToken cancellationToken) =>
            inner.RunAsync(begun, cancellationToken);
    }

    private static async Task<int> CallsOfEvalAsync(RedisServer server)
    {
        var calls = 0;
        foreach (var line in (await server.AskAsync("INFO", "commandstats")).Split('\n'))
        {
            if (line.StartsWith("cmdstat_eval", StringComparison.Ordinal))
            {
                calls += int.Parse(line.Split("calls=")[1].Split(',')[0], CultureInfo.InvariantCulture);
            }
        }

        return calls;
    }
}
