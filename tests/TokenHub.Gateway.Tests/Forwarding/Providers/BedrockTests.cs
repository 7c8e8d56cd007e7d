using TokenHub.Core.Money;
using TokenHub.Core.Snapshots;
using TokenHub.Core.Usage;
using TokenHub.Gateway.Tests.Rig;
using TokenHub.TestKit;
using Xunit;

namespace TokenHub.Gateway.Tests.Forwarding.Providers;

[Trait("needs", "redis")]
public sealed class BedrockTests : IAsyncLifetime
{
    private const string Model = "us.anthropic.claude-sonnet-4-5-20250929-v1:0";
    private const string Aws =
        """{"type":"aws","access_key_id":"AKIDEXAMPLE","secret_access_key":"wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY","region":"eu-west-1"}""";

    private static readonly string[] Events =
        [.. Scripts.Events(Wire.MessagesStream).Select(e => e[(e.IndexOf("data: ", StringComparison.Ordinal) + 6)..].TrimEnd('\n'))];

    private static readonly byte[][] Frames = [.. Events.Select(EventStreamFrames.Chunk)];

    private GatewayRig _rig = null!;

    public async ValueTask InitializeAsync() => _rig = await GatewayRig.StartAsync();

    public ValueTask DisposeAsync() => _rig.DisposeAsync();

    [Theory]
    [InlineData(1)]
    [InlineData(7)]
    [InlineData(1000)]
    public async Task Stream_of_claude_is_signed_and_passes_as_anthropics_own_bytes(int size)
    {
        var upstream = await AddAsync(Aws, "aws");
        upstream.Enqueue(StreamOf([.. Frames.SelectMany(f => f)], size));
        var caller = await _rig.AddCallerAsync();

        using var response = await caller.PostAsync(
            "/v1/messages?beta=true", Wire.MessagesStreamBody, "anthropic-beta: effort-2025-11-24,claude-code-20250219");

        Assert.Equal(Wire.MessagesStream, await response.Content.ReadAsStringAsync());
        Assert.Equal("text/event-stream", response.Content.Headers.ContentType?.MediaType);
        var seen = Assert.Single(upstream.Requests);
        Assert.Equal($"/model/{Model.Replace(":", "%3A", StringComparison.Ordinal)}/invoke-with-response-stream", seen.Target);
        Assert.Equal("""{"anthropic_version":"bedrock-2023-05-31","max_tokens":100,"messages":[{"role":"user","content":"Hello there"}],"anthropic_beta":["effort-2025-11-24"]}""", seen.BodyText);
        Assert.Equal("application/vnd.amazon.eventstream", seen.Header("accept"));
        Assert.Null(seen.Header("anthropic-beta"));
        Assert.Null(seen.Header("anthropic-version"));
        Assert.Equal("anthropic-beta:claude-code-20250219", response.Header("x-tokenhub-dropped"));
        AwsCheck.AssertSigned(seen, "eu-west-1", "bedrock");
        var record = await _rig.RecordOfAsync(response.RequestId());
        Assert.Equal(TariffMath.Cost(GatewayRig.Tariff, new TokenUsage { Input = 11, Output = 7 }), record.Cost);
        await _rig.AssertNothingHeldAsync(caller.Account);
    }

    [Theory]
    [InlineData("""{"type":"api_key","api_key":"bedrock-key-123"}""", "api_key")]
    [InlineData(Aws, "aws")]
    public async Task Answer_of_claude_in_one_piece_passes(string secret, string type)
    {
        var upstream = await AddAsync(secret, type);
        upstream.Enqueue(ScriptedUpstreamScript.Answer(200, Wire.MessagesAnswer));
        var caller = await _rig.AddCallerAsync();

        using var response = await caller.PostAsync("/v1/messages", Wire.MessagesBody);

        Assert.Equal(Wire.MessagesAnswer, await response.Content.ReadAsStringAsync());
        var seen = Assert.Single(upstream.Requests);
        Assert.EndsWith("/invoke", seen.Target, StringComparison.Ordinal);
        if (type == "aws")
        {
            AwsCheck.AssertSigned(seen, "eu-west-1", "bedrock");
        }
        else
        {
            Assert.Equal("Bearer bedrock-key-123", seen.Header("authorization"));
        }
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Chat_client_is_served_by_converse(bool isStream)
    {
        var upstream = await AddAsync(Aws, "aws", model: "amazon.nova-pro-v1:0");
        byte[][] frames =
        [
            EventStreamFrames.Event("messageStart", """{"role":"assistant","p":"abc"}"""),
            EventStreamFrames.Event("contentBlockDelta", """{"contentBlockIndex":0,"delta":{"text":"Hel"}}"""),
            EventStreamFrames.Event("contentBlockDelta", """{"contentBlockIndex":0,"delta":{"text":"lo!"}}"""),
            EventStreamFrames.Event("contentBlockStop", """{"contentBlockIndex":0}"""),
            EventStreamFrames.Event("messageStop", """{"stopReason":"end_turn"}"""),
            EventStreamFrames.Event("metadata", """{"usage":{"inputTokens":11,"outputTokens":7,"totalTokens":18},"metrics":{"latencyMs":1}}"""),
        ];
        upstream.Enqueue(isStream
            ? StreamOf([.. frames.SelectMany(f => f)], 37)
            : ScriptedUpstreamScript.Answer(200, """{"output":{"message":{"role":"assistant","content":[{"text":"Hello!"}]}},"stopReason":"end_turn","usage":{"inputTokens":11,"outputTokens":7,"totalTokens":18}}"""));
        var caller = await _rig.AddCallerAsync();

        using var response = await caller.PostAsync(
            "/v1/chat/completions",
            (isStream ? Wire.ChatStreamBody : Wire.ChatBody).Replace("\"messages\"", "\"seed\":1,\"messages\"", StringComparison.Ordinal));

        var text = await response.Content.ReadAsStringAsync();
        Assert.Equal(200, (int)response.StatusCode);
        Assert.Contains(isStream ? "lo!" : "Hello!", text, StringComparison.Ordinal);
        Assert.Contains("\"finish_reason\":\"stop\"", text, StringComparison.Ordinal);
        Assert.Equal(isStream, text.EndsWith("data: [DONE]\n\n", StringComparison.Ordinal));
        Assert.Equal("seed", response.Header("x-tokenhub-dropped"));
        var seen = Assert.Single(upstream.Requests);
        Assert.Equal("/model/amazon.nova-pro-v1%3A0/converse" + (isStream ? "-stream" : ""), seen.Target);
        Assert.Equal("""{"messages":[{"role":"user","content":[{"text":"Hello there"}]}],"inferenceConfig":{}}""", seen.BodyText);
        AwsCheck.AssertSigned(seen, "eu-west-1", "bedrock");
        var record = await _rig.RecordOfAsync(response.RequestId());
        Assert.Equal(TariffMath.Cost(GatewayRig.Tariff, new TokenUsage { Input = 11, Output = 7 }), record.Cost);
    }

    [Fact]
    public async Task Session_token_is_sent_and_signed()
    {
        var upstream = await AddAsync(Aws.Replace("\"region\"", "\"session_token\":\"tok-1\",\"region\"", StringComparison.Ordinal), "aws");
        upstream.Enqueue(ScriptedUpstreamScript.Answer(200, Wire.MessagesAnswer));
        var caller = await _rig.AddCallerAsync();

        using var response = await caller.PostAsync("/v1/messages", Wire.MessagesBody);

        var seen = Assert.Single(upstream.Requests);
        Assert.Equal("tok-1", seen.Header("x-amz-security-token"));
        Assert.Contains("x-amz-security-token", seen.Header("authorization"), StringComparison.Ordinal);
        AwsCheck.AssertSigned(seen, "eu-west-1", "bedrock");
    }

    [Fact]
    public async Task Exception_before_content_moves_on_to_the_next_channel()
    {
        var first = await AddAsync(Aws, "aws", priority: 1);
        var second = await AddAsync(Aws, "aws");
        first.Enqueue(StreamOf([.. Frames[0], .. EventStreamFrames.Exception("throttlingException", "Slow down.")], 50));
        second.Enqueue(StreamOf([.. Frames.SelectMany(f => f)], 500));
        var caller = await _rig.AddCallerAsync();

        using var response = await caller.PostAsync("/v1/messages", Wire.MessagesStreamBody);

        Assert.Equal(Wire.MessagesStream, await response.Content.ReadAsStringAsync());
        Assert.Single(first.Requests);
        Assert.Single(second.Requests);
    }

    [Fact]
    public async Task Exception_in_mid_stream_ends_it_with_anthropics_error()
    {
        var upstream = await AddAsync(Aws, "aws");
        upstream.Enqueue(StreamOf(
            [.. Frames.Take(5).SelectMany(f => f), .. EventStreamFrames.Exception("serviceUnavailableException", "Busy.")], 64));
        var caller = await _rig.AddCallerAsync();

        using var response = await caller.PostAsync("/v1/messages", Wire.MessagesStreamBody);

        var text = await response.Content.ReadAsStringAsync();
        Assert.Contains("\"text\":\"lo!\"", text, StringComparison.Ordinal);
        Assert.EndsWith(
            "event: error\ndata: {\"type\":\"error\",\"error\":{\"type\":\"overloaded_error\",\"message\":\"Busy.\"}}\n\n", text,
            StringComparison.Ordinal);
        var record = await _rig.RecordOfAsync(response.RequestId());
        Assert.True(record.Cost > Usd.Zero);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Stream_that_is_damaged_or_ends_in_a_frame_never_ends_cleanly(bool isDamaged)
    {
        var upstream = await AddAsync(Aws, "aws");
        var bytes = Frames.SelectMany(f => f).ToArray();
        if (isDamaged)
        {
            bytes[^3] ^= 1;
        }

        upstream.Enqueue(StreamOf(isDamaged ? bytes : bytes[..^5], 64));
        var caller = await _rig.AddCallerAsync();

        using var response = await caller.PostAsync("/v1/messages", Wire.MessagesStreamBody);

        var text = "";
        try
        {
            await using var stream = await response.Content.ReadAsStreamAsync();
            var buffer = new byte[4096];
            int count;
            while ((count = await stream.ReadAsync(buffer)) > 0)
            {
                text += System.Text.Encoding.UTF8.GetString(buffer, 0, count);
            }
        }
        catch (Exception error) when (error is IOException or HttpRequestException)
        {
            // Cut, as it should be.
        }

        Assert.DoesNotContain("message_stop", text, StringComparison.Ordinal);
        Assert.Contains("event: error", text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(400, "ValidationException", "The model is wrong.", 400, "invalid_request_error")]
    [InlineData(429, "ThrottlingException", "Slow.", 429, "rate_limit_error")]
    [InlineData(403, "AccessDeniedException", "Not you.", 503, "overloaded_error")]
    [InlineData(424, "ModelErrorException", "Broke.", 502, "api_error")]
    public async Task Error_is_told_in_anthropics_words(int status, string exception, string message, int told, string type)
    {
        var upstream = await AddAsync(Aws, "aws");
        upstream.Enqueue(ScriptedUpstreamScript.Answer(
            status, $$"""{"message":"{{message}}"}""", "application/json", $"x-amzn-ErrorType: {exception}:http://internal/"));
        var caller = await _rig.AddCallerAsync();

        using var response = await caller.PostAsync("/v1/messages", Wire.MessagesBody);

        var json = await response.JsonAsync();
        Assert.Equal((told, "error", type), ((int)response.StatusCode, json.GetProperty("type").GetString(), json.GetProperty("error").GetProperty("type").GetString()));
        Assert.Equal(status == 400, json.GetProperty("error").GetProperty("message").GetString() == message);
        Assert.DoesNotContain("internal", json.GetRawText(), StringComparison.Ordinal);
    }

    private Task<ScriptedUpstream> AddAsync(
        string secret, string type, int priority = 0, string model = Model) => _rig.AddUpstreamAsync(
        Provider.Bedrock, ["m"], entry => entry with
        {
            CredentialType = type,
            SealedCredential = Entries.Box.Seal(System.Text.Encoding.UTF8.GetBytes(secret), entry.CredentialContext),
            ModelMap = new Dictionary<string, string> { ["m"] = model },
            Priority = priority,
        });

    private static ScriptedUpstreamScript StreamOf(byte[] bytes, int size) => bytes.Chunk(size).Aggregate(
        ScriptedUpstreamScript.Head(200, "content-type: application/vnd.amazon.eventstream", "transfer-encoding: chunked"),
        (script, piece) => script.Chunk(piece)).EndChunks();
}
