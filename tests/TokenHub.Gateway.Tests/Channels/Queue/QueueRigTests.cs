using System.Diagnostics;
using System.Globalization;
using TokenHub.Core.Money;
using TokenHub.Core.Snapshots;
using TokenHub.Core.Usage;
using TokenHub.Gateway.Tests.Rig;
using TokenHub.TestKit;
using TokenHub.TestKit.Servers;
using Xunit;

namespace TokenHub.Gateway.Tests.Channels.Queue;

/// <summary>The line in front of a full channel as its callers see it.</summary>
[Trait("needs", "redis")]
[Trait("row", "B05")]
public sealed class QueueRigTests(ITestOutputHelper output)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    /// <summary>Shown 5.</summary>
    [Fact]
    public async Task User_beside_one_with_five_hundred_calls_waits_at_most_twice_as_long_as_alone()
    {
        const int Slots = 10;
        const int Samples = 80;
        await using var rig = await GatewayRig.StartAsync();
        var upstream = await StartAsync(rig, Slots, new RoutingRules { QueueUserMax = 600 });
        upstream.Default = _ => Slow(TimeSpan.FromMilliseconds(100 + Random.Shared.Next(100)));
        var modest = await rig.AddCallerAsync();
        var greedy = await rig.AddCallerAsync("1000", key => key with { UserMaxConcurrency = 1_000 });

        // The longest of eighty calls is one measurement: a machine that stalls once has spoilt a pair of them.
        var best = double.MaxValue;
        for (var pair = 0; pair < 3 && best > 2; pair++)
        {
            var alone = await MeasureAsync(modest, Samples);
            var (beside, served) = await BesideAsync(rig, greedy, () => MeasureAsync(modest, Samples));
            best = Math.Min(best, P99(beside) / P99(alone));
            output.WriteLine(
                $"alone p50 {alone[Samples / 2]:F0} ms, p99 {P99(alone):F0} ms; beside 500 calls on {Slots} slots "
                + $"p50 {beside[Samples / 2]:F0} ms, p99 {P99(beside):F0} ms; the crowd was served {served} times");
        }

        Assert.InRange(best, 0, 2);
        await rig.AssertNothingHeldAsync(greedy.Account);
        await rig.AssertNothingHeldAsync(modest.Account);
        Assert.Equal(0, rig.Host.Rooms.Queue.Waiting);
    }

    [Fact]
    public async Task Place_and_wait_stand_in_the_head_of_those_who_waited_only()
    {
        await using var rig = await GatewayRig.StartAsync();
        var upstream = await StartAsync(rig, slots: 1, new RoutingRules());
        var gate = new TaskCompletionSource();
        upstream.Default = _ => Held(gate.Task);
        var caller = await rig.AddCallerAsync();
        var first = CallAsync(caller);
        await Probe.UntilAsync(() => upstream.Requests.Count == 1, Patience, "the first is served");

        var second = CallAsync(caller);
        await Probe.UntilAsync(() => rig.Host.Rooms.Queue.Waiting == 1, Patience, "the second waits");
        var third = CallAsync(caller);
        await Probe.UntilAsync(() => rig.Host.Rooms.Queue.Waiting == 2, Patience, "the third waits");
        gate.SetResult();

        Assert.Null((await first).Header("x-tokenhub-queue-position"));
        Assert.Null((await first).Header("x-tokenhub-queue-ms"));
        Assert.Equal("1", (await second).Header("x-tokenhub-queue-position"));
        Assert.Equal("2", (await third).Header("x-tokenhub-queue-position"));
        Assert.InRange(int.Parse((await third).Header("x-tokenhub-queue-ms")!, CultureInfo.InvariantCulture), 0, 10_000);
        await rig.AssertNothingHeldAsync(caller.Account);
        var metrics = await rig.Http.GetStringAsync(new Uri(rig.Address, "/metrics"));
        Assert.Contains("tokenhub_queue_length 0", metrics, StringComparison.Ordinal);
        Assert.Contains("tokenhub_queue_total{end=\"in\"} 2", metrics, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("chat", 503)]
    [InlineData("messages", 503)]
    public async Task Who_waits_in_vain_is_told_so_when_the_time_is_over_and_pays_nothing(string dialect, int status)
    {
        await using var rig = await GatewayRig.StartAsync();
        var upstream = await StartAsync(rig, slots: 1, new RoutingRules { QueueWaitMs = 400 }, dialect);
        using var leave = new CancellationTokenSource();
        upstream.Default = _ => ScriptedUpstreamScript.Silence();
        var caller = await rig.AddCallerAsync();
        var first = caller.SendAsync(HttpMethod.Post, Dialects.Path(dialect), Dialects.Body(dialect), leave.Token);
        await Probe.UntilAsync(() => upstream.Requests.Count == 1, Patience, "the first is served");

        var from = Stopwatch.GetTimestamp();
        using var second = await caller.PostAsync(Dialects.Path(dialect), Dialects.Body(dialect));

        Assert.InRange(Stopwatch.GetElapsedTime(from).TotalMilliseconds, 390, 3_000);
        Assert.Equal(status, (int)second.StatusCode);
        Assert.Contains("busy", await second.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        Assert.Equal("1", second.Header("retry-after"));
        Assert.Equal("1", second.Header("x-tokenhub-queue-position"));
        var record = await rig.RecordOfAsync(second.RequestId());
        Assert.Equal(
            (Outcome.UpstreamErrorBeforeContent, Usd.Zero, status), (record.Outcome, record.Cost, record.Status));
        Assert.Empty(record.Attempts);
        await leave.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => first);
        await rig.AssertNothingHeldAsync(caller.Account);
        Assert.Equal(caller.Balance, rig.Plane.BalanceOf(caller.Account));
    }

    [Fact]
    public async Task Client_who_leaves_the_line_gets_his_hold_back_and_stands_as_cancelled()
    {
        await using var rig = await GatewayRig.StartAsync();
        var upstream = await StartAsync(rig, slots: 1, new RoutingRules());
        var gate = new TaskCompletionSource();
        upstream.Default = _ => Held(gate.Task);
        var caller = await rig.AddCallerAsync();
        var other = await rig.AddCallerAsync();
        var first = CallAsync(other);
        await Probe.UntilAsync(() => upstream.Requests.Count == 1, Patience, "the first is served");
        using var leave = new CancellationTokenSource();
        var waiting = caller.SendAsync(HttpMethod.Post, Dialects.Path("chat"), Dialects.Body("chat"), leave.Token);
        await Probe.UntilAsync(() => rig.Host.Rooms.Queue.Waiting == 1, Patience, "it waits");

        await leave.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting);
        await Probe.UntilAsync(() => rig.Host.Rooms.Queue.Waiting == 0, Patience, "it is out of line");
        var record = Assert.Single(await rig.RecordsOfAsync(caller.Account, 1));
        Assert.Equal((Outcome.ClientCancelled, Usd.Zero, 0), (record.Outcome, record.Cost, record.Status));
        gate.SetResult();
        Assert.Equal(200, (int)(await first).StatusCode);
        await rig.AssertNothingHeldAsync(caller.Account);
        Assert.Single(upstream.Requests);
    }

    private static async Task<ScriptedUpstream> StartAsync(
        GatewayRig rig, int slots, RoutingRules rules, string dialect = "chat")
    {
        var upstream = await rig.AddUpstreamAsync(
            Dialects.Provider(dialect), ["m"], channel => channel with { MaxConcurrency = slots });
        await rig.PublishAsync(rig.Host.Rooms.Snapshots.Current.Settings with { Routing = rules });
        return upstream;
    }

    private static ScriptedUpstreamScript Slow(TimeSpan time) =>
        Head().Pause(time).Send(Wire.ChatAnswer);

    private static ScriptedUpstreamScript Held(Task gate) => Head().WaitFor(gate).Send(Wire.ChatAnswer);

    private static ScriptedUpstreamScript Head() => ScriptedUpstreamScript.Head(
        200, "content-type: application/json", $"content-length: {Wire.ChatAnswer.Length}");

    private static Task<HttpResponseMessage> CallAsync(GatewayRig.Caller caller) =>
        caller.PostAsync(Dialects.Path("chat"), Dialects.Body("chat"));

    // What is measured while five hundred calls of another one come again and again; how often these were served.
    private static async Task<(double[] Measured, int Served)> BesideAsync(
        GatewayRig rig, GatewayRig.Caller greedy, Func<Task<double[]>> measure)
    {
        using var stop = new CancellationTokenSource();
        var served = 0;
        var crowd = Enumerable.Range(0, 500).Select(_ => Task.Run(async () =>
        {
            while (!stop.IsCancellationRequested)
            {
                using var response = await CallAsync(greedy);
                Assert.Equal(200, (int)response.StatusCode);
                Interlocked.Increment(ref served);
            }
        })).ToArray();
        await Probe.UntilAsync(() => rig.Host.Rooms.Queue.Waiting >= 450, Patience, "the crowd stands in line");
        var measured = await measure();
        await stop.CancelAsync();
        await Task.WhenAll(crowd);
        return (measured, served);
    }

    private static async Task<double[]> MeasureAsync(GatewayRig.Caller caller, int count)
    {
        var times = new double[count];
        for (var i = 0; i < count; i++)
        {
            var from = Stopwatch.GetTimestamp();
            using var response = await CallAsync(caller);
            Assert.Equal(200, (int)response.StatusCode);
            await response.Content.ReadAsStringAsync();
            times[i] = Stopwatch.GetElapsedTime(from).TotalMilliseconds;
        }

        return [.. times.Order()];
    }

    private static double P99(double[] sorted) => sorted[(int)(sorted.Length * 0.99)];
}
