using System.Text.Json;
using TokenHub.Core.Snapshots;
using TokenHub.Gateway.Affinity;
using TokenHub.Gateway.Tests.Rig;
using TokenHub.TestKit;
using TokenHub.TestKit.Servers;
using Xunit;

namespace TokenHub.Gateway.Tests.Affinity;

/// <summary>Conversations through a whole gateway with a real Redis: where they go, and what moves them.</summary>
[Trait("needs", "redis")]
public sealed class BindingTests : IAsyncLifetime
{
    private static readonly AffinityRule Failover = new() { Id = 11, Name = "ours", Source = "header:x-session-id +prefix" };
    private static readonly AffinityRule Pinned = new()
    {
        Id = 12, Name = "pinned", Path = "/v1/messages", Source = "/metadata/user_id", IsPinned = true,
    };

    private readonly List<ScriptedUpstream> _upstreams = [];
    private ChannelEntry[] _channels = [];
    private GatewayRig _rig = null!;
    private GatewayRig.Caller _caller = null!;

    public async ValueTask InitializeAsync()
    {
        _rig = await GatewayRig.StartAsync(Patiently);
        _caller = await _rig.AddCallerAsync("1000");
        for (var i = 1; i <= 4; i++)
        {
            var upstream = ScriptedUpstream.Start();
            upstream.Default = request => ScriptedUpstreamScript.Answer(
                200, request.Target.Contains("messages") ? Wire.MessagesAnswer : Wire.ChatAnswer);
            _upstreams.Add(upstream);
        }

        _channels = [.. _upstreams.Select((upstream, i) => Entries.Channel(
            i + 1, upstream.Url, Provider.Anthropic, ["claude-*"]) with { AffinityGeneration = 1 })];
        await PublishAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await _rig.DisposeAsync();
        foreach (var upstream in _upstreams)
        {
            await upstream.DisposeAsync();
        }
    }

    [Fact]
    [Trait("row", "S06")]
    public async Task Conversation_stays_at_one_of_four_accounts_and_others_go_to_the_others()
    {
        // So many that chance leaves out one of four accounts once in a quarter of a million runs.
        const int Conversations = 48;
        var homes = new HashSet<int>();
        for (var conversation = 0; conversation < Conversations; conversation++)
        {
            var first = await AskAsync($"c{conversation}");
            homes.Add(first);
            for (var turn = 1; turn < 5; turn++)
            {
                Assert.Equal(first, await AskAsync($"c{conversation}"));
            }
        }

        Assert.Equal(4, homes.Count);
    }

    [Fact]
    public async Task Binding_is_in_redis_for_the_rules_time_and_outlives_the_gateway()
    {
        await PublishAsync(Failover with { TtlSeconds = 900 });
        var home = await AskAsync("c");
        var key = await BindingKeyAsync();

        Assert.InRange(long.Parse((await _rig.Redis.AskAsync("PTTL", key)).Trim()[1..], null), 800_000, 900_000);
        await _rig.RestartGatewayAsync(Patiently);
        for (var i = 0; i < 8; i++)
        {
            Assert.Equal(home, await AskAsync("c"));
        }
    }

    [Fact]
    [Trait("row", "A30")]
    public async Task Failure_moves_the_conversation_and_success_elsewhere_binds_it_there()
    {
        var home = await AskAsync("c");
        Break(home, 429);

        var next = await AskAsync("c");

        Assert.NotEqual(home, next);
        Mend(home);
        for (var i = 0; i < 4; i++)
        {
            Assert.Equal(next, await AskAsync("c"));
        }
    }

    [Theory]
    [Trait("row", "A30")]
    [InlineData(429)]
    [InlineData(500)]
    public async Task Pinned_conversation_is_tried_nowhere_else(int status)
    {
        await PublishAsync(Pinned);
        var home = await AskAsync("c");
        var before = Counts();
        Break(home, status);

        for (var i = 0; i < 3; i++)
        {
            using var response = await PostAsync("c");
            Assert.False(response.IsSuccessStatusCode);
        }

        Assert.Equal(before.Select((count, i) => count + (i == home ? 3 : 0)), Counts());
        Mend(home);
        Assert.Equal(home, await AskAsync("c"));
    }

    [Fact]
    [Trait("row", "A30")]
    public async Task Another_model_of_the_channel_goes_to_the_same_one_and_a_foreign_one_moves_nothing()
    {
        await PublishAsync(Failover with { Source = "header:x-session-id" });
        var home = await AskAsync("c");
        Assert.Equal(home, await AskAsync("c", "claude-haiku"));
        var foreign = (home + 1) % 4;
        _channels[foreign] = _channels[foreign] with { Models = ["claude-*", "gpt-*"] };
        await PublishAsync(Failover with { Source = "header:x-session-id" });

        Assert.Equal(foreign, await AskAsync("c", "gpt-5"));

        Assert.Equal(home, await AskAsync("c"));
        Assert.Equal(home, await AskAsync("c"));
    }

    [Theory]
    [InlineData("rule")]
    [InlineData("channel")]
    [InlineData("left")]
    [InlineData("disabled rule")]
    public async Task Flush_unbinds_at_once(string what)
    {
        var home = await AskAsync("c");
        var other = (home + 1) % 4;
        for (var i = 0; i < 4; i++)
        {
            // Who is bound nowhere now goes to the other one.
            _channels[i] = _channels[i] with { Priority = i == other ? 9 : 0 };
        }

        await PublishAsync();
        Assert.Equal(home, await AskAsync("c"));
        var rule = what == "rule" ? Failover with { Generation = 1 } : Failover;
        if (what == "channel")
        {
            _channels[home] = _channels[home] with { AffinityGeneration = 2 };
        }

        await (what switch
        {
            "left" => _rig.PublishAsync(Entries.Snapshot([.. _channels.Where((_, i) => i != home)], GatewayRig.Price) with
            {
                AffinityRules = [rule],
            }),
            "disabled rule" => _rig.PublishAsync(Entries.Snapshot(_channels, GatewayRig.Price)),
            _ => PublishAsync(rule),
        });

        Assert.Equal(other, await AskAsync("c"));
    }

    [Fact]
    [Trait("row", "B35")]
    public async Task Same_session_of_two_tenants_or_groups_is_two_conversations()
    {
        var other = await _rig.AddCallerAsync("1000");
        for (var i = 0; i < 4; i++)
        {
            _channels[i] = _channels[i] with { Groups = [i < 2 ? "a" : "b"] };
        }

        await PublishAsync();
        var homes = new List<int>();
        foreach (var (caller, prefix) in new[] { (_caller, "/a"), (_caller, "/b"), (other, "/a"), (other, "/b") })
        {
            _caller = caller;
            var home = await AskAsync("same", path: prefix + "/v1/messages");
            homes.Add(home);
            Assert.Equal(prefix == "/a", home < 2);
            for (var i = 0; i < 4; i++)
            {
                Assert.Equal(home, await AskAsync("same", path: prefix + "/v1/messages"));
            }
        }

        await Probe.UntilAsync(
            async () => (await _rig.Redis.AskAsync("KEYS", "af:*")).StartsWith("*4", StringComparison.Ordinal),
            TimeSpan.FromSeconds(30), "four bindings");
    }

    [Fact]
    public async Task Channel_outside_of_the_keys_scope_is_not_used_for_being_bound()
    {
        var home = await AskAsync("c");
        _caller = _caller with { Secret = await _rig.Plane.AddKeyAsync(_caller.Key with { Id = 77, Channels = [((home + 1) % 4) + 1] }) };

        Assert.Equal((home + 1) % 4, await AskAsync("c"));
    }

    [Fact]
    public async Task First_token_slower_than_the_rule_allows_unbinds()
    {
        await PublishAsync(Failover with { UnbindAfterMs = 1_500 });
        _upstreams.ForEach(upstream => upstream.Default = _ => ScriptedUpstreamScript.Stream(Wire.MessagesStream));
        var home = await AskAsync("c", stream: true);
        var key = await BindingKeyAsync();
        _upstreams[home].Default = _ => ScriptedUpstreamScript.StreamHead()
            .Pause(TimeSpan.FromSeconds(3)).Chunk(Wire.MessagesStream).EndChunks();

        Assert.Equal(home, await AskAsync("c", stream: true));

        await Probe.UntilAsync(
            async () => (await _rig.Redis.AskAsync("EXISTS", key)).StartsWith(":0", StringComparison.Ordinal),
            TimeSpan.FromSeconds(30), "the conversation is unbound");
    }

    [Fact]
    public async Task Translated_conversation_takes_its_identity_to_the_upstreams_cache()
    {
        _channels = [.. _channels.Select(channel => channel with { Provider = Provider.OpenAi })];
        await PublishAsync();
        _upstreams.ForEach(upstream => upstream.Default = _ => ScriptedUpstreamScript.Answer(200, Wire.ResponsesAnswer));

        foreach (var session in new[] { "a", "a", "b" })
        {
            using var response = await PostAsync(session);
            Assert.True(response.IsSuccessStatusCode, await response.Content.ReadAsStringAsync());
        }

        var keys = _upstreams.SelectMany(upstream => upstream.Requests)
            .Select(request => JsonDocument.Parse(request.Body).RootElement.GetProperty("prompt_cache_key").GetString()!).ToList();
        Assert.All(keys, key => Assert.Equal(32, key.Length));
        Assert.Equal([1, 2], keys.GroupBy(key => key).Select(group => group.Count()).Order());
    }

    [Fact]
    public async Task What_another_version_wrote_counts_as_unbound()
    {
        await AskAsync("c");
        var key = await BindingKeyAsync();
        await _rig.RestartGatewayAsync(Patiently);
        await _rig.CommandAsync("SET", key, "v9:something else");

        await AskAsync("c");

        await Probe.UntilAsync(
            async () => (await _rig.Redis.AskAsync("STRLEN", key)).StartsWith($":{BindingCodec.Bytes}", StringComparison.Ordinal),
            TimeSpan.FromSeconds(30), "it is bound anew");
    }

    // A Redis that once takes longer than a request may wait would send conversations elsewhere.
    private static GatewayOptions Patiently(GatewayOptions options) =>
        options with { BindingPatience = TimeSpan.FromSeconds(4) };

    private Task PublishAsync(params AffinityRule[] rules) => _rig.PublishAsync(
        Entries.Snapshot(_channels, GatewayRig.Price) with { AffinityRules = rules.Length > 0 ? rules : [Failover] });

    private async Task<string> BindingKeyAsync()
    {
        var keys = "";
        await Probe.UntilAsync(
            async () => (keys = await _rig.Redis.AskAsync("KEYS", "af:*")).StartsWith("*1", StringComparison.Ordinal),
            TimeSpan.FromSeconds(30), "the binding is there");
        return keys[keys.IndexOf("af:", StringComparison.Ordinal)..].Trim();
    }

    private int[] Counts() => [.. _upstreams.Select(upstream => upstream.Requests.Count)];

    private void Break(int home, int status) => _upstreams[home].Default =
        _ => ScriptedUpstreamScript.Answer(status, """{"type":"error","error":{"type":"api_error","message":"no"}}""");

    private void Mend(int home) => _upstreams[home].Default = _ => ScriptedUpstreamScript.Answer(200, Wire.MessagesAnswer);

    private Task<HttpResponseMessage> PostAsync(
        string session, string model = "claude-x", string path = "/v1/messages", bool stream = false) => _caller.PostAsync(
        path,
        $$"""{"model":"{{model}}","max_tokens":9,"stream":{{(stream ? "true" : "false")}},"metadata":{"user_id":"{{session}}"},"messages":[{"role":"user","content":"Hi"}]}""",
        "x-session-id: " + session);

    /// <summary>Which upstream answered.</summary>
    private async Task<int> AskAsync(
        string session, string model = "claude-x", string path = "/v1/messages", bool stream = false)
    {
        var before = Counts();
        using var response = await PostAsync(session, model, path, stream);
        Assert.True(response.IsSuccessStatusCode, await response.Content.ReadAsStringAsync());
        await response.Content.ReadAsStringAsync();
        var asked = Enumerable.Range(0, 4).Where(i => _upstreams[i].Requests.Count > before[i]).ToList();
        return asked.Count == 1 ? asked[0] : (int)(await _rig.RecordOfAsync(response.RequestId())).Channel - 1;
    }
}
