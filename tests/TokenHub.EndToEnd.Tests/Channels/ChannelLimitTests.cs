using System.Diagnostics;
using System.Net;
using System.Text.Json.Nodes;
using TokenHub.TestKit;
using TokenHub.TestKit.Servers;
using Xunit;

namespace TokenHub.EndToEnd.Tests.Channels;

/// <summary>A channel's limits over three gateway processes.</summary>
[Collection("alone")]
public sealed class ChannelLimitTests
{
    private const string Answer =
        """{"id":"1","object":"chat.completion","created":1,"model":"m","choices":[{"index":0,"message":{"role":"assistant","content":"Hi!"},"finish_reason":"stop"}],"usage":{"prompt_tokens":11,"completion_tokens":7,"total_tokens":18}}""";

    private const int Calls = 1_000;
    private static readonly TimeSpan Lease = TimeSpan.FromSeconds(15);

    [Fact]
    [Trait("row", "A32")]
    [Trait("row", "B06")]
    public async Task Thousand_parallel_calls_through_three_gateways_exceed_neither_window_nor_slots()
    {
        const int Slots = 16;
        const int Quota = 300;
        await using var world = await World.StartAsync(new JsonObject
        {
            ["max_concurrency"] = Slots,
            ["windows"] = new JsonArray(
                new JsonObject { ["limit_requests"] = Quota, ["period_unit"] = "month", ["period_count"] = 1000 },
                new JsonObject { ["limit_tokens"] = 10_000_000, ["period_unit"] = "month", ["period_count"] = 999 }),
        });
        await world.WarmUpAsync();
        var (running, peak, seen) = (0, 0, 0);
        world.Upstream.Default = request =>
        {
            Interlocked.Increment(ref seen);
            var now = Interlocked.Increment(ref running);
            for (var known = peak; now > known; known = peak)
            {
                Interlocked.CompareExchange(ref peak, now, known);
            }

            // It ends here before its answer goes out: with that the gateway may give its place to the next.
            var served = Task.Delay(20).ContinueWith(_ => Interlocked.Decrement(ref running), TaskScheduler.Default);
            return ScriptedUpstreamScript.Empty.WaitFor(served).Send(
                $"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {Answer.Length}\r\n\r\n{Answer}");
        };

        var outcomes = await Task.WhenAll(Enumerable.Range(0, Calls).Select(i => world.CallUntilKnownAsync(i % 3)));

        Assert.Equal(Quota, outcomes.Count(status => status == HttpStatusCode.OK));
        Assert.Equal(Quota, seen);
        Assert.InRange(peak, 2, Slots);
        var quota = await world.Trio.Api.CallAsync("GET", $"/channels/{world.Channel}/quota");
        Assert.Equal((Quota, 0), ((int)quota["windows"]![0]!["used_requests"]!, (int)quota["windows"]![0]!["left_requests"]!));
        Assert.Equal(18 * Quota, (int)quota["windows"]![1]!["used_tokens"]!);
    }

    [Fact]
    [Trait("row", "B06")]
    public async Task Killed_gateway_frees_its_slots_within_the_lease()
    {
        await using var world = await World.StartAsync(new JsonObject { ["max_concurrency"] = 4 });

        // Nobody stands in line, so that each call tells at once whether a slot is free.
        var before = await world.Trio.SnapshotOfAsync(0);
        await world.Trio.Api.CallAsync("PUT", "/settings/routing", new JsonObject { ["queue_wait_ms"] = 0 });
        await Probe.UntilAsync(
            async () => await world.Trio.SnapshotOfAsync(0) > before,
            TimeSpan.FromSeconds(30),
            "the setting is in force");
        world.Upstream.Default = _ => ScriptedUpstreamScript.Silence();
        var hanging = Enumerable.Range(0, 4).Select(_ => world.CallAsync(1)).ToList();
        await Probe.UntilAsync(() => world.Upstream.Requests.Count == 4, TimeSpan.FromSeconds(30), "all slots are taken");
        world.Upstream.Default = _ => ScriptedUpstreamScript.Answer(200, Answer);
        Assert.Equal(HttpStatusCode.ServiceUnavailable, (await world.CallAsync(0)).Status);

        // Its leases are kept for as long as it lives.
        await Task.Delay(Lease + TimeSpan.FromSeconds(2));
        Assert.Equal(HttpStatusCode.ServiceUnavailable, (await world.CallAsync(0)).Status);

        world.Trio.Others[0].Kill();
        var watch = Stopwatch.StartNew();
        var (status, refusedAt) = (HttpStatusCode.ServiceUnavailable, TimeSpan.Zero);
        while (status == HttpStatusCode.ServiceUnavailable && watch.Elapsed < Lease * 2)
        {
            await Task.Delay(100);
            var begun = watch.Elapsed;
            status = (await world.CallAsync(0)).Status;
            refusedAt = status == HttpStatusCode.ServiceUnavailable ? begun : refusedAt;
        }

        // That the slots were not free yet is known by the calls that found none: how long the last took says nothing.
        Assert.Equal(HttpStatusCode.OK, status);
        Assert.True(watch.Elapsed >= TimeSpan.FromSeconds(5), $"served after {watch.Elapsed}");
        Assert.True(refusedAt <= Lease + TimeSpan.FromSeconds(1), $"refused after {refusedAt}");
        await Task.WhenAll(hanging);
    }

    /// <summary>The product with three gateways, and one channel behind them all.</summary>
    private sealed class World(GatewayTrio trio, GatewayTrio.Caller caller, ScriptedUpstream upstream, string channel)
        : IAsyncDisposable
    {
        // A model of its own, with a channel of its own.
        private const string Warm = "warm";

        public GatewayTrio Trio => trio;

        public ScriptedUpstream Upstream => upstream;

        public string Channel => channel;

        public static async Task<World> StartAsync(JsonObject limits)
        {
            var trio = await GatewayTrio.StartAsync();
            var upstream = ScriptedUpstream.Start();
            await trio.Api.SetPriceAsync(Warm, "1.00", "4.00");
            await trio.AddChannelAsync(upstream.Url, WarmLimits(), Warm);
            var channel = await trio.AddChannelAsync(upstream.Url, limits);
            var caller = await trio.AddCallerAsync("load@example.com", 2 * Calls);
            return new World(trio, caller, upstream, channel);
        }

        /// <summary>
        /// The race is what is tried, not the first run of code that is not compiled yet: a gateway that does not hear
        /// of Redis in time goes by what it knows itself, by design.
        /// </summary>
        public async Task WarmUpAsync()
        {
            upstream.Default = _ => ScriptedUpstreamScript.Answer(200, Answer);
            for (var round = 0; round < 5; round++)
            {
                var outcomes = await Task.WhenAll(
                    Enumerable.Range(0, 150).Select(i => CallUntilKnownAsync(i % 3, Warm)));
                Assert.All(outcomes, status => Assert.Equal(HttpStatusCode.OK, status));
            }
        }

        public async Task<(HttpStatusCode Status, TimeSpan Retry)> CallAsync(
            int gateway, string model = GatewayTrio.Model)
        {
            try
            {
                using var answer = await caller.PostAsync(gateway, stream: false, model: model);
                await answer.Content.ReadAsByteArrayAsync();
                return (answer.StatusCode, answer.Headers.RetryAfter?.Delta ?? TimeSpan.Zero);
            }
            catch (Exception error) when (error is HttpRequestException or IOException)
            {
                return (0, TimeSpan.Zero);
            }
        }

        /// <summary>Comes again while there is no slot, until it is served or the quota is used up.</summary>
        public async Task<HttpStatusCode> CallUntilKnownAsync(int gateway, string model = GatewayTrio.Model)
        {
            while (true)
            {
                var (status, retry) = await CallAsync(gateway, model);
                if (status != HttpStatusCode.TooManyRequests || retry > TimeSpan.FromMinutes(1))
                {
                    return status;
                }

                await Task.Delay(Random.Shared.Next(20, 200));
            }
        }

        private static JsonObject WarmLimits() => new()
        {
            ["max_concurrency"] = 16,
            ["windows"] = new JsonArray(
                new JsonObject { ["limit_requests"] = 1_000_000, ["period_unit"] = "month", ["period_count"] = 1000 }),
        };

        public async ValueTask DisposeAsync()
        {
            await upstream.DisposeAsync();
            await trio.DisposeAsync();
        }
    }
}
