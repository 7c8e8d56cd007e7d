using System.Buffers;
using System.Text;
using TokenHub.Core.Snapshots;
using TokenHub.Protocols.Chat;
using TokenHub.Protocols.Codecs;
using TokenHub.Protocols.Errors;
using TokenHub.Protocols.Streams;
using TokenHub.Protocols.Tests.Codecs;

namespace TokenHub.Protocols.Tests.OpenAi;

public sealed class OpenAiStreamWriterTests
{
    private const string Head =
        "data: {\"id\":\"chatcmpl-R1\",\"object\":\"chat.completion.chunk\",\"created\":1700000000,\"model\":\"m\","
        + "\"choices\":[";

    private readonly ArrayBufferWriter<byte> _output = new();

    private AnswerEncoder Begin(AnswerContext? context = null, bool isStream = true)
    {
        var codecs = DialectCodecs.Of(Dialect.Chat);
        var encoder = isStream ? codecs.NewStreamEncoder!() : codecs.NewBodyEncoder!();
        encoder.Begin(context ?? Codec.Context());
        encoder.WriteTo(_output);
        return encoder;
    }

    private static void Tell(AnswerEncoder encoder)
    {
        encoder.Take(new ChatEvent(ChatEventKind.Start) { Id = "msg_1"u8, Name = "claude"u8 });
        encoder.Take(new ChatEvent(ChatEventKind.Reasoning) { Text = "hm"u8 });
        encoder.Take(new ChatEvent(ChatEventKind.Opaque) { Opaque = OpaqueKind.Reasoning, Text = "SIG"u8 });
        encoder.Take(new ChatEvent(ChatEventKind.ReasoningEnd));
        encoder.Take(new ChatEvent(ChatEventKind.Text) { Text = "a\\n\\u00e9"u8 });
        encoder.Take(new ChatEvent(ChatEventKind.Call) { Call = 0, Id = "toolu_1"u8, Name = "get"u8 });
        encoder.Take(new ChatEvent(ChatEventKind.Arguments) { Call = 0, Text = "{\\\"a\\\":"u8 });
        encoder.Take(new ChatEvent(ChatEventKind.Arguments) { Call = 0, Text = "1}"u8 });
        encoder.Take(new ChatEvent(ChatEventKind.CallEnd) { Call = 0 });
        encoder.Take(new ChatEvent(ChatEventKind.Call) { Call = 1, Id = "toolu_2"u8, Name = "now"u8 });
        encoder.Take(new ChatEvent(ChatEventKind.CallEnd) { Call = 1 });
        encoder.Take(new ChatEvent(ChatEventKind.Stop) { Stop = StopReason.Calls });
    }

    private string Written => Encoding.UTF8.GetString(_output.WrittenSpan);

    private static string Stream(bool hasUsage, params string[] deltas)
    {
        var tail = hasUsage ? ",\"usage\":null}\n\n" : "}\n\n";
        return string.Concat(deltas.Select(delta => $"{Head}{{\"index\":0,\"delta\":{delta}}}]{tail}"));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Stream_has_role_pieces_end_and_usage_only_if_it_was_asked_for(bool hasUsage)
    {
        var encoder = Begin(Codec.Context() with { IncludeUsage = hasUsage });

        Tell(encoder);
        encoder.Finish(Codec.Usage);

        var expected = Stream(
            hasUsage,
            """{"role":"assistant","content":""},"finish_reason":null""",
            """{"reasoning_content":"hm"},"finish_reason":null""",
            """{"content":"a\n\u00e9"},"finish_reason":null""",
            """{"tool_calls":[{"index":0,"id":"toolu_1","type":"function","function":{"name":"get","arguments":""}}]},"finish_reason":null""",
            """{"tool_calls":[{"index":0,"function":{"arguments":"{\"a\":"}}]},"finish_reason":null""",
            """{"tool_calls":[{"index":0,"function":{"arguments":"1}"}}]},"finish_reason":null""",
            """{"tool_calls":[{"index":1,"id":"toolu_2","type":"function","function":{"name":"now","arguments":""}}]},"finish_reason":null""",
            """{"tool_calls":[{"index":1,"function":{"arguments":"{}"}}]},"finish_reason":null""",
            """{},"finish_reason":"tool_calls" """.TrimEnd());
        var usage = Head + "],\"usage\":{\"prompt_tokens\":20,\"completion_tokens\":7,\"total_tokens\":27,"
            + "\"prompt_tokens_details\":{\"cached_tokens\":5,\"cache_write_tokens\":0},"
            + "\"completion_tokens_details\":{\"reasoning_tokens\":2}}}\n\n";
        Assert.Equal(expected + (hasUsage ? usage : "") + "data: [DONE]\n\n", Written);
    }

    [Fact]
    public void Meter_and_reader_find_in_it_what_was_told()
    {
        var encoder = Begin();
        Tell(encoder);
        encoder.Finish(Codec.Usage);

        var meter = AnswerReader.Create(Dialect.Chat, isStream: true).Read([_output.WrittenMemory]);
        var found = Codec.Find(Dialect.Chat, _output.WrittenMemory);

        Assert.Equal(Codec.Usage, meter.Usage);
        Assert.Equal(("tool_calls", true, "m"), (meter.Finish, meter.IsTerminal, meter.Model));
        Assert.Equal(("a\né", "hm", StopReason.Calls), (found.Text, found.Reasoning, found.Stop));
        Assert.Equal(["toolu_1 get {\"a\":1}", "toolu_2 now {}"], found.Calls);
    }

    [Fact]
    public void Body_is_one_completion()
    {
        var encoder = Begin(isStream: false);

        Tell(encoder);
        encoder.Finish(Codec.Usage);

        Assert.Equal(
            """
            {"id":"chatcmpl-R1","object":"chat.completion","created":1700000000,"model":"m","choices":[{"index":0,
            "message":{"role":"assistant","content":"a\n\u00e9","refusal":null,"reasoning_content":"hm","tool_calls":[
            {"id":"toolu_1","type":"function","function":{"name":"get","arguments":"{\"a\":1}"}},
            {"id":"toolu_2","type":"function","function":{"name":"now","arguments":"{}"}}]},"logprobs":null,
            "finish_reason":"tool_calls"}],"usage":{"prompt_tokens":20,"completion_tokens":7,"total_tokens":27,
            "prompt_tokens_details":{"cached_tokens":5,"cache_write_tokens":0},
            "completion_tokens_details":{"reasoning_tokens":2}}}
            """.ReplaceLineEndings(""), Written);
    }

    [Fact]
    public void Body_with_calls_alone_has_no_content()
    {
        var encoder = Begin(isStream: false);
        encoder.Take(new ChatEvent(ChatEventKind.Call) { Id = "a"u8, Name = "f"u8 });
        encoder.Finish(Codec.Usage);

        Assert.Contains("\"content\":null", Written, StringComparison.Ordinal);
        Assert.Contains("\"arguments\":\"{}\"", Written, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(StopReason.End, "stop")]
    [InlineData(StopReason.StopSequence, "stop")]
    [InlineData(StopReason.Length, "length")]
    [InlineData(StopReason.ContextLength, "length")]
    [InlineData(StopReason.Calls, "stop")]
    [InlineData(StopReason.Filtered, "content_filter")]
    [InlineData(StopReason.Paused, "stop")]
    [InlineData(StopReason.Other, "stop")]
    public void Reason_to_stop_is_one_that_chat_knows(StopReason stop, string finish)
    {
        foreach (var isStream in new[] { true, false })
        {
            _output.ResetWrittenCount();
            var encoder = Begin(isStream: isStream);
            encoder.Take(new ChatEvent(ChatEventKind.Text) { Text = "a"u8 });
            encoder.Take(new ChatEvent(ChatEventKind.Stop) { Stop = stop, Text = "why"u8 });
            encoder.Finish(Codec.Usage);

            Assert.Contains($"\"finish_reason\":\"{finish}\"", Written, StringComparison.Ordinal);
            Assert.Equal(
                stop == StopReason.Filtered, Written.Contains("\"refusal\":\"why\"", StringComparison.Ordinal));
        }
    }

    [Fact]
    public void Stream_that_the_money_ends_has_a_limit_and_the_reason_beside_it()
    {
        var encoder = Begin();
        encoder.Take(new ChatEvent(ChatEventKind.Text) { Text = "a"u8 });
        encoder.Take(new ChatEvent(ChatEventKind.Text) { Choice = 1, Text = "b"u8 });
        encoder.FinishForFunds(Codec.Usage);

        var meter = AnswerReader.Create(Dialect.Chat, isStream: true).Read([_output.WrittenMemory]);
        Assert.Equal(("length", true, false), (meter.Finish, meter.IsTerminal, meter.HasError));
        Assert.Equal(2, Written.Split(
            "\"finish_reason\":\"length\"}],\"usage\":null,\"tokenhub\":{\"reason\":\"insufficient_funds\"").Length - 1);
    }

    [Fact]
    public void Stream_that_fails_ends_with_the_error_alone()
    {
        var encoder = Begin();
        encoder.Take(new ChatEvent(ChatEventKind.Text) { Text = "a"u8 });
        encoder.Take(new ChatEvent(ChatEventKind.Stop) { Stop = StopReason.End });
        encoder.Fail(ApiError.Of(Dialect.Chat, ErrorKind.Server, "broke", "R1"));

        Assert.EndsWith(
            "data: {\"error\":{\"message\":\"broke\",\"type\":\"server_error\",\"param\":null,\"code\":null}}\n\n",
            Written, StringComparison.Ordinal);
        Assert.DoesNotContain("\"finish_reason\":\"", Written, StringComparison.Ordinal);
    }

    [Fact]
    public void Tools_go_back_under_the_caller_s_names_and_text_comes_unwrapped()
    {
        var book = new ToolBook();
        var told = book.Add("a tool, oddly named");
        book.Add("patch", isFreeForm: true);
        foreach (var isStream in new[] { true, false })
        {
            _output.ResetWrittenCount();
            var encoder = Begin(Codec.Context() with { ToolBook = book }, isStream);
            encoder.Take(new ChatEvent(ChatEventKind.Call) { Id = "1"u8, Name = Encoding.UTF8.GetBytes(told) });
            encoder.Take(new ChatEvent(ChatEventKind.Call) { Call = 1, Id = "2"u8, Name = "patch"u8 });
            encoder.Take(new ChatEvent(ChatEventKind.Arguments) { Call = 1, Text = "{\\\"input\\\": \\\"a "u8 });
            encoder.Take(new ChatEvent(ChatEventKind.Arguments) { Call = 1, Text = "\\\\\\\"b\\\\n\\\"}"u8 });
            encoder.Take(new ChatEvent(ChatEventKind.CallEnd) { Call = 1 });
            encoder.Finish(Codec.Usage);

            Assert.Contains("\"name\":\"a tool, oddly named\"", Written, StringComparison.Ordinal);
            Assert.Contains(
                "\"type\":\"custom\",\"custom\":{\"name\":\"patch\",\"input\":\"a \\\"b\\n\"}", Written,
                StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Pieces_allocate_nothing()
    {
        var encoder = Begin();
        Tell(encoder);
        encoder.WriteTo(NullSink.Instance);

        NullSink.AssertAllocatesNothing(() =>
        {
            encoder.Take(new ChatEvent(ChatEventKind.Text) { Text = "some more text"u8 });
            encoder.Take(new ChatEvent(ChatEventKind.Reasoning) { Text = "thought"u8 });
            encoder.Take(new ChatEvent(ChatEventKind.Arguments) { Call = 1, Text = "{}"u8 });
        });
    }
}
