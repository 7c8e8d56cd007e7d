using TokenHub.Core.Money;
using TokenHub.Core.Usage;
using TokenHub.Gateway.Tests.Rig;
using TokenHub.Protocols.Streams;
using TokenHub.TestKit;
using Xunit;

namespace TokenHub.Gateway.Tests.Forwarding.Translation;

/// <summary>
/// Every client reaches every upstream: the answer is his own protocol's, the usage told is the usage billed.
/// </summary>
[Trait("needs", "redis")]
public sealed class CrossingTests(SharedRig shared) : IClassFixture<SharedRig>
{
    private readonly GatewayRig _rig = shared.Rig;

    [Theory]
    [MemberData(nameof(CrossingWorld.Pairs), MemberType = typeof(CrossingWorld))]
    public async Task Answer_in_one_piece_crosses(string client, string upstream)
    {
        var (model, server) = await _rig.AddAsync(upstream);
        server.Default = _ => ScriptedUpstreamScript.Answer(200, Dialects.Answer(upstream));
        var caller = await _rig.AddCallerAsync();

        using var response = await CrossingWorld.CallAsync(caller, client, model, stream: false);

        var text = await response.Content.ReadAsStringAsync();
        Assert.True(response.IsSuccessStatusCode, text);
        Assert.Equal("application/json", response.Content.Headers.ContentType!.MediaType);
        await AssertAnswerAsync(client, response, text, "Hi!");
        var request = Assert.Single(server.Requests);
        Assert.Equal(CrossingWorld.PathOf(upstream, model, stream: false), request.Target);
        Assert.Contains("Hello there", request.BodyText, StringComparison.Ordinal);
        await _rig.AssertNothingHeldAsync(caller.Account);
    }

    [Theory]
    [MemberData(nameof(CrossingWorld.Pairs), MemberType = typeof(CrossingWorld))]
    public async Task Stream_crosses(string client, string upstream)
    {
        var (model, server) = await _rig.AddAsync(upstream);
        server.Default = _ => ScriptedUpstreamScript.Stream(Dialects.Answer(upstream, stream: true).Bytes(), 40);
        var caller = await _rig.AddCallerAsync();

        using var response = await CrossingWorld.CallAsync(caller, client, model, stream: true);

        var (text, isClean) = await CrossingWorld.ReadAsync(response);
        Assert.True(response.IsSuccessStatusCode && isClean, text);
        Assert.Equal("text/event-stream", response.Content.Headers.ContentType!.MediaType);
        Assert.NotNull(response.Header("x-tokenhub-cost"));
        await AssertAnswerAsync(client, response, text, "Hello!");
        var request = Assert.Single(server.Requests);
        Assert.Equal(CrossingWorld.PathOf(upstream, model, stream: true), request.Target);
        Assert.Equal("text/event-stream", request.Header("accept"));
    }

    [Theory]
    [InlineData("messages", "chat")]
    [InlineData("chat", "messages")]
    public async Task Stream_cut_anywhere_is_the_same(string client, string upstream)
    {
        var (model, server) = await _rig.AddAsync(upstream);
        var bytes = Dialects.Answer(upstream, stream: true).Bytes();
        var caller = await _rig.AddCallerAsync("1000", key => key with { UserMaxConcurrency = 10_000 });
        string? whole = null;
        for (var cut = 1; cut < bytes.Length; cut++)
        {
            server.Enqueue(ScriptedUpstreamScript.Stream([bytes[..cut], bytes[cut..]]));
            using var response = await CrossingWorld.CallAsync(caller, client, model, stream: true);
            var text = await response.Content.ReadAsStringAsync();

            // Ids and times are of the request.
            text = text.Replace(response.Header("x-request-id")!, "ID", StringComparison.Ordinal);
            text = System.Text.RegularExpressions.Regex.Replace(text, "\"created\":\\d+", "\"created\":0");
            whole ??= text;
            Assert.True(whole == text, $"cut at {cut}: {text}");
        }

        Assert.Equal("Hello!", Seen.Of(client, whole!).Text);
        var records = await _rig.RecordsOfAsync(caller.Account, bytes.Length - 1);
        Assert.All(records, record => Assert.Equal((Outcome.Completed, 7L), (record.Outcome, record.Usage.Output)));
    }

    [Theory]
    [MemberData(nameof(CrossingWorld.Pairs), MemberType = typeof(CrossingWorld))]
    public async Task Body_for_a_stream_and_stream_for_a_body_work_too(string client, string upstream)
    {
        var (model, server) = await _rig.AddAsync(upstream);
        var caller = await _rig.AddCallerAsync();
        server.Enqueue(ScriptedUpstreamScript.Answer(200, Dialects.Answer(upstream)));
        server.Enqueue(ScriptedUpstreamScript.Stream(Dialects.Answer(upstream, stream: true)));

        using var streamed = await CrossingWorld.CallAsync(caller, client, model, stream: true);
        using var whole = await CrossingWorld.CallAsync(caller, client, model, stream: false);

        Assert.Equal("text/event-stream", streamed.Content.Headers.ContentType!.MediaType);
        Assert.Equal("application/json", whole.Content.Headers.ContentType!.MediaType);
        await AssertAnswerAsync(client, streamed, await streamed.Content.ReadAsStringAsync(), "Hi!");
        await AssertAnswerAsync(client, whole, await whole.Content.ReadAsStringAsync(), "Hello!");
    }

    [Theory]
    [InlineData("chat")]
    [InlineData("responses")]
    [InlineData("messages")]
    public async Task Gemini_client_gets_an_array_where_he_asks_for_one(string upstream)
    {
        var (model, server) = await _rig.AddAsync(upstream);
        server.Default = _ => ScriptedUpstreamScript.Stream(Dialects.Answer(upstream, stream: true).Bytes(), 50);
        var caller = await _rig.AddCallerAsync();

        using var response = await caller.PostAsync($"/v1beta/models/{model}:streamGenerateContent", Wire.GeminiBody);

        var text = await response.Content.ReadAsStringAsync();
        Assert.Equal("application/json", response.Content.Headers.ContentType!.MediaType);
        await AssertAnswerAsync("gemini", response, text, "Hello!");
    }

    [Theory]
    [MemberData(nameof(CrossingWorld.Pairs), MemberType = typeof(CrossingWorld))]
    public async Task Failed_channel_of_the_own_protocol_gives_way_to_a_crossing_one(string client, string upstream)
    {
        foreach (var stream in (bool[])[false, true])
        {
            var (model, own) = await _rig.AddAsync(client);
            var (_, other) = await _rig.AddAsync(upstream, model);
            own.Default = _ => ScriptedUpstreamScript.Answer(500, """{"error":{"message":"no"}}""");
            other.Default = _ => stream
                ? ScriptedUpstreamScript.Stream(Dialects.Answer(upstream, stream: true).Bytes(), 100)
                : ScriptedUpstreamScript.Answer(200, Dialects.Answer(upstream));
            var caller = await _rig.AddCallerAsync();

            using var response = await CrossingWorld.CallAsync(caller, client, model, stream);

            await AssertAnswerAsync(client, response, await response.Content.ReadAsStringAsync(), stream ? "Hello!" : "Hi!");
            Assert.Single(own.Requests);
            Assert.Single(other.Requests);
            var record = await _rig.RecordOfAsync(response.RequestId());
            Assert.Equal([Outcome.UpstreamErrorBeforeContent, Outcome.Completed], record.Attempts.Select(a => a.Outcome));
        }
    }

    [Theory]
    [MemberData(nameof(CrossingWorld.Pairs), MemberType = typeof(CrossingWorld))]
    public async Task Failed_crossing_channel_gives_way_to_one_of_the_own_protocol(string client, string upstream)
    {
        var (model, other) = await _rig.AddAsync(upstream, change: entry => entry with { Priority = 5 });
        var (_, own) = await _rig.AddAsync(client, model);
        other.Default = _ => ScriptedUpstreamScript.StreamHead().Chunk(": nothing\n\n").EndChunks();
        own.Default = _ => ScriptedUpstreamScript.Stream(Dialects.Answer(client, stream: true));
        var caller = await _rig.AddCallerAsync();

        using var response = await CrossingWorld.CallAsync(caller, client, model, stream: true);

        Assert.Equal(Dialects.Answer(client, stream: true), await response.Content.ReadAsStringAsync());
        Assert.Single(other.Requests);
        Assert.Equal(2, (await _rig.RecordOfAsync(response.RequestId())).Attempts.Count);
    }

    [Fact]
    public async Task Headers_of_the_clients_maker_stay_here_and_the_upstreams_are_put_in()
    {
        var (model, server) = await _rig.AddAsync("messages");
        server.Default = _ => ScriptedUpstreamScript.Answer(
            200, Wire.MessagesAnswer, "application/json", "set-cookie: a=b", "openai-version: 1", "anthropic-organization-id: o");
        var caller = await _rig.AddCallerAsync();

        using var response = await CrossingWorld.CallAsync(
            caller, "chat", model, false, "openai-beta: x", "openai-organization: org-1", "session-id: s1");

        var request = Assert.Single(server.Requests);
        Assert.Equal(("2023-06-01", "s1"), (request.Header("anthropic-version"), request.Header("session-id")));
        Assert.Null(request.Header("openai-beta"));
        Assert.NotNull(request.Header("x-api-key"));
        Assert.DoesNotContain(response.Headers, h => h.Key is "Set-Cookie" or "openai-version" or "anthropic-organization-id");
    }

    [Fact]
    public async Task Alias_is_told_upstream_and_the_clients_name_comes_back()
    {
        var (model, server) = await _rig.AddAsync(
            "messages", change: entry => entry with { ModelMap = new Dictionary<string, string> { [entry.Models[0]] = "claude-sonnet-4-5" } });
        server.Default = _ => ScriptedUpstreamScript.Stream(Wire.MessagesStream);
        var caller = await _rig.AddCallerAsync();

        using var response = await CrossingWorld.CallAsync(caller, "chat", model, stream: true);

        Assert.Equal(model, Seen.Of("chat", await response.Content.ReadAsStringAsync()).Model);
        Assert.Contains("\"claude-sonnet-4-5\"", server.Requests[0].BodyText, StringComparison.Ordinal);
    }

    private async Task AssertAnswerAsync(string client, HttpResponseMessage response, string text, string expected)
    {
        var seen = Seen.Of(client, text);
        Assert.True(seen.IsWhole && !seen.HasError, text);
        Assert.Equal(StreamFaults.None, seen.Faults);
        Assert.Equal(expected, seen.Text);
        Assert.NotEqual("", seen.Id);
        var record = await _rig.RecordOfAsync(response.RequestId());
        Assert.Equal(Outcome.Completed, record.Outcome);
        Assert.Equal(new TokenUsage { Input = 11, Output = 7 }, record.Usage);
        Assert.Equal(record.Usage, seen.Usage);
        Assert.True(record.Cost > Usd.Zero && !record.IsCounted);
    }
}
