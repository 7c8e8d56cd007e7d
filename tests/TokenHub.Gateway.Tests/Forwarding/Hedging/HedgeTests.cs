using System.Diagnostics;
using TokenHub.Core.Money;
using TokenHub.Core.Snapshots;
using TokenHub.Core.Usage;
using TokenHub.Gateway.Tests.Rig;
using TokenHub.TestKit;
using Xunit;

namespace TokenHub.Gateway.Tests.Forwarding.Hedging;

/// <summary>Two attempts race for the first token: the user pays for one, and both stand in the account.</summary>
[Trait("needs", "redis")]
public sealed class HedgeTests : IAsyncLifetime
{
    private const int HedgeMs = 60;
    private static readonly TimeSpan Tail = TimeSpan.FromMilliseconds(1500);
    private GatewayRig _rig = null!;
    private ScriptedUpstream _first = null!;
    private ScriptedUpstream _second = null!;

    public async ValueTask InitializeAsync()
    {
        _rig = await GatewayRig.StartAsync();
        _first = await _rig.AddUpstreamAsync(Provider.OpenAi, ["m"], c => c with { Priority = 9, Groups = ["calm", "fast"] });
        _second = await _rig.AddUpstreamAsync(Provider.OpenAi, ["m"], c => c with { Groups = ["calm", "fast"] });
        await HedgeAfterAsync(HedgeMs);
    }

    public async ValueTask DisposeAsync() => await _rig.DisposeAsync();

    [Fact]
    public async Task Slow_first_token_is_overtaken_and_the_user_pays_once()
    {
        _first.Default = _ => Answer(Tail * 3);
        _second.Default = _ => Answer(TimeSpan.Zero);
        var caller = await _rig.AddCallerAsync();
        var watch = Stopwatch.StartNew();

        using var response = await PostAsync(caller);
        var text = await response.Content.ReadAsStringAsync();

        Assert.True(watch.Elapsed < Tail, $"{watch.ElapsedMilliseconds} ms");
        Assert.Contains("lo!", text, StringComparison.Ordinal);
        var record = await _rig.RecordOfAsync(response.RequestId());
        Assert.Equal((Outcome.Completed, 2L), (record.Outcome, record.Channel));
        Assert.Equal([(1L, Outcome.LosingHedge), (2L, Outcome.Completed)], record.Attempts.Select(a => (a.Channel, a.Outcome)));
        Assert.Equal(TariffMath.Cost(GatewayRig.Tariff, record.Usage), record.Cost);
        Assert.True(record.Attempts[0].Usage.IsEmpty);
        await _rig.AssertNothingHeldAsync(caller.Account);
        Assert.Equal(caller.Balance - record.Cost, _rig.Plane.BalanceOf(caller.Account));
        Assert.Equal(1, _rig.Host.Rooms.Metrics.Hedges);
    }

    [Fact]
    public async Task Loser_is_cancelled_within_milliseconds_of_the_winners_first_token()
    {
        _first.Default = _ => ScriptedUpstreamScript.Silence();
        _second.Default = _ => Answer(TimeSpan.Zero);
        var caller = await _rig.AddCallerAsync();
        var best = long.MaxValue;
        for (var call = 0; call < 5 && best >= 100; call++)
        {
            using var response = await PostAsync(caller);
            var watch = Stopwatch.StartNew();
            await Probe(() => _first.Requests.Count > call);
            await _first.Requests[call].CallerLeft.WaitAsync(TimeSpan.FromSeconds(30));
            best = Math.Min(best, watch.ElapsedMilliseconds);
            await response.Content.ReadAsStringAsync();
        }

        Assert.True(best < 100, $"{best} ms");
    }

    [Fact]
    public async Task First_that_comes_in_the_end_serves_and_the_second_stands_as_loser_with_what_it_reported()
    {
        _first.Default = _ => Answer(Tail);
        _second.Default = _ => ScriptedUpstreamScript.StreamHead().Chunk(Wire.ChatUsage(11, 0)).Hang();
        var caller = await _rig.AddCallerAsync();
        List<long> reported = [];

        // What a loser reported is lost where it does not end within a moment.
        while (!reported.Contains(11) && reported.Count < 3)
        {
            Live(1).FirstTokenP95Ms = HedgeMs;
            using var response = await PostAsync(caller);
            await response.Content.ReadAsStringAsync();

            var record = await _rig.RecordOfAsync(response.RequestId());
            Assert.Equal((Outcome.Completed, 1L), (record.Outcome, record.Channel));
            Assert.Equal(
                [(2L, Outcome.LosingHedge), (1L, Outcome.Completed)],
                record.Attempts.Select(a => (a.Channel, a.Outcome)));
            Assert.Equal(TariffMath.Cost(GatewayRig.Tariff, record.Attempts[1].Usage), record.Cost);
            reported.Add(record.Attempts[0].Usage.Input);
        }

        Assert.Contains(11, reported);
        await _rig.AssertNothingHeldAsync(caller.Account);
    }

    [Fact]
    public async Task Fast_first_token_starts_no_second()
    {
        await HedgeAfterAsync(5_000);
        _first.Default = _ => Answer(TimeSpan.Zero);
        var caller = await _rig.AddCallerAsync();

        using var response = await PostAsync(caller);
        await response.Content.ReadAsStringAsync();

        Assert.Empty(_second.Requests);
        Assert.Single((await _rig.RecordOfAsync(response.RequestId())).Attempts);
    }

    [Fact]
    public async Task Both_losing_is_an_error_and_costs_nothing()
    {
        _first.Default = _ => After(Tail / 5).Reset();
        _second.Default = _ => ScriptedUpstreamScript.Answer(500, "oops", "text/plain");
        var caller = await _rig.AddCallerAsync();

        using var response = await PostAsync(caller);

        Assert.Equal(502, (int)response.StatusCode);
        var record = await _rig.RecordOfAsync(response.RequestId());
        Assert.Equal(Usd.Zero, record.Cost);
        Assert.Equal([1L, 2L], record.Attempts.Select(a => a.Channel));
        Assert.All(record.Attempts, a => Assert.Equal(Outcome.UpstreamErrorBeforeContent, a.Outcome));
        await _rig.AssertNothingHeldAsync(caller.Account);
    }

    [Fact]
    public async Task First_that_fails_in_mid_race_leaves_the_second_to_serve()
    {
        _first.Default = _ => After(TimeSpan.FromMilliseconds(HedgeMs * 3)).Reset();
        _second.Default = _ => Answer(TimeSpan.FromMilliseconds(HedgeMs * 4));
        var caller = await _rig.AddCallerAsync();

        using var response = await PostAsync(caller);

        Assert.Contains("lo!", await response.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        var record = await _rig.RecordOfAsync(response.RequestId());
        Assert.Equal(
            [(1L, Outcome.UpstreamErrorBeforeContent), (2L, Outcome.Completed)],
            record.Attempts.Select(a => (a.Channel, a.Outcome)));
        await _rig.AssertNothingHeldAsync(caller.Account);
    }

    [Fact]
    public async Task Client_that_leaves_in_mid_race_ends_both_and_pays_nothing()
    {
        _first.Default = _second.Default = _ => ScriptedUpstreamScript.Silence();
        var caller = await _rig.AddCallerAsync();
        using var leave = new CancellationTokenSource();
        var sending = caller.SendAsync(HttpMethod.Post, "/fast/v1/chat/completions", Wire.ChatStreamBody, leave.Token);
        await Probe(() => _second.Requests.Any());
        await leave.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => sending);

        await _first.Requests.Single().CallerLeft.WaitAsync(TimeSpan.FromSeconds(30));
        await _second.Requests.Single().CallerLeft.WaitAsync(TimeSpan.FromSeconds(30));
        var record = Assert.Single(await _rig.RecordsOfAsync(caller.Account, 1));
        Assert.Equal((Outcome.ClientCancelled, Usd.Zero), (record.Outcome, record.Cost));
        Assert.Equal(2, record.Attempts.Count);
        await _rig.AssertNothingHeldAsync(caller.Account);
    }

    [Fact]
    public async Task Group_that_does_not_want_it_is_not_hedged()
    {
        _first.Default = _ => Answer(TimeSpan.FromMilliseconds(HedgeMs * 5));
        var caller = await _rig.AddCallerAsync();

        using var response = await caller.PostAsync("/v1/chat/completions", Wire.ChatStreamBody);
        await response.Content.ReadAsStringAsync();

        Assert.Empty(_second.Requests);
    }

    [Fact]
    public async Task Refused_request_is_told_as_it_is_although_a_second_was_started()
    {
        _first.Default = _ => After(TimeSpan.FromMilliseconds(HedgeMs * 3), 422, """{"error":{"message":"no"}}""");
        _second.Default = _ => After(TimeSpan.FromMilliseconds(HedgeMs * 3), 422, """{"error":{"message":"no"}}""");
        var caller = await _rig.AddCallerAsync();

        using var response = await PostAsync(caller);

        Assert.Equal(422, (int)response.StatusCode);
        await _rig.AssertNothingHeldAsync(caller.Account);
    }

    [Fact]
    public async Task Tail_of_first_tokens_falls_to_a_third_at_most()
    {
        // One call of 25 is slow to begin, as an upstream's tail is; none of the others is so slow as to be hedged.
        var tail = TimeSpan.FromSeconds(5);
        var count = 0;
        await HedgeAfterAsync(500);
        _first.Default = _ => Answer(Interlocked.Increment(ref count) % 25 == 0 ? tail : TimeSpan.Zero);
        _second.Default = _ => Answer(TimeSpan.Zero);
        var caller = await _rig.AddCallerAsync();

        var without = await TailAsync(caller, "/v1/chat/completions");
        var with = await TailAsync(caller, "/fast/v1/chat/completions");

        TestContext.Current.TestOutputHelper?.WriteLine($"p98 of first tokens: {without} ms alone, {with} ms hedged");
        Assert.InRange(without, tail.TotalMilliseconds * 0.9, tail.TotalMilliseconds * 2);
        Assert.True(with < without / 3, $"{with} of {without} ms");
        var records = await _rig.RecordsOfAsync(caller.Account, 100);
        Assert.All(records, r => Assert.Single(r.Attempts, a => a.Outcome == Outcome.Completed));
        Assert.Equal(2, records.Sum(r => r.Attempts.Count(a => a.Outcome == Outcome.LosingHedge)));
    }

    // What the first channel usually takes, and with it when a second attempt begins.
    private async Task HedgeAfterAsync(int usualMs)
    {
        await _rig.PublishAsync(_rig.Plane.Current with
        {
            Groups = [new GroupEntry { Name = "fast", Hedges = true }],
            Routing = new RoutingRules { HedgeMinMs = usualMs },
        });
        Live(1).FirstTokenP95Ms = usualMs;
    }

    private static async Task<long> TailAsync(GatewayRig.Caller caller, string path)
    {
        List<long> times = [];
        for (var i = 0; i < 50; i++)
        {
            var watch = Stopwatch.StartNew();
            using var response = await caller.PostAsync(path, Wire.ChatStreamBody);
            times.Add(watch.ElapsedMilliseconds);
            await response.Content.ReadAsStringAsync();
        }

        return times.Order().ElementAt(48);
    }

    private static Task<HttpResponseMessage> PostAsync(GatewayRig.Caller caller) =>
        caller.PostAsync("/fast/v1/chat/completions", Wire.ChatStreamBody);

    // The head at once, the first token later: as a model that thinks.
    private static ScriptedUpstreamScript Answer(TimeSpan after) => ScriptedUpstreamScript.StreamHead()
        .Chunk(": wait\n\n").Pause(after).Chunk(Dialects.Answer("chat", stream: true)).EndChunks();

    private static ScriptedUpstreamScript After(TimeSpan time) => ScriptedUpstreamScript.StreamHead().Pause(time);

    private static ScriptedUpstreamScript After(TimeSpan time, int status, string body) =>
        ScriptedUpstreamScript.Empty.Pause(time)
            .Send($"HTTP/1.1 {status} Scripted\r\ncontent-type: application/json\r\ncontent-length: {body.Length}\r\n\r\n{body}");

    private ChannelLive Live(long channel) =>
        _rig.Host.Rooms.Snapshots.Current.Channels.Single(one => one.Id == channel).Live;

    private static Task Probe(Func<bool> until) =>
        TestKit.Servers.Probe.UntilAsync(until, TimeSpan.FromSeconds(30), "an upstream is asked");
}
