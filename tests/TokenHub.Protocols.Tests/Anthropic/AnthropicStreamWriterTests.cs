using System.Text.Json;
using TokenHub.Core.Snapshots;
using TokenHub.Protocols.Anthropic;
using TokenHub.Protocols.Chat;
using TokenHub.Protocols.Codecs;
using TokenHub.Protocols.Errors;
using TokenHub.Protocols.Streams;
using TokenHub.Protocols.Tests.Codecs;

namespace TokenHub.Protocols.Tests.Anthropic;

public sealed class AnthropicStreamWriterTests
{
    private static readonly AnswerContext Context = ChatAnswer.Context(Dialect.Chat) with { UpstreamModel = "gpt-5" };

    public static TheoryData<string> GeminiWire => [.. DecodedWire.Names(Dialect.Gemini)
        .Where(name => !name.Contains("error", StringComparison.Ordinal))];

    private static Encoded Write(Action<AnswerEncoder> play, AnswerContext? context = null) =>
        Encoded.Of(Dialect.Anthropic, AnthropicCodecs.Table.NewStreamEncoder!(), context ?? Context, play);

    [Fact]
    public void A_picture_leaves_a_word_in_its_place_wherever_it_comes()
    {
        var stream = Write(e =>
        {
            e.Start().Say("see ").Give(ChatEventKind.Image, "aGk=").Call(0, "get").Arguments(0, "{}")
                .Give(ChatEventKind.Image, "aGk=").CallEnd(0).Stop(StopReason.Calls);
            e.Finish(Encoded.Usage);
        });

        const string Note = "[Here was a picture, which this protocol cannot carry.]";
        Assert.Equal(3, stream.Text.Split(Note).Length);
        Assert.DoesNotContain("aGk=", stream.Text, StringComparison.Ordinal);
    }

    [Fact]
    public void Stream_is_written_to_the_byte()
    {
        var stream = Write(e =>
        {
            e.Start().Think("m").Think("m").Give(ChatEventKind.Opaque, "sig", opaque: OpaqueKind.Reasoning)
                .Give(ChatEventKind.ReasoningEnd).Say("h\\u00e9").Say("\\n").Call(0, "get").Arguments(0, "{\"a\":")
                .Arguments(0, "1}").CallEnd(0).Stop(StopReason.Calls);
            e.Finish(Encoded.Usage);
        });

        var carrier = OpaqueCarrier.Write(new OpaqueItem(Dialect.Chat, "gpt", OpaqueKind.Reasoning, "sig"));
        Assert.Equal(
            """
            event: message_start
            data: {"type":"message_start","message":{"id":"msg_r7","type":"message","role":"assistant","model":"alias","content":[],"stop_reason":null,"stop_sequence":null,"usage":{"input_tokens":11,"cache_creation_input_tokens":0,"cache_read_input_tokens":0,"output_tokens":0}}}

            event: content_block_start
            data: {"type":"content_block_start","index":0,"content_block":{"type":"thinking","thinking":"","signature":""}}

            event: content_block_delta
            data: {"type":"content_block_delta","index":0,"delta":{"type":"thinking_delta","thinking":"m"}}

            event: content_block_delta
            data: {"type":"content_block_delta","index":0,"delta":{"type":"thinking_delta","thinking":"m"}}

            event: content_block_delta
            data: {"type":"content_block_delta","index":0,"delta":{"type":"signature_delta","signature":"CARRIER"}}

            event: content_block_stop
            data: {"type":"content_block_stop","index":0}

            event: content_block_start
            data: {"type":"content_block_start","index":1,"content_block":{"type":"text","text":""}}

            event: content_block_delta
            data: {"type":"content_block_delta","index":1,"delta":{"type":"text_delta","text":"h\u00e9"}}

            event: content_block_delta
            data: {"type":"content_block_delta","index":1,"delta":{"type":"text_delta","text":"\n"}}

            event: content_block_stop
            data: {"type":"content_block_stop","index":1}

            event: content_block_start
            data: {"type":"content_block_start","index":2,"content_block":{"type":"tool_use","id":"call_0","name":"get","input":{}}}

            event: content_block_delta
            data: {"type":"content_block_delta","index":2,"delta":{"type":"input_json_delta","partial_json":"{\"a\":"}}

            event: content_block_delta
            data: {"type":"content_block_delta","index":2,"delta":{"type":"input_json_delta","partial_json":"1}"}}

            event: content_block_stop
            data: {"type":"content_block_stop","index":2}

            event: message_delta
            data: {"type":"message_delta","delta":{"stop_reason":"tool_use","stop_sequence":null},"usage":{"input_tokens":16,"cache_creation_input_tokens":4,"cache_read_input_tokens":10,"output_tokens":9,"cache_creation":{"ephemeral_5m_input_tokens":4,"ephemeral_1h_input_tokens":0},"output_tokens_details":{"thinking_tokens":2}}}

            event: message_stop
            data: {"type":"message_stop"}


            """.Replace("CARRIER", carrier, StringComparison.Ordinal),
            stream.Text);
    }

    [Fact]
    public void Stream_reads_back_as_it_was_told_and_is_billed_as_it_was_used()
    {
        var stream = Write(e =>
        {
            e.Start().Say("a").Call(0, "f").CallEnd(0).Call(1, "g").Arguments(1, "{\"x\":\"\\\"\"}").CallEnd(1)
                .Stop(StopReason.Calls);
            e.Finish(Encoded.Usage);
        });

        var meter = stream.Meter();
        Assert.Equal(
            [
                "Start id=msg_r7 name=alias", "Text a", "Call call=0 id=call_0 name=f", "CallEnd call=0",
                "Call call=1 id=call_1 name=g", "Arguments call=1 {\\\"x\\\":\\\"\\\\\\\"\\\"}", "CallEnd call=1",
                "Stop stop=Calls",
            ],
            stream.Log().Lines);
        Assert.Equal((Encoded.Usage, true, StreamFaults.None), (meter.Usage, meter.IsTerminal, meter.Faults));
        Assert.True(meter.UsageIsFinal);
    }

    [Theory, MemberData(nameof(GeminiWire))]
    public void Recorded_gemini_answer_keeps_its_meaning(string name)
    {
        var wire = WireCase.Load(name);
        var before = ChatAnswer.Decode(
            DialectCodecs.Of(Dialect.Gemini).NewDecoder(), ChatAnswer.Context(Dialect.Gemini), [wire.Bytes],
            new ChatAnswer());

        var after = Encoded.Cross(
            Dialect.Gemini, wire.Bytes, Dialect.Anthropic, AnthropicCodecs.Table.NewStreamEncoder!());

        var answer = after.Answer();
        Assert.Equal((before.Text, before.Reasoning), (answer.Text, answer.Reasoning));
        Assert.Equal(before.Calls, answer.Calls);
        Assert.Equal(before.Stop, answer.Stop);
        Assert.Equal(before.Opaque.Count, answer.Opaque.Count);
        Assert.All(before.Opaque.Zip(answer.Opaque), pair =>
        {
            Assert.True(OpaqueCarrier.TryRead(pair.Second.Data, out var item));
            Assert.Equal((Dialect.Gemini, "gemini", pair.First.Kind, pair.First.Data),
                (item.Issuer, item.Family, item.Kind, item.Data));
        });
        Assert.Equal(Encoded.Usage, after.Meter().Usage);
        AssertBlocks(after.Text);
    }

    [Fact]
    public void Calls_that_are_written_by_turns_wait_for_one_another()
    {
        var stream = Write(e =>
        {
            e.Start().Call(0, "f").Arguments(0, "{\"a\"").Call(1, "g").Arguments(1, "{\"b\"").Arguments(0, ":1}")
                .Say("then").Arguments(1, ":2}").CallEnd(0).Call(2, "h").CallEnd(1).CallEnd(2).Stop(StopReason.End);
            e.Finish(Encoded.Usage);
        });

        var answer = stream.Answer();
        Assert.Equal(
            [("call_0", "f", "{\"a\":1}"), ("call_1", "g", "{\"b\":2}"), ("call_2", "h", "")], answer.Calls);
        Assert.Equal(("then", StopReason.Calls), (answer.Text, answer.Stop));
        AssertBlocks(stream.Text);
    }

    [Theory]
    [InlineData(StopReason.End, "", false, "\"stop_reason\":\"end_turn\",\"stop_sequence\":null}")]
    [InlineData(StopReason.End, "", true, "\"stop_reason\":\"tool_use\",\"stop_sequence\":null}")]
    [InlineData(StopReason.Calls, "", false, "\"stop_reason\":\"end_turn\"")]
    [InlineData(StopReason.Length, "", true, "\"stop_reason\":\"max_tokens\"")]
    [InlineData(StopReason.StopSequence, "E\\n", false, "\"stop_reason\":\"stop_sequence\",\"stop_sequence\":\"E\\n\"")]
    [InlineData(StopReason.Filtered, "no", false,
        "\"refusal\",\"stop_sequence\":null,\"stop_details\":{\"type\":\"refusal\",\"category\":null,\"explanation\":\"no\"}}")]
    [InlineData(StopReason.Paused, "", false, "\"pause_turn\"")]
    [InlineData(StopReason.None, "", false, "\"end_turn\"")]
    [InlineData(StopReason.BrokenCall, "", true, "event: error\ndata: {\"type\":\"error\",\"error\":{\"type\":\"api_error\"")]
    public void End_has_the_dialects_words(StopReason reason, string text, bool hasCall, string expected)
    {
        var stream = Write(e =>
        {
            e.Start();
            if (hasCall)
            {
                e.Call(0, "f").CallEnd(0);
            }

            e.Stop(reason, text);
            e.Finish(Encoded.Usage);
        });

        Assert.Contains(expected, stream.Text, StringComparison.Ordinal);
        Assert.Equal(reason != StopReason.BrokenCall, stream.Text.EndsWith(
            "event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n", StringComparison.Ordinal));
    }

    [Fact]
    public void Hidden_thoughts_and_signatures_without_a_thought_have_blocks_of_their_own()
    {
        var stream = Write(e =>
        {
            e.Start().Give(ChatEventKind.Opaque, "r", opaque: OpaqueKind.Redacted).Give(ChatEventKind.ReasoningEnd)
                .Give(ChatEventKind.Opaque, "c", opaque: OpaqueKind.Call, id: "call_0").Call(0, "f").CallEnd(0)
                .Stop(StopReason.Calls);
            e.Finish(Encoded.Usage);
        });

        Assert.Equal(
            [OpaqueKind.Redacted, OpaqueKind.Reasoning], stream.Answer().Opaque.Select(item => item.Kind));
        var call = OpaqueCarrier.Write(new OpaqueItem(Dialect.Chat, "gpt", OpaqueKind.Call, "c", "call_0"));
        Assert.Equal(call, stream.Answer().Opaque[1].Data);
        AssertBlocks(stream.Text);
    }

    [Fact]
    public void Refusal_is_text_and_a_reason()
    {
        var stream = Write(e =>
        {
            e.Start().Give(ChatEventKind.Refusal, "I will not.").Stop(StopReason.End);
            e.Finish(Encoded.Usage);
        });

        Assert.Equal(("I will not.", StopReason.Filtered), (stream.Answer().Text, stream.Answer().Stop));
    }

    [Fact]
    public void Source_is_told_within_its_text()
    {
        var stream = Write(e =>
        {
            e.Start().Say("a").Give(ChatEventKind.Citation, id: "https://a", name: "A").Stop(StopReason.End);
            e.Finish(Encoded.Usage);
        });

        Assert.Equal([("https://a", "A")], stream.Answer().Citations);
    }

    [Fact]
    public void Names_come_back_as_the_caller_wrote_them()
    {
        var book = new ToolBook();
        var told = book.Add("odd name");

        var stream = Write(
            e =>
            {
                e.Start().Call(0, told).CallEnd(0).Stop(StopReason.Calls);
                e.Finish(Encoded.Usage);
            },
            Context with { ToolBook = book });

        Assert.Equal("odd name", stream.Answer().Calls[0].Name);
    }

    [Fact]
    public void Money_that_is_used_up_ends_the_stream_in_the_dialects_words()
    {
        var stream = Write(e =>
        {
            e.Start().Call(0, "f").Arguments(0, "{\"a\"");
            e.FinishForFunds(Encoded.Usage);
        });

        Assert.Contains("\"tokenhub\":{\"reason\":\"insufficient_funds\"", stream.Text, StringComparison.Ordinal);
        Assert.Equal(StopReason.Length, stream.Answer().Stop);
        Assert.Equal(Encoded.Usage, stream.Meter().Usage);
        AssertBlocks(stream.Text);
    }

    [Fact]
    public void Break_is_the_dialects_error_and_no_end()
    {
        var stream = Write(e =>
        {
            e.Start().Say("a");
            e.Fail(ApiError.Of(Dialect.Anthropic, ErrorKind.Overloaded, "gone", "r7"));
        });

        var meter = stream.Meter();
        Assert.Equal(("overloaded_error", false), (meter.ErrorType, meter.IsTerminal));
    }

    [Theory]
    [InlineData(ChatEventKind.Text)]
    [InlineData(ChatEventKind.Reasoning)]
    [InlineData(ChatEventKind.Arguments)]
    public void Delta_allocates_nothing(ChatEventKind kind) =>
        Assert.Equal(0, Encoded.AllocatedBytes(AnthropicCodecs.Table.NewStreamEncoder!(), Context, kind));

    // Every event has its name's line and a blank line behind it; blocks are numbered on and never two are open.
    private static void AssertBlocks(string stream)
    {
        var (open, last) = (-1, -1);
        foreach (var frame in stream.Split("\n\n", StringSplitOptions.RemoveEmptyEntries))
        {
            var lines = frame.Split('\n');
            Assert.Equal(2, lines.Length);
            using var data = JsonDocument.Parse(lines[1]["data: ".Length..]);
            var type = data.RootElement.GetProperty("type").GetString()!;
            Assert.Equal($"event: {type}", lines[0]);
            switch (type)
            {
                case "content_block_start":
                    Assert.Equal(-1, open);
                    open = data.RootElement.GetProperty("index").GetInt32();
                    Assert.Equal(++last, open);
                    break;
                case "content_block_delta":
                    Assert.Equal(open, data.RootElement.GetProperty("index").GetInt32());
                    break;
                case "content_block_stop":
                    Assert.Equal(open, data.RootElement.GetProperty("index").GetInt32());
                    open = -1;
                    break;
                case "message_delta":
                    Assert.Equal(-1, open);
                    break;
            }
        }

        Assert.EndsWith("\n\n", stream, StringComparison.Ordinal);
    }
}
