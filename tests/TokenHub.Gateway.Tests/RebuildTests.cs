using TokenHub.Core.Money;
using TokenHub.Core.Snapshots;
using TokenHub.Core.Usage;
using TokenHub.Gateway.Tests.Rig;
using TokenHub.Redis;
using TokenHub.TestKit;
using TokenHub.TestKit.Servers;
using Xunit;

namespace TokenHub.Gateway.Tests;

/// <summary>The gateway's part when Redis loses everything, or seconds, or comes back under another epoch.</summary>
[Trait("needs", "redis")]
public sealed class RebuildTests : IAsyncLifetime
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);
    private GatewayRig _rig = null!;
    private readonly TestClock _clock = new();
    private ScriptedUpstream _upstream = null!;

    public async ValueTask InitializeAsync()
    {
        _rig = await GatewayRig.StartAsync();
        _upstream = await _rig.AddUpstreamAsync(Provider.OpenAi, ["m"]);
        _upstream.Default = _ => ScriptedUpstreamScript.Answer(200, Dialects.Answer("chat"));
    }

    public ValueTask DisposeAsync() => _rig.DisposeAsync();

    [Fact]
    public async Task Request_that_meets_an_emptied_redis_waits_for_the_rebuild_and_is_served()
    {
        var caller = await _rig.AddCallerAsync();
        using (var before = await caller.PostAsync("/v1/chat/completions", Wire.ChatBody))
        {
            Assert.Equal(200, (int)before.StatusCode);
        }

        await WipeAsync();
        var clock = System.Diagnostics.Stopwatch.StartNew();
        using var after = await caller.PostAsync("/v1/chat/completions", Wire.ChatBody);

        Assert.Equal(200, (int)after.StatusCode);
        Assert.True(clock.Elapsed < TimeSpan.FromSeconds(4), $"{clock.Elapsed}");
        await _rig.AssertNothingHeldAsync(caller.Account);
    }

    [Fact]
    public async Task Shard_that_stays_closed_is_503_with_retry_after_when_the_wait_is_over()
    {
        var caller = await _rig.AddCallerAsync();
        await WarmAsync(caller);
        _rig.Plane.OpensShards = false;
        await WipeAsync();
        var clock = System.Diagnostics.Stopwatch.StartNew();
        using var during = await caller.PostAsync("/v1/chat/completions", Wire.ChatBody);

        await Dialects.AssertErrorAsync("chat", during, 503, "server_error");
        Assert.Equal("1", during.Header("retry-after"));
        Assert.InRange(clock.Elapsed.TotalSeconds, 4.5, 7);
        _rig.Plane.OpensShards = true;
        await Probe.UntilAsync(async () => await ServesAsync(caller), Patience, "service comes back");
    }

    [Fact]
    public async Task Running_stream_has_its_hold_again_before_the_shard_opens_and_ends_as_if_nothing_had_been()
    {
        var caller = await _rig.AddCallerAsync();
        var end = new TaskCompletionSource();
        _upstream.Default = _ => ScriptedUpstreamScript.StreamHead()
            .Chunk(Wire.ChatStream[..400]).WaitFor(end.Task).Chunk(Wire.ChatStream[400..]).EndChunks();
        using var running = await caller.PostAsync("/v1/chat/completions", Wire.ChatStreamBody);
        var held = (await _rig.Plane.ReadTillAsync(caller.Account))!.Held;
        Assert.True(held > Usd.Zero);
        _rig.Plane.OpensShards = false;
        await WipeAsync();

        await Probe.UntilAsync(
            () => _rig.Plane.Beats.Any(beat => beat.Ready > 0), Patience, "the gateway says that it is ready");
        Assert.Equal(held.Units.ToString(System.Globalization.CultureInfo.InvariantCulture), await PendingAsync(caller));

        _rig.Plane.OpensShards = true;
        end.SetResult();
        Assert.EndsWith("data: [DONE]\n\n", await running.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        Assert.Equal(Outcome.Completed, (await _rig.RecordOfAsync(running.RequestId())).Outcome);
        await _rig.AssertNothingHeldAsync(caller.Account);
    }

    [Fact]
    public async Task Charge_that_the_ledger_does_not_have_is_told_again()
    {
        var caller = await _rig.AddCallerAsync();
        await WarmAsync(caller);
        await Probe.UntilAsync(
            async () => (await _rig.Plane.ReadTillAsync(caller.Account))?.Unsettled == Usd.Zero,
            Patience,
            "the ledger has the first charge");
        var before = _rig.Plane.BalanceOf(caller.Account);
        _rig.Plane.RefusesUsage = true;
        using var served = await caller.PostAsync("/v1/chat/completions", Wire.ChatBody);
        Assert.True(UsdText.TryParse(served.Header("x-tokenhub-cost")!, out var cost));
        await Probe.UntilAsync(
            async () => (await _rig.Plane.ReadTillAsync(caller.Account))?.Unsettled == cost, Patience, "it is settled");
        await WipeAsync();

        // The account comes in with what the ledger has; what it does not have counts beside it.
        await Probe.UntilAsync(async () => await ServesAsync(caller), Patience, "service comes back");
        await Probe.UntilAsync(
            async () => await _rig.Plane.ReadTillAsync(caller.Account) is { } state
                && state.Balance == before && state.Unsettled > cost,
            Patience,
            "both charges stand in Redis");
        _rig.Plane.RefusesUsage = false;
        await _rig.RecordOfAsync(served.RequestId());
        await _rig.AssertNothingHeldAsync(caller.Account);
    }

    [Fact]
    public async Task Hold_that_redis_lost_without_anyone_noticing_comes_back_when_all_is_told_again()
    {
        var caller = await _rig.AddCallerAsync();
        var end = new TaskCompletionSource();
        _upstream.Default = _ => ScriptedUpstreamScript.StreamHead()
            .Chunk(Wire.ChatStream[..400]).WaitFor(end.Task).Chunk(Wire.ChatStream[400..]).EndChunks();
        using var running = await caller.PostAsync("/v1/chat/completions", Wire.ChatStreamBody);
        await _rig.CommandAsync("DEL", RedisKeys.Holds(caller.Account));
        await _rig.CommandAsync("HSET", RedisKeys.Account(caller.Account), "pend", "0");

        _rig.Plane.Replay = 7;

        await Probe.UntilAsync(
            async () => (await _rig.Plane.ReadTillAsync(caller.Account))!.OpenHolds == 1, Patience, "the hold is back");
        end.SetResult();
        await running.Content.ReadAsStringAsync();
        await _rig.AssertNothingHeldAsync(caller.Account);
    }

    [Fact]
    public async Task Gateway_knows_what_is_open_and_young_and_says_no_to_what_is_not()
    {
        var caller = await _rig.AddCallerAsync();
        var end = new TaskCompletionSource();
        _upstream.Default = _ => ScriptedUpstreamScript.StreamHead()
            .Chunk(Wire.ChatStream[..400]).WaitFor(end.Task).Chunk(Wire.ChatStream[400..]).EndChunks();
        using var running = await caller.PostAsync("/v1/chat/completions", Wire.ChatStreamBody);
        var open = running.RequestId();
        var known = new Gateway.Settlement.KnownRequests(_rig.Host.Rooms.Table, _rig.Host.Rooms.Ids, _clock);
        string Id(uint counter) =>
            Core.Requests.RequestId.Create(1, open.GatewayNo, open.BootNo, counter).ToString();
        var last = _rig.Host.Rooms.Ids.Last;
        known.Mark();
        Assert.Empty(known.NotAmong([open.ToString(), Id(last), Id(last + 5)]));

        _clock.Advance(Gateway.Settlement.KnownRequests.YoungFor);
        known.Mark();

        Assert.Equal([Id(last)], known.NotAmong([open.ToString(), Id(last), Id(last + 5)]));
        end.SetResult();
        await running.Content.ReadAsStringAsync();
        await Probe.UntilAsync(() => _rig.Host.Rooms.Table.OpenCount == 0, Patience, "the request has ended");
        Assert.Equal(2, known.NotAmong([open.ToString(), Id(last), Id(last + 5)]).Count);
    }

    private async Task WarmAsync(GatewayRig.Caller caller)
    {
        using var response = await caller.PostAsync("/v1/chat/completions", Wire.ChatBody);
        Assert.Equal(200, (int)response.StatusCode);
        await _rig.AssertNothingHeldAsync(caller.Account);
    }

    private static async Task<bool> ServesAsync(GatewayRig.Caller caller)
    {
        using var response = await caller.PostAsync("/v1/chat/completions", Wire.ChatBody);
        return response.IsSuccessStatusCode;
    }

    private Task<string> WipeAsync() => _rig.CommandAsync("FLUSHALL");

    private async Task<string> PendingAsync(GatewayRig.Caller caller) =>
        await _rig.CommandAsync("HGET", RedisKeys.Account(caller.Account), "pend");
}
