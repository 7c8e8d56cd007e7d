using TokenHub.Core.Keys;
using TokenHub.Core.Snapshots;
using TokenHub.Core.Usage;
using TokenHub.Gateway.Tests.Rig;
using TokenHub.TestKit;
using TokenHub.TestKit.Servers;
using Xunit;

namespace TokenHub.Gateway.Tests;

/// <summary>What the gateway does while a part it stands on is away, and that it comes back by itself.</summary>
[Trait("needs", "redis")]
public sealed class OutageTests : IAsyncLifetime
{
    private GatewayRig _rig = null!;
    private ScriptedUpstream _upstream = null!;

    public static TheoryData<string> AllDialects => Dialects.All;

    public async ValueTask InitializeAsync()
    {
        _rig = await GatewayRig.StartAsync();
        foreach (var dialect in new[] { "chat", "messages", "gemini" })
        {
            _upstream = await _rig.AddUpstreamAsync(Dialects.Provider(dialect), ["m"]);
            _upstream.Default = _ => ScriptedUpstreamScript.Answer(200, Dialects.Answer(dialect));
        }
    }

    public ValueTask DisposeAsync() => _rig.DisposeAsync();

    [Fact]
    public async Task Redis_away_is_503_with_retry_after_within_bounds_and_service_comes_back()
    {
        var caller = await _rig.AddCallerAsync();
        using (var before = await caller.PostAsync("/v1/chat/completions", Wire.ChatBody))
        {
            Assert.Equal(200, (int)before.StatusCode);
        }

        await _rig.Redis.KillAsync();
        foreach (var dialect in new[] { "chat", "messages", "gemini" })
        {
            var clock = System.Diagnostics.Stopwatch.StartNew();
            using var during = await caller.PostAsync(Dialects.Path(dialect), Dialects.Body(dialect));
            await Dialects.AssertErrorAsync(dialect, during, 503, Dialects.Unavailable(dialect));
            Assert.Equal("1", during.Header("retry-after"));
            Assert.True(clock.Elapsed < TimeSpan.FromSeconds(2), $"{clock.Elapsed}");
        }

        using (var ready = await _rig.Http.GetAsync(new Uri(_rig.Address, "/readyz")))
        {
            Assert.Equal(503, (int)ready.StatusCode);
        }

        await _rig.Redis.RestartAsync();
        await Probe.UntilAsync(
            async () =>
            {
                using var after = await caller.PostAsync("/v1/chat/completions", Wire.ChatBody);
                return after.IsSuccessStatusCode;
            },
            TimeSpan.FromSeconds(30),
            "service comes back");
        await _rig.AssertNothingHeldAsync(caller.Account);
    }

    [Fact]
    public async Task Redis_that_hangs_is_503_and_what_it_held_meanwhile_is_given_back()
    {
        await _rig.RestartGatewayAsync(options => options with { RedisCallTimeout = TimeSpan.FromMilliseconds(250) });
        var caller = await _rig.AddCallerAsync();
        using (var before = await caller.PostAsync("/v1/chat/completions", Wire.ChatBody))
        {
            Assert.Equal(200, (int)before.StatusCode);
        }

        await _rig.AssertNothingHeldAsync(caller.Account);
        _rig.Redis.Freeze();
        using var during = await caller.PostAsync("/v1/chat/completions", Wire.ChatBody);
        _rig.Redis.Resume();

        await Dialects.AssertErrorAsync("chat", during, 503, "server_error");
        await _rig.AssertNothingHeldAsync(caller.Account);
    }

    [Fact]
    public async Task Control_plane_away_leaves_known_callers_served_and_unknown_ones_refused_clearly()
    {
        var caller = await _rig.AddCallerAsync();
        using (var before = await caller.PostAsync("/v1/chat/completions", Wire.ChatBody))
        {
            Assert.Equal(200, (int)before.StatusCode);
        }

        var fresh = await _rig.AddCallerAsync();
        _rig.Plane.IsAway = true;

        using var known = await caller.PostAsync("/v1/chat/completions", Wire.ChatBody);
        using var unknown = await (caller with { Secret = HubKey.Create() }).PostAsync("/v1/chat/completions", Wire.ChatBody);
        using var unhydrated = await fresh.PostAsync("/v1/chat/completions", Wire.ChatBody);

        Assert.Equal(200, (int)known.StatusCode);
        await Dialects.AssertErrorAsync("chat", unknown, 503, "server_error");
        await Dialects.AssertErrorAsync("chat", unhydrated, 503, "server_error");
        _rig.Plane.IsAway = false;
        Assert.Equal(Outcome.Completed, (await _rig.RecordOfAsync(known.RequestId())).Outcome);
        await _rig.AssertNothingHeldAsync(caller.Account);
    }

    [Fact]
    public async Task Gateway_starts_from_the_snapshot_on_its_disk_and_serves()
    {
        var caller = await _rig.AddCallerAsync();
        await _rig.RestartGatewayAsync();

        using var response = await caller.PostAsync("/v1/chat/completions", Wire.ChatBody);

        Assert.Equal(200, (int)response.StatusCode);
    }

    [Fact]
    public async Task Gateway_starts_and_serves_without_the_control_plane_under_a_boot_of_its_own()
    {
        var caller = await _rig.AddCallerAsync();
        using (var before = await caller.PostAsync("/v1/chat/completions", Wire.ChatBody))
        {
            Assert.Equal((200, 1), ((int)before.StatusCode, before.RequestId().BootNo));
        }

        await _rig.AssertNothingHeldAsync(caller.Account);
        _rig.Plane.IsAway = true;
        await _rig.RestartGatewayAsync();
        using var served = await caller.PostAsync("/v1/chat/completions", Wire.ChatBody);
        Assert.Equal((200, 2), ((int)served.StatusCode, served.RequestId().BootNo));
        await _rig.RestartGatewayAsync();
        using var again = await caller.PostAsync("/v1/chat/completions", Wire.ChatBody);
        Assert.Equal((200, 3), ((int)again.StatusCode, again.RequestId().BootNo));

        _rig.Plane.IsAway = false;
        await _rig.RecordOfAsync(served.RequestId());
        await _rig.RecordOfAsync(again.RequestId());
        await _rig.AssertNothingHeldAsync(caller.Account);
    }

    [Fact]
    public async Task Draining_refuses_new_requests_and_lets_running_streams_finish()
    {
        var caller = await _rig.AddCallerAsync();
        var gate = new TaskCompletionSource();
        var upstream = await _rig.AddUpstreamAsync(Provider.OpenAi, ["slow"]);
        upstream.Default = _ => ScriptedUpstreamScript.StreamHead()
            .Chunk(Wire.ChatStream[..400]).WaitFor(gate.Task).Chunk(Wire.ChatStream[400..]).EndChunks();
        using var running = await caller.PostAsync(
            "/v1/chat/completions", Wire.ChatStreamBody.Replace("\"m\"", "\"slow\"", StringComparison.Ordinal));

        var stopping = _rig.Host.StopAsync();
        using var refused = await caller.PostAsync("/v1/messages", Wire.MessagesBody);
        await Dialects.AssertErrorAsync("messages", refused, 503, "overloaded_error");
        Assert.Equal("1", refused.Header("retry-after"));
        gate.SetResult();

        Assert.EndsWith("data: [DONE]\n\n", await running.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        await stopping.WaitAsync(TimeSpan.FromSeconds(10));
        Assert.Equal(Outcome.Completed, _rig.Plane.Find(running.RequestId())!.Outcome);
    }

    [Fact]
    public async Task Drain_that_takes_too_long_cuts_the_stream_and_still_bills_what_was_served()
    {
        var caller = await _rig.AddCallerAsync();
        var upstream = await _rig.AddUpstreamAsync(Provider.OpenAi, ["endless"]);
        upstream.Default = _ => ScriptedUpstreamScript.StreamHead().Chunk(Wire.ChatStream[..400]).Hang();
        using var running = await caller.PostAsync(
            "/v1/chat/completions", Wire.ChatStreamBody.Replace("\"m\"", "\"endless\"", StringComparison.Ordinal));

        await _rig.Host.StopAsync().WaitAsync(TimeSpan.FromSeconds(15));

        var record = _rig.Plane.Find(running.RequestId())!;
        Assert.Equal(Outcome.ClientCut, record.Outcome);
        Assert.True(record.Usage.Output > 0);
    }
}
