using System.Text.Json;
using TokenHub.Core.Snapshots;
using TokenHub.Protocols.Chat;
using TokenHub.Protocols.Codecs;
using TokenHub.Protocols.Errors;
using TokenHub.Protocols.Gemini;
using TokenHub.Protocols.Tests.Codecs;

namespace TokenHub.Protocols.Tests.Gemini;

public sealed class GeminiStreamWriterTests
{
    private static readonly AnswerContext Context =
        ChatAnswer.Context(Dialect.Anthropic) with { UpstreamModel = "claude-opus-4-8" };

    public static TheoryData<string> AnthropicWire => [.. DecodedWire.Names(Dialect.Anthropic)
        .Where(name => !name.Contains("error", StringComparison.Ordinal)
            && !name.Contains("spliced", StringComparison.Ordinal))];

    private static Encoded Write(Action<AnswerEncoder> play, AnswerContext? context = null) =>
        Encoded.Of(Dialect.Gemini, GeminiCodecs.Table.NewStreamEncoder!(), context ?? Context, play);

    private static Encoded WriteSample(AnswerContext context) => Write(
        e =>
        {
            e.Start().Think("m").Give(ChatEventKind.Opaque, "sig", opaque: OpaqueKind.Reasoning)
                .Give(ChatEventKind.ReasoningEnd).Say("h\\u00e9").Call(0, "get").Arguments(0, "{\"a\":").Arguments(0, " 1}")
                .CallEnd(0).Stop(StopReason.Calls);
            e.Finish(Encoded.Usage with { CacheWrite5m = 0 });
        },
        context);

    [Fact]
    public void Stream_is_written_to_the_byte()
    {
        var carrier = OpaqueCarrier.Write(new OpaqueItem(Dialect.Anthropic, "claude", OpaqueKind.Reasoning, "sig"));

        Assert.Equal(
            """
            data: {"candidates":[{"content":{"parts":[{"text":"m","thought":true}],"role":"model"},"index":0}],"modelVersion":"alias","responseId":"r7"}

            data: {"candidates":[{"content":{"parts":[{"thoughtSignature":"CARRIER","text":"h\u00e9"}],"role":"model"},"index":0}],"modelVersion":"alias","responseId":"r7"}

            data: {"candidates":[{"content":{"parts":[{"functionCall":{"id":"call_0","name":"get","args":{"a":1}}}],"role":"model"},"index":0}],"modelVersion":"alias","responseId":"r7"}

            data: {"candidates":[{"content":{"parts":[{"text":""}],"role":"model"},"finishReason":"STOP","index":0}],"usageMetadata":{"promptTokenCount":30,"candidatesTokenCount":7,"thoughtsTokenCount":2,"cachedContentTokenCount":10,"totalTokenCount":39},"modelVersion":"alias","responseId":"r7"}


            """.Replace("CARRIER", carrier, StringComparison.Ordinal),
            WriteSample(Context).Text);
    }

    [Fact]
    public void Stream_without_events_is_one_array_of_the_same()
    {
        var array = WriteSample(Context with { IsArray = true });

        Assert.Equal(4, array.Json().GetArrayLength());
        Assert.Equal(WriteSample(Context).Log().Lines, array.Log().Lines);
        Assert.True(array.Meter().IsTerminal);
    }

    [Theory, MemberData(nameof(AnthropicWire))]
    public void Recorded_anthropic_answer_keeps_its_meaning(string name)
    {
        var wire = WireCase.Load(name);
        var before = ChatAnswer.Decode(
            DialectCodecs.Of(Dialect.Anthropic).NewDecoder(), Context, [wire.Bytes], new ChatAnswer());

        var after = Encoded.Cross(Dialect.Anthropic, wire.Bytes, Dialect.Gemini, GeminiCodecs.Table.NewStreamEncoder!());

        var answer = after.Answer();
        Assert.Equal((before.Text, before.Reasoning), (answer.Text, answer.Reasoning));
        Assert.Equal(before.Opaque.Count, answer.Opaque.Count);
        Assert.Equal(before.Calls.Where(call => IsWhole(call.Arguments)), answer.Calls);
        Assert.Equal(before.Stop == StopReason.None ? StopReason.End : before.Stop, answer.Stop);
        Assert.Equal(Encoded.Usage with { CacheWrite5m = 0 }, after.Meter().Usage);
        Assert.DoesNotContain("event:", after.Text, StringComparison.Ordinal);
    }

    [Fact]
    public void Signature_goes_with_the_call_that_follows_and_a_hidden_thought_with_an_empty_text()
    {
        var stream = Write(e =>
        {
            e.Start().Give(ChatEventKind.Opaque, "r", opaque: OpaqueKind.Redacted).Give(ChatEventKind.ReasoningEnd)
                .Think("m").Give(ChatEventKind.Opaque, "s", opaque: OpaqueKind.Reasoning)
                .Give(ChatEventKind.ReasoningEnd).Call(0, "f").CallEnd(0)
                .Give(ChatEventKind.Opaque, "t", opaque: OpaqueKind.Reasoning).Stop(StopReason.Calls);
            e.Finish(Encoded.Usage);
        });

        Assert.Equal(
            [OpaqueKind.Text, OpaqueKind.Call, OpaqueKind.Text], stream.Answer().Opaque.Select(item => item.Kind));
        Assert.Equal(
            ["r", "s", "t"],
            stream.Answer().Opaque.Select(item => OpaqueCarrier.TryRead(item.Data, out var read) ? read.Data : ""));
    }

    [Fact]
    public void Calls_by_turns_are_each_written_whole()
    {
        var stream = Write(e =>
        {
            e.Start().Call(0, "f").Arguments(0, "{\"a\"").Call(1, "g").Arguments(1, "{\"b\"").Arguments(0, ":1}")
                .Arguments(1, ":2}").CallEnd(0).CallEnd(1).Stop(StopReason.Calls);
            e.Finish(Encoded.Usage);
        });

        Assert.Equal([("call_0", "f", "{\"a\":1}"), ("call_1", "g", "{\"b\":2}")], stream.Answer().Calls);
    }

    [Theory]
    [InlineData(StopReason.End, "", "\"finishReason\":\"STOP\"")]
    [InlineData(StopReason.StopSequence, "x", "\"finishReason\":\"STOP\",\"index\":0}")]
    [InlineData(StopReason.Length, "", "\"finishReason\":\"MAX_TOKENS\"")]
    [InlineData(StopReason.ContextLength, "", "\"finishReason\":\"MAX_TOKENS\"")]
    [InlineData(StopReason.Filtered, "no", "\"finishReason\":\"SAFETY\",\"index\":0,\"finishMessage\":\"no\"")]
    [InlineData(StopReason.Paused, "", "\"finishReason\":\"STOP\"")]
    [InlineData(StopReason.BrokenCall, "", "\"finishReason\":\"MALFORMED_FUNCTION_CALL\"")]
    public void End_has_the_dialects_words(StopReason reason, string text, string expected)
    {
        var stream = Write(e =>
        {
            e.Start().Say("a").Stop(reason, text);
            e.Finish(Encoded.Usage);
        });

        Assert.Contains(expected, stream.Text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(StopReason.Calls, StopReason.BrokenCall)]
    [InlineData(StopReason.Length, StopReason.Length)]
    public void Call_whose_arguments_are_no_object_is_not_written(StopReason told, StopReason expected)
    {
        var stream = Write(e =>
        {
            e.Start().Call(0, "f").Arguments(0, "{\"a\":").CallEnd(0).Stop(told);
            e.Finish(Encoded.Usage);
        });

        Assert.Equal((0, expected), (stream.Answer().Calls.Count, stream.Answer().Stop));
    }

    [Fact]
    public void Answers_to_one_request_are_kept_apart_and_all_end_in_the_last_event()
    {
        var stream = Write(e =>
        {
            e.Start().Say("a").Give(ChatEventKind.Text, "b", choice: 1).Stop(StopReason.End)
                .Give(ChatEventKind.Stop, choice: 1, stop: StopReason.Length);
            e.Finish(Encoded.Usage);
        });

        Assert.Equal(
            [
                "Start id=r7 name=alias", "Text a", "Text choice=1 b", "Stop stop=End", "Stop choice=1 stop=Length",
            ],
            stream.Log().Lines);
    }

    [Fact]
    public void Sources_and_pictures_have_their_members()
    {
        var stream = Write(e =>
        {
            e.Start().Say("a").Give(ChatEventKind.Citation, id: "https://a", name: "A")
                .Give(ChatEventKind.Image, "iVBO", name: "image/png").Stop(StopReason.End);
            e.Finish(Encoded.Usage);
        });

        Assert.Equal(
            [
                "Start id=r7 name=alias", "Text a", "Image name=image/png iVBO", "Citation id=https://a name=A",
                "Stop stop=End",
            ],
            stream.Log().Lines);
    }

    [Fact]
    public void Money_that_is_used_up_ends_the_stream_in_the_dialects_words()
    {
        var stream = Write(e =>
        {
            e.Start().Say("a").Call(0, "f").Arguments(0, "{\"a\"");
            e.FinishForFunds(Encoded.Usage);
        });

        Assert.Contains("\"tokenhub\":{\"reason\":\"insufficient_funds\"", stream.Text, StringComparison.Ordinal);
        Assert.Equal((StopReason.Length, 0), (stream.Answer().Stop, stream.Answer().Calls.Count));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Break_is_a_bare_error(bool isArray)
    {
        var stream = Write(
            e =>
            {
                e.Start().Say("a");
                e.Fail(ApiError.Of(Dialect.Gemini, ErrorKind.Overloaded, "gone", "r7"));
            },
            Context with { IsArray = isArray });

        var meter = stream.Meter();
        Assert.Equal(("UNAVAILABLE", false), (meter.ErrorType, meter.IsTerminal));
        Assert.Equal("a", stream.Answer().Text);
        Assert.Equal(isArray ? JsonValueKind.Array : JsonValueKind.Undefined, isArray ? stream.Json().ValueKind : default);
    }

    [Theory]
    [InlineData(ChatEventKind.Text)]
    [InlineData(ChatEventKind.Reasoning)]
    public void Delta_allocates_nothing(ChatEventKind kind) =>
        Assert.Equal(0, Encoded.AllocatedBytes(GeminiCodecs.Table.NewStreamEncoder!(), Context, kind));

    private static bool IsWhole(string arguments)
    {
        try
        {
            using var json = JsonDocument.Parse(arguments.Length == 0 ? "{}" : arguments);
            return true;
        }
        catch (JsonException)
        {
            return false;
        }
    }
}
