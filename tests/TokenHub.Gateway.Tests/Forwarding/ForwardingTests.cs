using System.Net;
using System.Security.Cryptography;
using System.Text;
using TokenHub.Core.Money;
using TokenHub.Core.Snapshots;
using TokenHub.Core.Usage;
using TokenHub.Gateway.Tests.Rig;
using TokenHub.TestKit;
using Xunit;

namespace TokenHub.Gateway.Tests.Forwarding;

[Trait("needs", "redis")]
public sealed class ForwardingTests : IAsyncLifetime
{
    private GatewayRig _rig = null!;

    public static TheoryData<string, string, string, string> WholeAnswers => new()
    {
        { nameof(Provider.OpenAi), "/v1/chat/completions", Wire.ChatBody, Wire.ChatAnswer },
        { nameof(Provider.OpenAi), "/v1/responses", Wire.ResponsesBody, Wire.ResponsesAnswer },
        { nameof(Provider.Anthropic), "/v1/messages?beta=true", Wire.MessagesBody, Wire.MessagesAnswer },
        { nameof(Provider.Gemini), "/v1beta/models/m:generateContent", Wire.GeminiBody, Wire.GeminiAnswer },
        { nameof(Provider.Gemini), "/v1/models/m:generateContent", Wire.GeminiBody, Wire.GeminiAnswer },
        { nameof(Provider.DeepSeek), "/v1/chat/completions", Wire.ChatBody, Wire.ChatAnswer },
        { nameof(Provider.Azure), "/v1/chat/completions", Wire.ChatBody, Wire.ChatAnswer },
    };

    public static TheoryData<string, string, string, string> Streams => new()
    {
        { nameof(Provider.OpenAi), "/v1/responses", Wire.ResponsesStreamBody, Wire.ResponsesStream },
        { nameof(Provider.Anthropic), "/v1/messages", Wire.MessagesStreamBody, Wire.MessagesStream },
        { nameof(Provider.Gemini), "/v1beta/models/m:streamGenerateContent?alt=sse", Wire.GeminiBody, Wire.GeminiStream },
        {
            nameof(Provider.OpenAi), "/v1/chat/completions",
            Wire.ChatStreamBody.Replace("true,", "true,\"stream_options\":{\"include_usage\":true},", StringComparison.Ordinal),
            Wire.ChatStream
        },
    };

    public async ValueTask InitializeAsync() => _rig = await GatewayRig.StartAsync();

    public ValueTask DisposeAsync() => _rig.DisposeAsync();

    [Theory]
    [MemberData(nameof(WholeAnswers))]
    public async Task Answer_passes_whole_and_is_charged_exactly(string provider, string path, string body, string answer)
    {
        var upstream = await _rig.AddUpstreamAsync(Enum.Parse<Provider>(provider), ["m"]);
        upstream.Enqueue(ScriptedUpstreamScript.Answer(200, answer));
        var caller = await _rig.AddCallerAsync();

        using var response = await caller.PostAsync(path, body);

        Assert.Equal(answer, await response.Content.ReadAsStringAsync());
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        var cost = TariffMath.Cost(GatewayRig.Tariff, new TokenUsage { Input = 11, Output = 7 });
        Assert.Equal(cost.ToString(), response.Header("x-tokenhub-cost"));
        Assert.Equal((caller.Balance - cost).ToString(), response.Header("x-tokenhub-balance"));
        var record = await _rig.RecordOfAsync(response.RequestId());
        Assert.Equal(Outcome.Completed, record.Outcome);
        Assert.Equal(cost, record.Cost);
        Assert.False(record.IsCounted);
        await _rig.AssertNothingHeldAsync(caller.Account);
        Assert.Equal(caller.Balance - cost, _rig.Plane.BalanceOf(caller.Account));
        Assert.Equal(body, Assert.Single(upstream.Requests).BodyText);
    }

    [Theory]
    [MemberData(nameof(Streams))]
    public async Task Stream_passes_byte_for_byte_and_is_charged_exactly(
        string provider, string path, string body, string stream)
    {
        var upstream = await _rig.AddUpstreamAsync(Enum.Parse<Provider>(provider), ["m"]);
        upstream.Enqueue(ScriptedUpstreamScript.Stream(stream.Bytes(), 40));
        var caller = await _rig.AddCallerAsync();

        using var response = await caller.PostAsync(path, body);
        var seen = await response.Content.ReadAsByteArrayAsync();

        Assert.Equal(stream, Encoding.UTF8.GetString(seen));
        Assert.NotNull(response.Header("x-tokenhub-cost"));
        var record = await _rig.RecordOfAsync(response.RequestId());
        Assert.Equal(Outcome.Completed, record.Outcome);
        Assert.Equal(new TokenUsage { Input = 11, Output = 7 }, record.Usage);
        Assert.True(record.IsStream);
        Assert.True(record.FirstTokenMs >= 0);
        await _rig.AssertNothingHeldAsync(caller.Account);
    }

    [Theory]
    [MemberData(nameof(Streams))]
    public async Task Stream_has_the_same_hash_at_every_cut(string provider, string path, string body, string stream)
    {
        var upstream = await _rig.AddUpstreamAsync(Enum.Parse<Provider>(provider), ["m"]);
        var bytes = stream.Bytes();

        // Requests that come faster than the disk syncs still count as open until their records are durable.
        var caller = await _rig.AddCallerAsync("1000", key => key with { UserMaxConcurrency = 10_000 });
        var expected = SHA256.HashData(bytes);

        for (var cut = 1; cut < bytes.Length; cut++)
        {
            upstream.Enqueue(ScriptedUpstreamScript.Stream([bytes[..cut], bytes[cut..]]));
            using var response = await caller.PostAsync(path, body);
            var seen = await response.Content.ReadAsByteArrayAsync();
            Assert.True(expected.AsSpan().SequenceEqual(SHA256.HashData(seen)), $"cut at {cut}");
        }

        await _rig.AssertNothingHeldAsync(caller.Account);
        var records = await _rig.RecordsOfAsync(caller.Account, bytes.Length - 1);
        Assert.All(records, r => Assert.Equal(new TokenUsage { Input = 11, Output = 7 }, r.Usage));
    }

    [Fact]
    public async Task Usage_that_the_client_did_not_ask_for_is_asked_for_and_taken_out_again()
    {
        var upstream = await _rig.AddUpstreamAsync(Provider.OpenAi, ["m"]);
        upstream.Enqueue(ScriptedUpstreamScript.Stream(Wire.ChatStream.Bytes(), 33));
        var caller = await _rig.AddCallerAsync();

        using var response = await caller.PostAsync("/v1/chat/completions", Wire.ChatStreamBody);

        Assert.Equal(Wire.ChatStreamSeen, await response.Content.ReadAsStringAsync());
        Assert.Contains("\"stream_options\":{\"include_usage\":true}", upstream.Requests[0].BodyText, StringComparison.Ordinal);
        Assert.Equal(new TokenUsage { Input = 11, Output = 7 }, (await _rig.RecordOfAsync(response.RequestId())).Usage);
    }

    [Fact]
    public async Task Gemini_stream_without_sse_passes_as_the_array_it_is()
    {
        var upstream = await _rig.AddUpstreamAsync(Provider.Gemini, ["m"]);
        var array = $"[{Wire.GeminiAnswer}\n]\n";
        upstream.Enqueue(ScriptedUpstreamScript.Head(200, "content-type: application/json", "transfer-encoding: chunked")
            .Chunk(array[..60]).Chunk(array[60..]).EndChunks());
        var caller = await _rig.AddCallerAsync();

        using var response = await caller.PostAsync("/v1beta/models/m:streamGenerateContent", Wire.GeminiBody);

        Assert.Equal(array, await response.Content.ReadAsStringAsync());
        Assert.Equal("/v1beta/models/m:streamGenerateContent", upstream.Requests[0].Target);
        Assert.Equal(new TokenUsage { Input = 11, Output = 7 }, (await _rig.RecordOfAsync(response.RequestId())).Usage);
    }
}
