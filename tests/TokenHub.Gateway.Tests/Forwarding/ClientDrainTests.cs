using TokenHub.Core.Money;
using TokenHub.Core.Snapshots;
using TokenHub.Core.Usage;
using TokenHub.Gateway.Tests.Rig;
using TokenHub.TestKit;
using TokenHub.TestKit.Servers;
using Xunit;

namespace TokenHub.Gateway.Tests.Forwarding;

/// <summary>A channel that says drain: after its client has left an answer is read on, within bounds.</summary>
[Trait("needs", "redis")]
public sealed class ClientDrainTests : IAsyncLifetime
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    // Until the gateway has read of an answer what no client sees: nothing else shows it.
    private static readonly TimeSpan ReadWithin = TimeSpan.FromSeconds(1);
    private static int _models;
    private GatewayRig _rig = null!;

    public async ValueTask InitializeAsync() => _rig = await StartAsync(TimeSpan.FromSeconds(60));

    public ValueTask DisposeAsync() => _rig.DisposeAsync();

    [Theory]
    [MemberData(nameof(Dialects.All), MemberType = typeof(Dialects))]
    public async Task Rest_of_the_answer_is_read_and_its_usage_charged(string dialect)
    {
        var (gate, record, upstream) = await LeaveAsync(_rig, dialect, "10", (script, after) =>
            script.WaitFor(after).Chunk(Scripts.Words(dialect, 200)[Scripts.Beginning(dialect).Length..] + Scripts.End(dialect, 207)).EndChunks());
        await Probe.UntilAsync(() => _rig.Host.Rooms.Drains.Count == 1, Patience, "the answer is read on");
        gate.SetResult();

        var done = await record();
        Assert.Equal(Outcome.ClientCut, done.Outcome);
        Assert.Equal(new TokenUsage { Input = 11, Output = 207 }, done.Usage);
        Assert.False(done.IsCounted);
        Assert.Equal(UsageNotes.Drained, done.Notes);
        Assert.Equal(AbortPolicy.Drain, done.AbortPolicy);
        Assert.Equal(done.Usage, Assert.Single(done.Attempts).Usage);
        Assert.EndsWith(
            Scripts.End(dialect, 207), System.Text.Encoding.UTF8.GetString(upstream.Requests[0].Served), StringComparison.Ordinal);
        Assert.Equal(0, _rig.Host.Rooms.Drains.Count);
    }

    [Theory]
    [MemberData(nameof(Dialects.All), MemberType = typeof(Dialects))]
    public async Task Client_that_had_seen_nothing_pays_nothing_and_the_row_says_what_it_cost(string dialect)
    {
        var (model, upstream) = await AddAsync(_rig, dialect);
        var gate = new TaskCompletionSource();
        var (start, rest) = (Scripts.Beginning(dialect), Scripts.Words(dialect, 50, ends: true));
        upstream.Default = _ => ScriptedUpstreamScript.StreamHead().Chunk(start + ": .\n\n").WaitFor(gate.Task)
            .Chunk(rest[start.Length..]).EndChunks();
        var caller = await _rig.AddCallerAsync();
        using var client = await RawClient.PostAsync(caller, Dialects.Path(dialect, true, model), BodyOf(dialect, model));
        await Probe.UntilAsync(
            () => upstream.Requests.Count > 0 && upstream.Requests[0].Served.Length > 0, Patience, "the upstream has begun");
        await Task.Delay(ReadWithin);
        client.Leave(reset: true);
        await Probe.UntilAsync(() => _rig.Host.Rooms.Drains.Count == 1, Patience, "the answer is read on");
        gate.SetResult();

        var record = Assert.Single(await _rig.RecordsOfAsync(caller.Account, 1));
        Assert.Equal((Outcome.ClientCancelled, Usd.Zero), (record.Outcome, record.Cost));
        Assert.Equal(new TokenUsage { Input = 11, Output = 50 }, Assert.Single(record.Attempts).Usage);
        Assert.Equal(UsageNotes.Drained, record.Notes);
        await _rig.AssertNothingHeldAsync(caller.Account);
    }

    [Fact]
    public async Task Answer_that_is_not_streamed_is_read_to_its_end_and_refunded()
    {
        var (model, upstream) = await AddAsync(_rig, "chat");
        var gate = new TaskCompletionSource();
        upstream.Default = _ => ScriptedUpstreamScript
            .Head(200, "content-type: application/json", $"content-length: {Wire.ChatAnswer.Length}")
            .Send(Wire.ChatAnswer[..200]).WaitFor(gate.Task).Send(Wire.ChatAnswer[200..]);
        var caller = await _rig.AddCallerAsync();
        using var client = await RawClient.PostAsync(
            caller, "/v1/chat/completions", Wire.ChatBody.Replace("\"m\"", $"\"{model}\"", StringComparison.Ordinal));
        await Probe.UntilAsync(
            () => upstream.Requests.Count > 0 && upstream.Requests[0].Served.Length > 0, Patience, "the upstream has begun");
        await Task.Delay(ReadWithin);
        client.Leave(reset: false);
        await Probe.UntilAsync(() => _rig.Host.Rooms.Drains.Count == 1, Patience, "the answer is read on");
        gate.SetResult();

        var record = Assert.Single(await _rig.RecordsOfAsync(caller.Account, 1));
        Assert.Equal((Outcome.ClientCancelled, Usd.Zero), (record.Outcome, record.Cost));
        Assert.Equal(new TokenUsage { Input = 11, Output = 7 }, Assert.Single(record.Attempts).Usage);
        await _rig.AssertNothingHeldAsync(caller.Account);
    }

    [Theory]
    [MemberData(nameof(Dialects.All), MemberType = typeof(Dialects))]
    public async Task Silence_ends_it_when_its_time_is_over_and_the_own_count_is_charged(string dialect)
    {
        await using var rig = await StartAsync(TimeSpan.FromMilliseconds(900));
        var (_, record, upstream) = await LeaveAsync(rig, dialect, "10", (script, _) =>
            script.Chunk(Scripts.Word(dialect, 1)).Hang());

        var done = await record();
        await upstream.Requests[0].CallerLeft.WaitAsync(Patience);
        Assert.Equal(Outcome.ClientCut, done.Outcome);
        Assert.True(done.IsCounted);
        Assert.InRange(done.Usage.Output, 1, 4);
        Assert.InRange(done.DurationMs, 800, 4000);
        Assert.Equal(UsageNotes.Drained, done.Notes);
    }

    [Fact]
    public async Task Two_thousand_tokens_end_it()
    {
        var (gate, record, upstream) = await LeaveAsync(_rig, "chat", "100", (script, after) =>
            Enumerable.Range(0, 60).Aggregate(script.WaitFor(after), (s, i) => s.Chunk(Scripts.Words("chat", 100))).Hang());
        await Probe.UntilAsync(() => _rig.Host.Rooms.Drains.Count == 1, Patience, "the answer is read on");
        gate.SetResult();

        var done = await record();
        await upstream.Requests[0].CallerLeft.WaitAsync(Patience);

        // The bound, and what one read can bring.
        Assert.InRange(done.Usage.Output, 2000, 2100);
        Assert.True(done.Hold >= done.Cost, $"held {done.Hold}, cost {done.Cost}");
        Assert.Equal(Outcome.ClientCut, done.Outcome);
    }

    [Fact]
    public async Task Money_ends_it()
    {
        var (gate, record, upstream) = await LeaveAsync(_rig, "messages", "0.06", (script, after) =>
            script.WaitFor(after).Chunk(Scripts.Words("messages", 1500)).Hang());
        await Probe.UntilAsync(() => _rig.Host.Rooms.Drains.Count == 1, Patience, "the answer is read on");
        gate.SetResult();

        var done = await record();
        await upstream.Requests[0].CallerLeft.WaitAsync(Patience);
        Assert.Equal(Outcome.ClientCut, done.Outcome);
        Assert.InRange(done.Usage.Output, 400, 700);
        var step = TariffMath.Hold(GatewayRig.Tariff, 0, 256);
        Assert.InRange(done.Cost.Units, 1, 6_000_000 + step.Units);
    }

    [Fact]
    public async Task One_more_than_is_allowed_at_once_is_cut_and_so_are_all_when_the_gateway_stops()
    {
        await using var rig = await GatewayRig.StartAsync(o => o with { ClientDrainsMax = 2, ClientDrainTime = TimeSpan.FromSeconds(60) });
        var upstream = await rig.AddUpstreamAsync(Provider.OpenAi, ["m"], c => c with { OnClientAbort = AbortPolicy.Drain });
        upstream.Default = _ => ScriptedUpstreamScript.StreamHead().Chunk(Scripts.FirstHalf("chat")).Hang();
        var caller = await rig.AddCallerAsync();
        for (var i = 1; i <= 3; i++)
        {
            using var client = await RawClient.PostAsync(caller, "/v1/chat/completions", Wire.ChatStreamBody);
            Assert.True(await client.ReadUntilAsync("Hel"));
            client.Leave(reset: i == 2);
            await Probe.UntilAsync(
                () => rig.Host.Rooms.Drains.Count == Math.Min(i, 2), Patience, $"{i} clients have left");
        }

        var cut = Assert.Single(await rig.RecordsOfAsync(caller.Account, 1));
        Assert.Equal((Outcome.ClientCut, UsageNotes.None), (cut.Outcome, cut.Notes));
        await rig.Host.StopAsync().WaitAsync(TimeSpan.FromSeconds(12));

        var all = rig.Plane.RecordsOf(caller.Account);
        Assert.Equal(3, all.Count);
        Assert.All(all, record => Assert.Equal((Outcome.ClientCut, 1L), (record.Outcome, record.Usage.Output)));
        Assert.Equal(0, rig.Host.Rooms.Drains.Count);
        Assert.Equal(0, rig.Host.Rooms.Metrics.Leaks);
    }

    [Fact]
    public async Task Others_are_served_meanwhile_and_the_exchange_is_used_again_after()
    {
        var (model, upstream) = await AddAsync(_rig, "chat");
        var gate = new TaskCompletionSource();
        upstream.Enqueue(ScriptedUpstreamScript.StreamHead().Chunk(Scripts.FirstHalf("chat")).WaitFor(gate.Task)
            .Chunk(Scripts.End("chat", 7)).EndChunks());
        upstream.Default = _ => ScriptedUpstreamScript.Stream(Wire.ChatStream);
        var caller = await _rig.AddCallerAsync();
        using (var leaving = await RawClient.PostAsync(caller, "/v1/chat/completions", BodyOf("chat", model)))
        {
            Assert.True(await leaving.ReadUntilAsync("Hel"));
        }

        await Probe.UntilAsync(() => _rig.Host.Rooms.Drains.Count == 1, Patience, "the answer is read on");
        for (var i = 0; i < 20; i++)
        {
            using var served = await caller.PostAsync("/v1/chat/completions", BodyOf("chat", model));
            Assert.EndsWith("[DONE]\n\n", await served.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        }

        gate.SetResult();
        var records = await _rig.RecordsOfAsync(caller.Account, 21);
        Assert.Equal(20, records.Count(r => r.Outcome == Outcome.Completed));
        Assert.Equal(new TokenUsage { Input = 11, Output = 7 }, Assert.Single(records, r => r.Outcome == Outcome.ClientCut).Usage);
        await _rig.AssertNothingHeldAsync(caller.Account);
    }

    private static Task<GatewayRig> StartAsync(TimeSpan drainTime) =>
        GatewayRig.StartAsync(o => o with { ClientDrainTime = drainTime, ClientDrainsMax = 3 });

    // A client that has seen the first text and leaves.
    private static async Task<(TaskCompletionSource Gate, Func<Task<UsageRecord>> Record, ScriptedUpstream Upstream)> LeaveAsync(
        GatewayRig rig, string dialect, string balance,
        Func<ScriptedUpstreamScript, Task, ScriptedUpstreamScript> rest)
    {
        var (model, upstream) = await AddAsync(rig, dialect);
        var gate = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        upstream.Default = _ => rest(ScriptedUpstreamScript.StreamHead().Chunk(Scripts.FirstHalf(dialect)), gate.Task);
        var caller = await rig.AddCallerAsync(balance);
        using var client = await RawClient.PostAsync(caller, Dialects.Path(dialect, true, model), BodyOf(dialect, model));
        Assert.True(await client.ReadUntilAsync("Hel"));
        client.Leave(reset: false);
        return (gate, async () =>
        {
            var record = Assert.Single(await rig.RecordsOfAsync(caller.Account, 1));
            await rig.AssertNothingHeldAsync(caller.Account);
            return record;
        }, upstream);
    }

    private static string BodyOf(string dialect, string model) => Dialects.Body(dialect, true)
        .Replace("\"m\"", $"\"{model}\"", StringComparison.Ordinal)
        .Replace("\"max_tokens\":100", "\"max_tokens\":64000", StringComparison.Ordinal);

    private static async Task<(string Model, ScriptedUpstream Upstream)> AddAsync(GatewayRig rig, string dialect)
    {
        var model = $"drain-{Interlocked.Increment(ref _models)}";
        return (model, await rig.AddUpstreamAsync(
            Dialects.Provider(dialect), [model], channel => channel with
            {
                OnClientAbort = AbortPolicy.Drain,
                ModelMap = new Dictionary<string, string> { [model] = "m" },
            }));
    }
}
