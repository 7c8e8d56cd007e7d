using System.Text.Json.Nodes;
using TokenHub.Core.Snapshots;
using TokenHub.Core.Usage;
using TokenHub.Gateway.Tests.Rig;
using TokenHub.Redis;
using TokenHub.TestKit;
using TokenHub.TestKit.Servers;
using Xunit;

namespace TokenHub.Gateway.Tests.Forwarding.Translation;

/// <summary>An agent's rounds across protocols: calls, results, and what only the issuer can read of them.</summary>
[Trait("needs", "redis")]
public sealed class CrossingToolTests(SharedRig shared) : IClassFixture<SharedRig>
{
    private const string Signature = "EqQBCkYIBRgC+/sig==";
    private readonly GatewayRig _rig = shared.Rig;

    [Theory]
    [MemberData(nameof(CrossingWorld.Pairs), MemberType = typeof(CrossingWorld))]
    public async Task Calls_and_their_results_cross_both_ways(string client, string upstream)
    {
        foreach (var stream in (bool[])[true, false])
        {
            var (model, server) = await _rig.AddAsync(upstream);
            var caller = await _rig.AddCallerAsync();
            server.Enqueue(stream
                ? ScriptedUpstreamScript.Stream(ToolTurns.Answer(upstream, true).Bytes(), 60)
                : ScriptedUpstreamScript.Answer(200, ToolTurns.Answer(upstream, false)));
            server.Enqueue(stream
                ? ScriptedUpstreamScript.Stream(Dialects.Answer(upstream, true))
                : ScriptedUpstreamScript.Answer(200, Dialects.Answer(upstream)));

            using var first = await PostAsync(caller, client, model, stream);
            var text = await first.Content.ReadAsStringAsync();
            var seen = Seen.Of(client, text);
            Assert.True(first.IsSuccessStatusCode && seen.IsWhole && !seen.HasError, text);
            Assert.Equal(["look_up", "now"], seen.Calls.Select(call => call.Name));
            Assert.True(JsonNode.DeepEquals(JsonNode.Parse(ToolTurns.Arguments), JsonNode.Parse(seen.Calls[0].Arguments.ToString())), text);

            // Anthropic's streams say nothing where there are no arguments.
            Assert.Equal("{}", client == "messages" && seen.Calls[1].Arguments.Length == 0 ? "{}" : seen.Calls[1].Arguments.ToString());
            Assert.Equal(
                new TokenUsage { Input = 11, Output = 7 }, seen.Usage);
            Assert.Null(first.Header("x-tokenhub-dropped"));

            using var second = await PostAsync(caller, client, model, stream, [.. seen.Calls.Select(call => call.Id)]);
            Assert.True(second.IsSuccessStatusCode, await second.Content.ReadAsStringAsync());
            Assert.Equal(stream ? "Hello!" : "Hi!", Seen.Of(client, await second.Content.ReadAsStringAsync()).Text);

            var body = server.Requests[1].BodyText;
            var (calls, results) = ToolTurns.Pairing(upstream, body);
            Assert.Equal(2, calls.Count);
            Assert.Equal(calls, results);
            Assert.Contains("found it", body, StringComparison.Ordinal);
            Assert.Contains("noon", body, StringComparison.Ordinal);
            Assert.Contains("Be brief.", body, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("chat")]
    [InlineData("responses")]
    [InlineData("gemini")]
    public async Task Signed_thought_comes_back_to_anthropic_bit_for_bit(string client)
    {
        var (model, server) = await _rig.AddAsync("messages", change: AsModel("claude-sonnet-4-5"));
        server.Enqueue(ScriptedUpstreamScript.Stream(ToolTurns.MessagesStart
            + Wire.Event("content_block_start", """{"type":"content_block_start","index":0,"content_block":{"type":"thinking","thinking":"","signature":""}}""")
            + Wire.Event("content_block_delta", """{"type":"content_block_delta","index":0,"delta":{"type":"thinking_delta","thinking":"I should"}}""")
            + Wire.Event("content_block_delta", """{"type":"content_block_delta","index":0,"delta":{"type":"thinking_delta","thinking":" look \"it\" up."}}""")
            + Wire.Event("content_block_delta", $$$"""{"type":"content_block_delta","index":0,"delta":{"type":"signature_delta","signature":"{{{Signature}}}"}}""")
            + Wire.Event("content_block_stop", """{"type":"content_block_stop","index":0}""")
            + ToolTurns.MessagesCalls(1)));
        server.Enqueue(ScriptedUpstreamScript.Stream(Wire.MessagesStream));
        var caller = await _rig.AddCallerAsync();

        var body = await AnswerAsync(caller, client, model, server);

        var assistant = JsonNode.Parse(body)!["messages"]!.AsArray().First(m => m!["role"]!.GetValue<string>() == "assistant")!;
        var thought = assistant["content"]![0]!;
        Assert.Equal("thinking", thought["type"]!.GetValue<string>());
        Assert.Equal("I should look \"it\" up.", thought["thinking"]!.GetValue<string>());
        Assert.Equal(Signature, thought["signature"]!.GetValue<string>());
        Assert.DoesNotContain("th1.", body, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("chat")]
    [InlineData("responses")]
    [InlineData("messages")]
    public async Task Signature_of_a_call_comes_back_to_gemini_bit_for_bit(string client)
    {
        var (model, server) = await _rig.AddAsync("gemini", change: AsModel("gemini-3-pro"));
        var signed = $$$"""{"functionCall":{"name":"look_up","args":{{{ToolTurns.Arguments}}}},"thoughtSignature":"{{{Signature}}}"},{"functionCall":{"name":"now"}}""";
        server.Enqueue(ScriptedUpstreamScript.Stream($"data: {ToolTurns.Gemini(signed)}\r\n\r\n"));
        server.Enqueue(ScriptedUpstreamScript.Stream(Wire.GeminiStream));
        var caller = await _rig.AddCallerAsync();

        var body = await AnswerAsync(caller, client, model, server);

        var parts = JsonNode.Parse(body)!["contents"]!.AsArray().First(c => c!["role"]!.GetValue<string>() == "model")!["parts"]!.AsArray();
        var call = parts.First(part => part!["functionCall"] is not null)!;
        Assert.Equal(Signature, call["thoughtSignature"]!.GetValue<string>());
        Assert.DoesNotContain("th1.", body, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("chat", """{"model":"M","messages":[{"role":"user","content":[{"type":"text","text":"what?"},{"type":"image_url","image_url":{"url":"URL"}}]}]}""", "/v1/chat/completions")]
    [InlineData("messages", """{"model":"M","max_tokens":9,"messages":[{"role":"user","content":[{"type":"image","source":{"type":"url","url":"URL"}}]}]}""", "/v1/messages")]
    public async Task Picture_given_by_address_is_brought_to_an_upstream_that_takes_none(string client, string body, string path)
    {
        var (model, server) = await _rig.AddAsync("gemini");
        server.Default = _ => ScriptedUpstreamScript.Answer(200, Wire.GeminiAnswer);
        await using var pictures = ScriptedUpstream.Start();
        byte[] png = [0x89, (byte)'P', (byte)'N', (byte)'G', 13, 10, 26, 10, 1, 2, 3];
        pictures.Enqueue(ScriptedUpstreamScript.Head(200, "content-type: image/png", $"content-length: {png.Length}").Send(png));
        pictures.Default = _ => ScriptedUpstreamScript.Answer(200, "<html>", "text/html");
        var caller = await _rig.AddCallerAsync();
        body = body.Replace("M", model, StringComparison.Ordinal).Replace("URL", pictures.Url + "/p.png", StringComparison.Ordinal);

        using var served = await caller.PostAsync(path, body);
        using var refused = await caller.PostAsync(path, body);

        Assert.True(served.IsSuccessStatusCode, await served.Content.ReadAsStringAsync());
        var sent = server.Requests[0].BodyText;
        Assert.Contains(Convert.ToBase64String(png), sent, StringComparison.Ordinal);
        Assert.Contains("\"image/png\"", sent, StringComparison.Ordinal);
        Assert.Contains("/p.png", await Dialects.AssertErrorAsync(client, refused, 400, Dialects.Invalid(client)), StringComparison.Ordinal);
        Assert.Single(server.Requests);
    }

    private static Func<ChannelEntry, ChannelEntry> AsModel(string name) => entry => entry with
    {
        ModelMap = new Dictionary<string, string> { [entry.Models[0]] = name },
    };

    // Plays the client's second round with all that the first gave him, and tells what the upstream got.
    private static async Task<string> AnswerAsync(GatewayRig.Caller caller, string client, string model, ScriptedUpstream server)
    {
        using var first = await PostAsync(caller, client, model, stream: true);
        var text = await first.Content.ReadAsStringAsync();
        Assert.True(first.IsSuccessStatusCode, text);
        var ids = Seen.Of(client, text).Calls.Select(call => call.Id).ToList();
        var request = JsonNode.Parse(ToolTurns.Request(client, model, stream: true, ids))!;
        Echo.PutBack(client, request, text);

        // What is kept beside the stream, for a client who cannot carry it, is there a moment after it.
        if (client == "chat")
        {
            var kept = RedisKeys.Kept(caller.Account, caller.Key.Id, ids[0]);
            await Probe.UntilAsync(
                async () => await caller.Rig.CommandAsync("STRLEN", kept) != "0",
                TimeSpan.FromSeconds(10), "what belongs to the call is kept");
        }

        using var second = await caller.PostAsync(Dialects.Path(client, true, model), request.ToJsonString());
        var answer = await second.Content.ReadAsStringAsync();
        Assert.True(second.IsSuccessStatusCode, answer);
        return server.Requests[1].BodyText;
    }

    private static Task<HttpResponseMessage> PostAsync(
        GatewayRig.Caller caller, string client, string model, bool stream, List<string>? ids = null) =>
        caller.PostAsync(Dialects.Path(client, stream, model), ToolTurns.Request(client, model, stream, ids));
}
