using TokenHub.Core.Money;
using TokenHub.Core.Usage;
using TokenHub.Gateway.Tests.Rig;
using TokenHub.TestKit;
using Xunit;

namespace TokenHub.Gateway.Tests.Forwarding;

[Trait("needs", "redis")]
public sealed class ClientCutTests : IAsyncLifetime
{
    private static readonly TimeSpan AtOnce = TimeSpan.FromSeconds(10);
    private static int _models;
    private GatewayRig _rig = null!;

    public static TheoryData<string, bool> DialectsAndWays
    {
        get
        {
            var data = new TheoryData<string, bool>();
            foreach (var dialect in (ReadOnlySpan<string>)["chat", "responses", "messages", "gemini"])
            {
                data.Add(dialect, false);
                data.Add(dialect, true);
            }

            return data;
        }
    }

    public async ValueTask InitializeAsync() =>
        _rig = await GatewayRig.StartAsync(o => o with { ClientWriteTimeout = TimeSpan.FromMilliseconds(700) });

    public ValueTask DisposeAsync() => _rig.DisposeAsync();

    [Theory]
    [MemberData(nameof(DialectsAndWays))]
    public async Task Client_that_leaves_before_the_first_byte_stops_the_upstream_and_pays_nothing(string dialect, bool reset)
    {
        var (model, upstream) = await AddAsync(dialect);
        upstream.Default = _ => ScriptedUpstreamScript.Silence();
        var caller = await _rig.AddCallerAsync();

        using var client = await RawClient.PostAsync(
            caller, Dialects.Path(dialect, true, model), BodyOf(dialect, model));
        await UntilRequestAsync(upstream);
        client.Leave(reset);

        await upstream.Requests[0].CallerLeft.WaitAsync(AtOnce);
        var record = Assert.Single(await _rig.RecordsOfAsync(caller.Account, 1));
        Assert.Equal(Outcome.ClientCancelled, record.Outcome);
        Assert.Equal(Usd.Zero, record.Cost);
        Assert.Equal(0, record.Status);
        await _rig.AssertNothingHeldAsync(caller.Account);
    }

    [Theory]
    [MemberData(nameof(DialectsAndWays))]
    public async Task Client_that_leaves_in_mid_stream_stops_the_upstream_and_pays_what_was_served(string dialect, bool reset)
    {
        var (model, upstream) = await AddAsync(dialect);
        var whole = Dialects.Answer(dialect, stream: true);
        var part = whole[..(whole.IndexOf("Hel", StringComparison.Ordinal) + 3)];
        upstream.Default = _ => ScriptedUpstreamScript.StreamHead().Chunk(whole[..EventEnd(whole, part.Length)]).Hang();
        var caller = await _rig.AddCallerAsync();

        using var client = await RawClient.PostAsync(
            caller, Dialects.Path(dialect, true, model), BodyOf(dialect, model));
        Assert.True(await client.ReadUntilAsync("Hel"));
        client.Leave(reset);

        await upstream.Requests[0].CallerLeft.WaitAsync(AtOnce);
        var record = Assert.Single(await _rig.RecordsOfAsync(caller.Account, 1));
        Assert.Equal(Outcome.ClientCut, record.Outcome);
        Assert.True(record.IsCounted);
        Assert.InRange(record.Usage.Output, 1, 3);
        Assert.InRange(record.Usage.Input, 1, 40);
        Assert.True(record.Cost > Usd.Zero);
        await _rig.AssertNothingHeldAsync(caller.Account);
    }

    [Theory]
    [MemberData(nameof(DialectsAndWays))]
    public async Task Client_that_leaves_after_the_last_byte_pays_the_reported_usage(string dialect, bool reset)
    {
        var (model, upstream) = await AddAsync(dialect);
        upstream.Default = _ => ScriptedUpstreamScript.StreamHead().Chunk(Dialects.Answer(dialect, stream: true)).Hang();
        var caller = await _rig.AddCallerAsync();

        using var client = await RawClient.PostAsync(
            caller, Dialects.Path(dialect, true, model), BodyOf(dialect, model));
        Assert.True(await client.ReadUntilAsync(dialect switch
        {
            "chat" => "[DONE]",
            "responses" => "\"total_tokens\":18",
            "messages" => "\"message_stop\"}",
            _ => "\"totalTokenCount\":18",
        }));
        client.Leave(reset);

        var record = Assert.Single(await _rig.RecordsOfAsync(caller.Account, 1));
        Assert.Equal(Outcome.Completed, record.Outcome);
        Assert.Equal(new TokenUsage { Input = 11, Output = 7 }, record.Usage);
        await _rig.AssertNothingHeldAsync(caller.Account);
    }

    [Fact]
    public async Task Client_that_leaves_during_an_unstreamed_answer_stops_the_upstream_and_pays_nothing()
    {
        var (model, upstream) = await AddAsync("chat");
        upstream.Default = _ => ScriptedUpstreamScript
            .Head(200, "content-type: application/json", $"content-length: {Wire.ChatAnswer.Length}")
            .Send(Wire.ChatAnswer[..200]).Hang();
        var caller = await _rig.AddCallerAsync();

        using var client = await RawClient.PostAsync(
            caller, "/v1/chat/completions", Wire.ChatBody.Replace("\"m\"", $"\"{model}\"", StringComparison.Ordinal));
        await UntilRequestAsync(upstream);
        client.Leave(reset: true);

        await upstream.Requests[0].CallerLeft.WaitAsync(AtOnce);
        Assert.Equal(Outcome.ClientCancelled, Assert.Single(await _rig.RecordsOfAsync(caller.Account, 1)).Outcome);
        await _rig.AssertNothingHeldAsync(caller.Account);
    }

    [Fact]
    public async Task Client_that_does_not_read_slows_the_upstream_down_and_is_cut_off_after_its_time()
    {
        var (model, upstream) = await AddAsync("chat");
        var script = ScriptedUpstreamScript.StreamHead();
        var chunk = Wire.ChatChunk($$"""{"content":"{{new string('x', 8000)}}"}""");
        for (var i = 0; i < 2000; i++)
        {
            script = script.Chunk(chunk);
        }

        upstream.Default = _ => script.EndChunks();
        var caller = await _rig.AddCallerAsync("1000");

        using var client = await RawClient.PostAsync(
            caller, "/v1/chat/completions", BodyOf("chat", model));

        var record = Assert.Single(await _rig.RecordsOfAsync(caller.Account, 1));
        Assert.Equal(Outcome.ClientCut, record.Outcome);
        await upstream.Requests[0].CallerLeft.WaitAsync(AtOnce);
        Assert.InRange(upstream.Requests[0].Served.Length, 1, 12 << 20);
        await _rig.AssertNothingHeldAsync(caller.Account);
    }

    [Fact]
    public async Task Connection_serves_the_next_request_after_a_refused_one_and_after_a_stream()
    {
        var (model, upstream) = await AddAsync("chat");
        upstream.Default = _ => ScriptedUpstreamScript.Stream(Wire.ChatStream);
        var caller = await _rig.AddCallerAsync();
        using var client = await RawClient.PostAsync(caller, "/v1/chat/completions", "{}");
        Assert.True(await client.ReadUntilAsync("'model' is missing"));

        var body = BodyOf("chat", model);
        await client.SendAsync(
            $"POST /v1/chat/completions HTTP/1.1\r\nHost: g\r\nx-api-key: {caller.Secret}\r\nContent-Length: {body.Length}\r\n\r\n{body}");
        Assert.True(await client.ReadUntilAsync("[DONE]\n\n\r\n0\r\n\r\n"));
        await client.SendAsync("GET /healthz HTTP/1.1\r\nHost: g\r\n\r\n");

        Assert.True(await client.ReadUntilAsync("\"ok\""));
        await _rig.AssertNothingHeldAsync(caller.Account);
    }

    private static string BodyOf(string dialect, string model) =>
        Dialects.Body(dialect, true).Replace("\"m\"", $"\"{model}\"", StringComparison.Ordinal);

    private static int EventEnd(string stream, int after)
    {
        var lf = stream.IndexOf("\n\n", after, StringComparison.Ordinal);
        return lf >= 0 ? lf + 2 : stream.IndexOf("\r\n\r\n", after, StringComparison.Ordinal) + 4;
    }

    private static async Task UntilRequestAsync(ScriptedUpstream upstream)
    {
        var deadline = DateTime.UtcNow.AddSeconds(30);
        while (upstream.Requests.Count == 0 && DateTime.UtcNow < deadline)
        {
            await Task.Delay(5);
        }

        Assert.NotEmpty(upstream.Requests);
    }

    private async Task<(string Model, ScriptedUpstream Upstream)> AddAsync(string dialect)
    {
        var model = $"cut-{Interlocked.Increment(ref _models)}";
        return (model, await _rig.AddUpstreamAsync(Dialects.Provider(dialect), [model]));
    }
}
