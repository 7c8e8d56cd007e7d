using TokenHub.Core.Snapshots;
using TokenHub.Core.Usage;
using TokenHub.Gateway.Tests.Rig;
using TokenHub.TestKit;
using TokenHub.TestKit.Servers;
using Xunit;

namespace TokenHub.Gateway.Tests.Forwarding;

/// <summary>F28: clients that read slowly or never slow their own upstream down, and nobody else.</summary>
[Trait("needs", "redis")]
[Collection("alone")]
public sealed class SlowReaderTests : IAsyncLifetime
{
    private const int Streams = 24;
    private GatewayRig _rig = null!;

    public async ValueTask InitializeAsync() =>
        _rig = await GatewayRig.StartAsync(o => o with { ClientWriteTimeout = TimeSpan.FromSeconds(9) });

    public ValueTask DisposeAsync() => _rig.DisposeAsync();

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Readers_that_stand_still_hold_little_memory_and_harm_nobody(bool asOneLine)
    {
        var upstream = await _rig.AddUpstreamAsync(Provider.Anthropic, ["m"]);
        var other = await _rig.AddUpstreamAsync(Provider.OpenAi, ["fast"]);
        other.Default = _ => ScriptedUpstreamScript.Stream(Wire.ChatStream);

        // Sixteen megabytes each, of which the sockets' own buffers hold a part.
        var begin = "event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"text\":\"";
        var rest = asOneLine
            ? begin + new string('x', 16 << 20)
            : string.Concat(Enumerable.Repeat(begin + new string('x', 2000) + "\"}}\n\n", 8000));
        var script = (Scripts.Words("messages", 2) + rest).Bytes().Chunk(16 << 10)
            .Aggregate(ScriptedUpstreamScript.StreamHead(), (s, piece) => s.Chunk(piece)).Hang();
        upstream.Default = _ => script;
        var fast = await _rig.AddCallerAsync();
        using (var warm = await fast.PostAsync("/v1/chat/completions", Body("fast")))
        {
            Assert.Equal(200, (int)warm.StatusCode);
        }

        var callers = new List<GatewayRig.Caller>();
        for (var i = 0; i < 2; i++)
        {
            callers.Add(await _rig.AddCallerAsync("10000"));
        }

        var before = GC.GetTotalMemory(forceFullCollection: true);
        var clients = new List<RawClient>();
        for (var i = 0; i < Streams; i++)
        {
            clients.Add(await RawClient.PostAsync(
                callers[i % callers.Count], "/v1/messages",
                Wire.MessagesStreamBody.Replace("\"max_tokens\":100", "\"max_tokens\":6400000", StringComparison.Ordinal)));
        }

        await Probe.UntilAsync(
            () => upstream.Requests.Count == Streams && upstream.Requests.All(r => r.Steps > 12),
            TimeSpan.FromSeconds(15), "every stream is under way");

        // Until nothing moves: then what is held is held by streams that wait.
        var (served, still) = (-1L, 0);
        await Probe.UntilAsync(
            () =>
            {
                var now = upstream.Requests.Sum(r => (long)r.Steps);
                (served, still) = (now, now == served ? still + 1 : 0);
                return still > 20;
            },
            TimeSpan.FromSeconds(8), "every stream stands still");
        var perStream = (GC.GetTotalMemory(forceFullCollection: true) - before) / Streams;
        Assert.InRange(perStream, long.MinValue, 256 << 10);

        // The others are served as if nothing were.
        for (var i = 0; i < 20; i++)
        {
            using var quick = await fast.PostAsync("/v1/chat/completions", Body("fast"));
            Assert.EndsWith("[DONE]\n\n", await quick.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        }

        // Who takes nothing is cut off; his upstream was never read far ahead of him.
        foreach (var caller in callers)
        {
            await Probe.UntilAsync(
                () => _rig.Plane.RecordsOf(caller.Account).Count >= Streams / callers.Count,
                TimeSpan.FromSeconds(30), "every stream is cut off");
            var records = await _rig.RecordsOfAsync(caller.Account, Streams / callers.Count);
            Assert.All(records, record => Assert.Equal(Outcome.ClientCut, record.Outcome));
            await _rig.AssertNothingHeldAsync(caller.Account);
        }

        Assert.All(upstream.Requests, request => Assert.True(request.Steps < 14 << 6));
        clients.ForEach(client => client.Dispose());
    }

    [Fact]
    public async Task Reader_of_a_few_bytes_at_a_time_gets_all_of_it()
    {
        var upstream = await _rig.AddUpstreamAsync(Provider.OpenAi, ["m"]);
        upstream.Default = _ => ScriptedUpstreamScript.Stream(Scripts.Words("chat", 30, ends: true));
        var caller = await _rig.AddCallerAsync();

        using var client = await RawClient.PostAsync(caller, "/v1/chat/completions", Wire.ChatStreamBody);
        Assert.True(await client.ReadUntilAsync("[DONE]", bytesAtOnce: 7));

        var record = Assert.Single(await _rig.RecordsOfAsync(caller.Account, 1));
        Assert.Equal((Outcome.Completed, 30L), (record.Outcome, record.Usage.Output));
        Assert.Equal(31, client.Seen.Split("\"content\":\"").Length - 1);
    }

    /// <summary>Memory is measured: nothing else may run beside it.</summary>
    [CollectionDefinition("alone", DisableParallelization = true)]
    public sealed class Alone;

    private static string Body(string model) =>
        Wire.ChatStreamBody.Replace("\"m\"", $"\"{model}\"", StringComparison.Ordinal);
}
