using TokenHub.Core.Snapshots;
using TokenHub.Core.Usage;
using TokenHub.Gateway.Tests.Rig;
using TokenHub.Redis;
using TokenHub.TestKit;
using TokenHub.TestKit.Servers;
using Xunit;

namespace TokenHub.Gateway.Tests.Reservation;

/// <summary>The grace line with a real Redis that goes away, loses all and comes back.</summary>
[Trait("needs", "redis")]
public sealed class GraceTests : IAsyncLifetime
{
    private const int Cents = 1_000_000;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);
    private static readonly string Body =
        Wire.ChatBody.Replace("\"m\"", "\"m\",\"max_tokens\":7", StringComparison.Ordinal);

    private GatewayRig _rig = null!;
    private ScriptedUpstream _upstream = null!;

    public async ValueTask InitializeAsync()
    {
        _rig = await GatewayRig.StartAsync(options => options with { LendsGrace = true });
        _upstream = await _rig.AddUpstreamAsync(Provider.OpenAi, ["m"]);
        _upstream.Default = _ => ScriptedUpstreamScript.Answer(200, Dialects.Answer("chat"));
    }

    public ValueTask DisposeAsync() => _rig.DisposeAsync();

    [Fact]
    public async Task Known_account_is_served_up_to_its_allowance_and_every_charge_stands_once_afterwards()
    {
        var caller = await _rig.AddCallerAsync("1");
        var stranger = await _rig.AddCallerAsync("1");
        var limited = await _rig.AddCallerAsync("1", key => key with { SpendLimit = 50 * Cents });
        await ServeAsync(caller);
        await ServeAsync(limited);
        await _rig.AssertNothingHeldAsync(caller.Account);
        await _rig.Redis.KillAsync();

        var served = 0;
        for (; await TryServeAsync(caller); served++)
        {
            Assert.InRange(served, 0, 100);
        }

        Assert.False(await TryServeAsync(caller));
        Assert.False(await TryServeAsync(stranger));
        Assert.False(await TryServeAsync(limited));

        var metrics = await _rig.Http.GetStringAsync(new Uri(_rig.Address, "/metrics"));
        Assert.Contains($"\ntokenhub_grace_requests_total {served}\n", metrics, StringComparison.Ordinal);
        Assert.Matches("\ntokenhub_grace_usd 0\\.00[0-9]*[1-9]", metrics);
        await _rig.Redis.RestartAsync();
        var records = await _rig.RecordsOfAsync(caller.Account, served + 1);
        var onGrace = records.Skip(1).ToList();
        var allowance = (caller.Balance.Units - records[0].Hold.Units) / 100;
        // The input is estimated, so a charge may pass its hold a little; what it is above counts as lent.
        var lent = onGrace.Sum(record => Math.Max(record.Hold.Units, record.Cost.Units));
        Assert.InRange(lent, allowance - onGrace[0].Hold.Units + 1, caller.Balance.Units / 100);
        await _rig.AssertNothingHeldAsync(caller.Account);
        Assert.Equal(caller.Balance.Units - records.Sum(r => r.Cost.Units), _rig.Plane.BalanceOf(caller.Account).Units);
        await Probe.UntilAsync(() => TryServeAsync(caller), Patience, "service comes back");
        await Probe.UntilAsync(
            async () => await _rig.Plane.ReadTillAsync(caller.Account) is { Unsettled.Units: 0 } state
                && state.Balance == _rig.Plane.BalanceOf(caller.Account),
            Patience,
            "Redis has what the ledger has");
        await Probe.UntilAsync(
            async () => (await _rig.Http.GetStringAsync(new Uri(_rig.Address, "/metrics")))
                .Contains("\ntokenhub_grace_usd 0.00000000\n", StringComparison.Ordinal),
            Patience,
            "what was lent is settled");
    }

    [Fact]
    public async Task Two_hundred_at_once_are_lent_no_unit_more_than_the_allowance()
    {
        var caller = await _rig.AddCallerAsync("1");
        await ServeAsync(caller);
        await _rig.AssertNothingHeldAsync(caller.Account);
        await _rig.Redis.KillAsync();

        var answers = await Task.WhenAll(Enumerable.Range(0, 200).Select(_ => TryServeAsync(caller)));

        await _rig.Redis.RestartAsync();
        var records = await _rig.RecordsOfAsync(caller.Account, answers.Count(isServed => isServed) + 1);
        Assert.InRange(records.Skip(1).Sum(record => record.Hold.Units), 1, caller.Balance.Units / 100);
        await _rig.AssertNothingHeldAsync(caller.Account);
    }

    [Fact]
    public async Task Stream_grows_within_the_allowance_and_ends_where_it_ends()
    {
        var caller = await _rig.AddCallerAsync("10");
        await ServeAsync(caller);
        await _rig.Redis.KillAsync();
        _upstream.Enqueue(ScriptedUpstreamScript.Stream(Scripts.Words("chat", 4000, ends: true).Bytes(), 1000));

        using var response = await caller.PostAsync("/v1/chat/completions", Wire.ChatStreamBody);
        var seen = await response.Content.ReadAsStringAsync();

        Assert.EndsWith("data: [DONE]\n\n", seen, StringComparison.Ordinal);
        await _rig.Redis.RestartAsync();
        var record = await _rig.RecordOfAsync(response.RequestId());
        Assert.Equal(Outcome.FundsExhausted, record.Outcome);
        Assert.InRange(record.Hold.Units, caller.Balance.Units / 100 * 9 / 10, caller.Balance.Units / 100);
        Assert.InRange(record.Cost.Units, record.Hold.Units * 8 / 10, record.Hold.Units);
        await _rig.AssertNothingHeldAsync(caller.Account);
    }

    [Fact]
    public async Task Stream_still_open_when_redis_is_back_gets_a_hold_there_and_ends_as_any_other()
    {
        var caller = await _rig.AddCallerAsync("10");
        await ServeAsync(caller);
        await _rig.AssertNothingHeldAsync(caller.Account);
        await _rig.Redis.KillAsync();
        var end = new TaskCompletionSource();
        _upstream.Enqueue(ScriptedUpstreamScript.StreamHead()
            .Chunk(Wire.ChatStream[..400]).WaitFor(end.Task).Chunk(Wire.ChatStream[400..]).EndChunks());
        using var running = await caller.PostAsync("/v1/chat/completions", Wire.ChatStreamBody);
        Assert.Equal(200, (int)running.StatusCode);

        await _rig.Redis.RestartAsync();
        await Probe.UntilAsync(
            async () => await HasHoldAsync(caller), Patience, "its hold is there");
        end.SetResult();
        Assert.EndsWith("data: [DONE]\n\n", await running.Content.ReadAsStringAsync(), StringComparison.Ordinal);

        var record = await _rig.RecordOfAsync(running.RequestId());
        Assert.Equal(Outcome.Completed, record.Outcome);
        await _rig.AssertNothingHeldAsync(caller.Account);
        var records = await _rig.RecordsOfAsync(caller.Account, 2);
        Assert.Equal(caller.Balance.Units - records.Sum(r => r.Cost.Units), _rig.Plane.BalanceOf(caller.Account).Units);
    }

    // By the plain field: the account itself comes in with its next request. The rig's own connection takes its time.
    private async Task<bool> HasHoldAsync(GatewayRig.Caller caller)
    {
        try
        {
            return await _rig.CommandAsync("HGET", RedisKeys.Account(caller.Account), "pend") is not ("" or "0");
        }
        catch (RedisUnavailableException)
        {
            return false;
        }
    }

    private static async Task ServeAsync(GatewayRig.Caller caller) => Assert.True(await TryServeAsync(caller));

    private static async Task<bool> TryServeAsync(GatewayRig.Caller caller)
    {
        using var response = await caller.PostAsync("/v1/chat/completions", Body);
        if (!response.IsSuccessStatusCode)
        {
            await Dialects.AssertErrorAsync("chat", response, 503, "server_error");
            return false;
        }

        await response.Content.ReadAsStringAsync();
        return true;
    }
}
