using System.Text.Json;
using TokenHub.Core.Money;
using TokenHub.Core.Snapshots;
using TokenHub.Core.Usage;
using TokenHub.Gateway.Tests.Rig;
using TokenHub.TestKit;
using Xunit;

namespace TokenHub.Gateway.Tests.Forwarding.Translation;

/// <summary>Refusals on the way to an upstream of another protocol, in the client's shape and words.</summary>
[Trait("needs", "redis")]
public sealed class CrossingErrorTests(SharedRig shared) : IClassFixture<SharedRig>
{
    private readonly GatewayRig _rig = shared.Rig;

    [Theory]
    [MemberData(nameof(CrossingWorld.Pairs), MemberType = typeof(CrossingWorld))]
    public async Task Status_and_words_of_an_upstream_come_back_in_the_clients_shape(string client, string upstream)
    {
        var (model, server) = await _rig.AddAsync(upstream);
        var caller = await _rig.AddCallerAsync();

        var message = await RefusedAsync(400, Body(upstream, 400, "tools.0: no such thing, sk-live-0123456789abcdef"), 400, Dialects.Invalid(client));
        Assert.Contains("no such thing", message, StringComparison.Ordinal);
        Assert.DoesNotContain("sk-live-0123", message, StringComparison.Ordinal);

        await RefusedAsync(404, Body(upstream, 404, "model not there"), 404, Dialects.NotFound(client));
        await RefusedAsync(413, Body(upstream, 413, "too much of it"), 413, Dialects.Word(client, "invalid_request_error", "request_too_large", "INVALID_ARGUMENT"));
        await RefusedAsync(401, Body(upstream, 401, "the key is bad"), 503, Dialects.Unavailable(client));
        await RefusedAsync(503, Body(upstream, 503, "no room"), 503 + Extra(client), Dialects.Unavailable(client));
        await RefusedAsync(529, Body(upstream, 529, "no room"), 503 + Extra(client), Dialects.Unavailable(client));
        await RefusedAsync(500, "<html>", 502, Dialects.BadGateway(client));
        await RefusedAsync(
            429, Body(upstream, 429, "slow down"), 429, Dialects.Word(client, "rate_limit_error", "rate_limit_error", "RESOURCE_EXHAUSTED"), wait: 7);
        Assert.Equal(caller.Balance, _rig.Plane.BalanceOf(caller.Account));
        await _rig.AssertNothingHeldAsync(caller.Account);

        async Task<string> RefusedAsync(int status, string body, int expected, string type, int wait = 0)
        {
            server.Enqueue(ScriptedUpstreamScript.Answer(status, body, "application/json", wait > 0 ? [$"retry-after: {wait}"] : []));
            using var response = await CrossingWorld.CallAsync(caller, client, model, stream: status % 2 == 0);
            Assert.True(wait == 0 || response.Header("retry-after") == "7");
            return await Dialects.AssertErrorAsync(client, response, expected, type);
        }
    }

    [Theory]
    [MemberData(nameof(CrossingWorld.Pairs), MemberType = typeof(CrossingWorld))]
    public async Task Context_that_is_exceeded_is_said_in_the_words_that_the_client_acts_upon(string client, string upstream)
    {
        var (model, server) = await _rig.AddAsync(upstream);
        var told = upstream switch
        {
            "messages" => "prompt is too long: 210000 tokens > 200000 maximum",
            "gemini" => "The input token count (210000) exceeds the maximum number of tokens allowed (200000).",
            _ => "This model's maximum context length is 200000 tokens. However, your messages resulted in 210000 tokens.",
        };
        var expected = client switch
        {
            "messages" => "prompt is too long: 210000 tokens > 200000 maximum",
            "gemini" => "The input token count (210000) exceeds the maximum number of tokens allowed (200000).",
            _ => "This model's maximum context length is 200000 tokens. However, your messages resulted in 210000 tokens.",
        };
        server.Enqueue(ScriptedUpstreamScript.Answer(400, Body(upstream, 400, told)));
        var caller = await _rig.AddCallerAsync();

        using var response = await CrossingWorld.CallAsync(caller, client, model, stream: true);

        var text = await response.Content.ReadAsStringAsync();
        Assert.Contains(expected, await Dialects.AssertErrorAsync(client, response, 400, Dialects.Invalid(client)), StringComparison.Ordinal);
        Assert.Equal(client is "chat" or "responses", text.Contains("\"context_length_exceeded\"", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Context_that_is_exceeded_in_the_first_event_of_a_stream_is_a_refusal_too()
    {
        var (model, server) = await _rig.AddAsync("responses");
        server.Enqueue(ScriptedUpstreamScript.Stream(Scripts.Beginning("responses") + Wire.Event(
            "response.failed",
            """{"type":"response.failed","sequence_number":3,"response":{"id":"resp_1","status":"failed","error":{"code":"context_length_exceeded","message":"Your input exceeds the context window of this model. Please adjust your input and try again."},"output":[]}}""")));
        var caller = await _rig.AddCallerAsync();

        using var response = await CrossingWorld.CallAsync(caller, "messages", model, stream: true);

        Assert.StartsWith(
            "prompt is too long", await Dialects.AssertErrorAsync("messages", response, 400, "invalid_request_error"), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("codex_exec", 200)]
    [InlineData("other", 400)]
    public async Task Context_that_is_exceeded_is_told_to_codex_in_the_event_that_it_acts_upon(string originator, int status)
    {
        var (model, server) = await _rig.AddAsync("messages");
        server.Default = _ => ScriptedUpstreamScript.Answer(
            400, """{"type":"error","error":{"type":"invalid_request_error","message":"prompt is too long: 210000 tokens > 200000 maximum"}}""");
        var caller = await _rig.AddCallerAsync();

        using var response = await caller.PostAsync(
            "/v1/responses", $$"""{"model":"{{model}}","stream":true,"input":"Hello"}""", $"originator: {originator}");

        var text = await response.Content.ReadAsStringAsync();
        Assert.Equal(status, (int)response.StatusCode);
        Assert.Equal(status == 200 ? "text/event-stream" : "application/json", response.Content.Headers.ContentType!.MediaType);
        Assert.Contains("\"context_length_exceeded\"", text, StringComparison.Ordinal);
        if (status == 200)
        {
            var failed = System.Text.Json.JsonDocument.Parse(text[(text.LastIndexOf("data: ", StringComparison.Ordinal) + 6)..]);
            Assert.Equal(
                ("response.failed", "context_length_exceeded"),
                (failed.RootElement.GetProperty("type").GetString(),
                    failed.RootElement.GetProperty("response").GetProperty("error").GetProperty("code").GetString()));
        }

        Assert.Equal(status, (await _rig.RecordOfAsync(response.RequestId())).Status);
        await _rig.AssertNothingHeldAsync(caller.Account);
    }

    [Fact]
    public async Task Wait_that_an_errors_sentence_asks_for_is_told_to_the_client()
    {
        var (model, server) = await _rig.AddAsync("chat");
        server.Default = _ => ScriptedUpstreamScript.Answer(
            429, """{"error":{"message":"Rate limit reached. Please try again in 7.2s.","type":"tokens","code":"rate_limit_exceeded"}}""");
        var caller = await _rig.AddCallerAsync();

        using var response = await CrossingWorld.CallAsync(caller, "chat", model, stream: false);

        Assert.Equal((429, "8"), ((int)response.StatusCode, response.Header("retry-after")));
    }

    [Fact]
    public async Task What_cannot_be_carried_is_named_in_a_header_or_refused_where_the_key_says_so()
    {
        var (model, server) = await _rig.AddAsync("messages");
        server.Default = _ => ScriptedUpstreamScript.Answer(200, Wire.MessagesAnswer);
        var lenient = await _rig.AddCallerAsync();
        var strict = await _rig.AddCallerAsync(change: key => key with { Unsupported = KeyRecord.UnsupportedIsError });
        var body = $$"""{"model":"{{model}}","seed":5,"frequency_penalty":0.5,"messages":[{"role":"user","content":"Hello there"}]}""";

        using var carried = await lenient.PostAsync("/v1/chat/completions", body);
        using var refused = await strict.PostAsync("/v1/chat/completions", body);
        using var plain = await strict.PostAsync("/v1/chat/completions", Wire.ChatBody.Replace("\"m\"", $"\"{model}\"", StringComparison.Ordinal));

        Assert.Equal(["frequency_penalty", "seed"], carried.Header("x-tokenhub-dropped")!.Split(", ").Order());
        var message = await Dialects.AssertErrorAsync("chat", refused, 400, "invalid_request_error");
        Assert.Contains("seed", message, StringComparison.Ordinal);
        Assert.Contains("frequency_penalty", message, StringComparison.Ordinal);
        Assert.NotNull(refused.Header("x-tokenhub-dropped"));
        Assert.True(plain.IsSuccessStatusCode);
        Assert.Null(plain.Header("x-tokenhub-dropped"));
        Assert.Equal(2, server.Requests.Count);
        var cost = (await _rig.RecordOfAsync(plain.RequestId())).Cost;
        Assert.Equal(strict.Balance - cost, _rig.Plane.BalanceOf(strict.Account));
        await _rig.AssertNothingHeldAsync(strict.Account);
    }

    [Fact]
    public async Task Betas_are_named_and_are_no_reason_to_refuse()
    {
        var (model, server) = await _rig.AddAsync("chat");
        server.Default = _ => ScriptedUpstreamScript.Answer(200, Wire.ChatAnswer);
        var strict = await _rig.AddCallerAsync(change: key => key with { Unsupported = KeyRecord.UnsupportedIsError });

        using var response = await CrossingWorld.CallAsync(
            strict, "messages", model, stream: false, "anthropic-beta: claude-code-20250219,effort-2025-11-24");

        Assert.Equal((200, "anthropic-beta"), ((int)response.StatusCode, response.Header("x-tokenhub-dropped")));
        Assert.Null(Assert.Single(server.Requests).Header("anthropic-beta"));
    }

    [Fact]
    public async Task Request_that_cannot_be_put_so_goes_to_a_channel_of_its_own_protocol_or_is_refused()
    {
        var (model, crossing) = await _rig.AddAsync("messages", change: entry => entry with { Priority = 9 });
        var caller = await _rig.AddCallerAsync();
        var body = $$"""{"model":"{{model}}","n":3,"messages":[{"role":"user","content":"Hello there"}]}""";

        using var refused = await caller.PostAsync("/v1/chat/completions", body);
        var (_, own) = await _rig.AddAsync("chat", model);
        own.Default = _ => ScriptedUpstreamScript.Answer(200, Wire.ChatAnswer);
        using var served = await caller.PostAsync("/v1/chat/completions", body);

        await Dialects.AssertErrorAsync("chat", refused, 400, "invalid_request_error");
        Assert.Equal("n", (await refused.JsonAsync()).GetProperty("error").GetProperty("param").GetString());
        Assert.Equal(Wire.ChatAnswer, await served.Content.ReadAsStringAsync());
        Assert.Empty(crossing.Requests);
        Assert.Equal(body, Assert.Single(own.Requests).BodyText);
        var record = await _rig.RecordOfAsync(served.RequestId());
        Assert.Equal([AttemptFault.Untranslatable, AttemptFault.None], record.Attempts.Select(a => a.Fault));
        Assert.Equal(Usd.Zero, (await _rig.RecordOfAsync(refused.RequestId())).Cost);
    }

    [Fact]
    public async Task Channel_that_failed_is_told_of_rather_than_one_that_could_not_be_asked()
    {
        var (model, own) = await _rig.AddAsync("chat");
        await _rig.AddAsync("messages", model);
        own.Default = _ => ScriptedUpstreamScript.Answer(500, "{}");
        var caller = await _rig.AddCallerAsync();

        using var response = await caller.PostAsync(
            "/v1/chat/completions", $$"""{"model":"{{model}}","n":3,"messages":[{"role":"user","content":"Hello there"}]}""");

        await Dialects.AssertErrorAsync("chat", response, 502, "server_error");
    }

    private static int Extra(string client) => client == "messages" ? 26 : 0;

    private static string Body(string upstream, int status, string message)
    {
        var text = JsonSerializer.Serialize(message);
        return upstream switch
        {
            "messages" => $$$"""{"type":"error","error":{"type":"{{{(status == 529 ? "overloaded_error" : "api_error")}}}","message":{{{text}}}},"request_id":"req_x"}""",
            "gemini" => $$$"""{"error":{"code":{{{status}}},"message":{{{text}}},"status":"{{{(status == 404 ? "NOT_FOUND" : "INVALID_ARGUMENT")}}}"}}""",
            _ => $$$"""{"error":{"message":{{{text}}},"type":"invalid_request_error","param":null,"code":null}}""",
        };
    }
}
