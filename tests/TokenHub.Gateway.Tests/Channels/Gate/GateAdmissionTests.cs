using System.Net;
using TokenHub.Core.Money;
using TokenHub.Core.Quota;
using TokenHub.Core.Snapshots;
using TokenHub.Core.Usage;
using TokenHub.Gateway.Channels.Gate;
using TokenHub.Gateway.Tests.Rig;
using TokenHub.TestKit;
using TokenHub.TestKit.Servers;
using Xunit;

namespace TokenHub.Gateway.Tests.Channels.Gate;

/// <summary>Limits of channels as callers meet them.</summary>
[Trait("needs", "redis")]
public sealed class GateAdmissionTests : IAsyncLifetime
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);
    private GatewayRig _rig = null!;

    public async ValueTask InitializeAsync() => _rig = await GatewayRig.StartAsync();

    public ValueTask DisposeAsync() => _rig.DisposeAsync();

    [Fact]
    [Trait("row", "B06")]
    [Trait("row", "T09")]
    public async Task Full_channel_is_passed_over_and_taken_again_when_its_slot_is_free()
    {
        var first = await AddAsync(entry => entry with { MaxConcurrency = 1, Priority = 9 });
        var second = await AddAsync(entry => entry);
        var caller = await _rig.AddCallerAsync();
        first.Default = _ => ScriptedUpstreamScript.Silence();
        second.Default = _ => ScriptedUpstreamScript.Answer(200, Wire.ChatAnswer);

        using var leave = new CancellationTokenSource();
        var hanging = caller.SendAsync(HttpMethod.Post, "/v1/chat/completions", Wire.ChatBody, leave.Token);
        await Probe.UntilAsync(() => first.Requests.Count == 1, Patience, "the slot is taken");
        using (var beside = await caller.PostAsync("/v1/chat/completions", Wire.ChatBody))
        {
            Assert.Equal(HttpStatusCode.OK, beside.StatusCode);
        }

        Assert.Single(second.Requests);
        first.Default = _ => ScriptedUpstreamScript.Answer(200, Wire.ChatAnswer);
        await leave.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => hanging);
        await Probe.UntilAsync(() => LiveOf(1).SlotsUsed == 0, Patience, "the slot is given back");
        using var again = await caller.PostAsync("/v1/chat/completions", Wire.ChatBody);

        Assert.Equal(HttpStatusCode.OK, again.StatusCode);
        Assert.Equal(2, first.Requests.Count);
        await Probe.UntilAsync(() => LiveOf(1).Running == 0, Patience, "nothing is running");
    }

    [Fact]
    [Trait("row", "A34")]
    public async Task Used_up_window_turns_callers_away_with_the_time_to_wait()
    {
        var window = new WindowEntry { Kind = QuotaKind.Requests, Limit = 2, Unit = PeriodUnit.Month, Count = 1200 };
        var upstream = await AddAsync(entry => entry with { Windows = [window] });
        upstream.Default = _ => ScriptedUpstreamScript.Answer(200, Wire.ChatAnswer);
        var caller = await _rig.AddCallerAsync();

        for (var i = 0; i < 2; i++)
        {
            using var served = await caller.PostAsync("/v1/chat/completions", Wire.ChatBody);
            Assert.Equal(HttpStatusCode.OK, served.StatusCode);
        }

        using var refused = await caller.PostAsync("/v1/chat/completions", Wire.ChatBody);

        Assert.Equal(HttpStatusCode.TooManyRequests, refused.StatusCode);
        Assert.True(refused.Headers.RetryAfter is not null);
        Assert.Equal(2, upstream.Requests.Count);
        await Probe.UntilAsync(() => LiveOf(1).ExhaustedUntil > 0, Patience, "the choice knows");
        Assert.Equal(0, LiveOf(1).LeftBp);
        await _rig.AssertNothingHeldAsync(caller.Account);
    }

    [Fact]
    [Trait("row", "A32")]
    [Trait("row", "A38")]
    public async Task Windows_count_what_was_used_by_the_channels_own_price()
    {
        WindowEntry[] windows = [Window(QuotaKind.Money), Window(QuotaKind.Tokens), Window(QuotaKind.Requests)];
        var upstream = await AddAsync(entry => entry with { Windows = windows });
        upstream.Enqueue(ScriptedUpstreamScript.Answer(500, "{}"));
        upstream.Enqueue(ScriptedUpstreamScript.Answer(200, Wire.ChatAnswer));
        var caller = await _rig.AddCallerAsync();

        using (var failed = await caller.PostAsync("/v1/chat/completions", Wire.ChatBody))
        {
            Assert.NotEqual(HttpStatusCode.OK, failed.StatusCode);
        }

        using (var served = await caller.PostAsync("/v1/chat/completions", Wire.ChatBody))
        {
            Assert.Equal(HttpStatusCode.OK, served.StatusCode);
        }

        var cost = TariffMath.Cost(GatewayRig.Tariff, new TokenUsage { Input = 11, Output = 7 }).Units;
        await Probe.UntilAsync(
            async () => (await FieldAsync(windows[2])).Split('|') is [_, _, "2", "0", _], Patience, "both are counted");
        Assert.Equal($"{cost}|0", UsedAndHeld(await FieldAsync(windows[0])));
        Assert.Equal("18|0", UsedAndHeld(await FieldAsync(windows[1])));
        Assert.Single(_rig.Plane.Recounts);
    }

    [Fact]
    [Trait("row", "A32")]
    public async Task Wiped_redis_does_not_give_the_quota_again()
    {
        var window = new WindowEntry { Kind = QuotaKind.Requests, Limit = 3, Unit = PeriodUnit.Month, Count = 1200 };
        var upstream = await AddAsync(entry => entry with { Windows = [window] });
        upstream.Default = _ => ScriptedUpstreamScript.Answer(200, Wire.ChatAnswer);
        var caller = await _rig.AddCallerAsync();
        for (var i = 0; i < 2; i++)
        {
            using var served = await caller.PostAsync("/v1/chat/completions", Wire.ChatBody);
            Assert.Equal(HttpStatusCode.OK, served.StatusCode);
        }

        await _rig.RecordsOfAsync(caller.Account, 2);
        await _rig.CommandAsync("DEL", Redis.RedisKeys.ChannelState(1));
        await _rig.CommandAsync("DEL", Redis.RedisKeys.ChannelPlaces(1));

        using var third = await caller.PostAsync("/v1/chat/completions", Wire.ChatBody);
        using var fourth = await caller.PostAsync("/v1/chat/completions", Wire.ChatBody);
        Assert.Equal(
            (HttpStatusCode.OK, HttpStatusCode.TooManyRequests), (third.StatusCode, fourth.StatusCode));
    }

    [Fact]
    [Trait("row", "A22")]
    [Trait("row", "A33")]
    [Trait("row", "S05")]
    public async Task Fire_sale_is_known_before_anybody_calls()
    {
        await AddAsync(entry => entry with
        {
            Windows = [new WindowEntry { Kind = QuotaKind.Tokens, Limit = 1_000, Unit = PeriodUnit.Day }],
            FireSale = new FireSaleEntry
            {
                BeforeEndSeconds = 2 * 86_400, LeastLeftBp = 5_000, WeightFactorBp = 30_000, PriceFactorBp = 7_000,
            },
        });

        await Probe.UntilAsync(() => LiveOf(1).FireSaleBp == 7_000, Patience, "the price has come down");
        Assert.Equal((30_000, 10_000, 10_000), (LiveOf(1).WeightBp, LiveOf(1).SurgeBp, LiveOf(1).LeftBp));
    }

    [Fact]
    [Trait("row", "A32")]
    public async Task Without_redis_a_channel_keeps_to_what_its_gateway_knows()
    {
        var upstream = await AddAsync(entry => entry with { MaxConcurrency = 1 });
        var channel = Assert.Single(_rig.Host.Rooms.Snapshots.Current.Channels);
        await _rig.Redis.KillAsync();
        var gate = _rig.Host.Channels.Gate;

        var first = await gate.EnterAsync(channel, new(1, 1), 1, 0, Usd.Zero, default);
        var second = await gate.EnterAsync(channel, new(1, 2), 1, 0, Usd.Zero, default);

        Assert.Equal(
            (GateCode.Unavailable, GateCode.Full), (first.Code, second.Code));
        Assert.Empty(upstream.Requests);
    }

    [Fact]
    public async Task Channel_that_has_begun_to_rest_since_the_plan_was_made_comes_after_the_others()
    {
        var first = await AddAsync(entry => entry with { Priority = 9 });
        var second = await AddAsync(entry => entry with { Priority = 5 });
        var third = await AddAsync(entry => entry with { MaxConcurrency = 1 });
        var gate = new TaskCompletionSource();
        first.Default = _ => ScriptedUpstreamScript.Empty.WaitFor(gate.Task).Reset();
        second.Default = third.Default = _ => ScriptedUpstreamScript.Answer(200, Wire.ChatAnswer);
        var caller = await _rig.AddCallerAsync();

        var calling = caller.PostAsync("/v1/chat/completions", Wire.ChatBody);
        await Probe.UntilAsync(() => first.Requests.Count == 1, Patience, "the plan is made");
        LiveOf(2).RestsUntil = long.MaxValue;
        gate.SetResult();

        using (var answer = await calling)
        {
            Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        }

        Assert.Equal((0, 1), (second.Requests.Count, third.Requests.Count));

        // Where all others are down, it is better than none.
        third.Default = _ => ScriptedUpstreamScript.Empty.Reset();
        using var last = await caller.PostAsync("/v1/chat/completions", Wire.ChatBody);
        Assert.Equal(HttpStatusCode.OK, last.StatusCode);
        Assert.Single(second.Requests);
    }

    private static WindowEntry Window(QuotaKind kind) => new()
    {
        Kind = kind, Limit = 1_000_000_000, Unit = PeriodUnit.Month, Count = 1200,
    };

    private Task<ScriptedUpstream> AddAsync(Func<ChannelEntry, ChannelEntry> change) =>
        _rig.AddUpstreamAsync(Provider.OpenAi, ["m"], change);

    private Gateway.Channels.ChannelLive LiveOf(long channel) =>
        _rig.Host.Rooms.Snapshots.Current.Channels.Single(c => c.Id == channel).Live;

    private Task<string> FieldAsync(WindowEntry window) =>
        _rig.CommandAsync("HGET", Redis.RedisKeys.ChannelState(1), "w:" + WindowName.Of(window));

    private static string UsedAndHeld(string field) => string.Join('|', field.Split('|')[2..4]);
}
