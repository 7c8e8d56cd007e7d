using System.Text;
using TokenHub.Core.Snapshots;
using TokenHub.Protocols.Chat;
using TokenHub.Protocols.Codecs;
using TokenHub.Protocols.Tests.Codecs;
using TokenHub.TestKit;

namespace TokenHub.Protocols.Tests.Bedrock;

public sealed class ConverseStreamReaderTests
{
    private static readonly AnswerContext Context = new()
    {
        RequestId = "r1",
        Model = "m",
        Upstream = Dialect.Converse,
        UpstreamModel = "amazon.nova-pro-v1:0",
        CreatedSeconds = 1,
    };

    public static TheoryData<string> Streams => [.. BedrockWire.Names("bedrock-converse-stream")];

    [Theory, MemberData(nameof(Streams))]
    public void Recorded_stream_gives_text_calls_and_thoughts_cut_at_every_byte(string name)
    {
        var (bytes, expected) = BedrockWire.Load(name);
        var events = Encoding.UTF8.GetBytes(BedrockWire.Unframe(Dialect.Converse, [bytes]).Text);
        var decoder = DialectCodecs.Of(Dialect.Converse).NewDecoder();
        var whole = Decode(decoder, [events]);

        Assert.Equal(expected.GetProperty("text_chars").GetInt32(), Text(whole, "Text").Length);
        Assert.Equal(expected.GetProperty("reasoning_chars").GetInt32(), Text(whole, "Reasoning").Length);
        Assert.Equal(expected.GetProperty("finish").GetString() == "tool_use" ? "Stop stop=Calls" : "Stop stop=End", whole[^1]);
        Assert.Equal("Start", whole[0]);
        foreach (var tool in expected.GetProperty("tools").EnumerateArray())
        {
            Assert.Contains($"Call call=0 id={tool.GetProperty("id").GetString()} name={tool.GetProperty("name").GetString()}", whole);
            Assert.Equal(tool.GetProperty("args").GetString(), Text(whole, "Arguments call=0").Replace("\\\"", "\"", StringComparison.Ordinal));
            Assert.Contains("CallEnd call=0", whole);
        }

        if (expected.TryGetProperty("redacted", out var redacted))
        {
            Assert.Equal(redacted.GetInt32(), whole.Count(line => line.StartsWith("Opaque opaque=Redacted ", StringComparison.Ordinal)));
        }

        foreach (var cut in Chunker.EveryCut(events))
        {
            Assert.Equal(whole, Decode(decoder, cut));
        }
    }

    [Fact]
    public void Body_gives_the_same_events_as_a_stream()
    {
        const string Body = """{"metrics":{},"stopReason":"tool_use","output":{"message":{"role":"assistant","content":[{"reasoningContent":{"reasoningText":{"signature":"sig","text":"Hm \"a\""}}},{"reasoningContent":{"redactedContent":"QUJD"}},{"text":"Hi \u00e9"},{"toolUse":{"input":{"a": [1, "b\"c"]},"name":"f","toolUseId":"t1"}},{"toolUse":{"toolUseId":"t2","name":"g","input":{}}}]}},"usage":{"inputTokens":1}}""";

        var lines = Decode(DialectCodecs.Of(Dialect.Converse).NewDecoder(), [Encoding.UTF8.GetBytes(Body)]);

        Assert.Equal(
            [
                "Start", "Reasoning Hm \\\"a\\\"", "Opaque opaque=Reasoning sig", "ReasoningEnd",
                "Opaque opaque=Redacted QUJD", "ReasoningEnd", "Text Hi \\u00e9",
                "Call call=0 id=t1 name=f", "Arguments call=0 {\\\"a\\\":[1,\\\"b\\\\\\\"c\\\"]}", "CallEnd call=0",
                "Call call=1 id=t2 name=g", "CallEnd call=1", "Stop stop=Calls",
            ],
            lines);
    }

    [Fact]
    public void Forced_tool_that_stands_for_a_form_gives_its_arguments_as_text()
    {
        var book = new ToolBook { FormatTool = "answer_in_form" };
        const string Stream = """
            event: messageStart
            data: {"role":"assistant"}

            event: contentBlockStart
            data: {"contentBlockIndex":0,"start":{"toolUse":{"name":"answer_in_form","toolUseId":"t"}}}

            event: contentBlockDelta
            data: {"contentBlockIndex":0,"delta":{"toolUse":{"input":"{\"a\":1}"}}}

            event: contentBlockStop
            data: {"contentBlockIndex":0}

            event: messageStop
            data: {"stopReason":"tool_use"}


            """;

        var lines = Decode(
            DialectCodecs.Of(Dialect.Converse).NewDecoder(), [Encoding.UTF8.GetBytes(Stream)], Context with { ToolBook = book });

        Assert.Equal(["Start", "Text {\\\"a\\\":1}", "Stop stop=End"], lines);
    }

    [Theory]
    [InlineData("max_tokens", "Length")]
    [InlineData("stop_sequence", "StopSequence")]
    [InlineData("content_filtered", "Filtered")]
    [InlineData("guardrail_intervened", "Filtered")]
    [InlineData("model_context_window_exceeded", "ContextLength")]
    [InlineData("malformed_tool_use", "BrokenCall")]
    [InlineData("new_reason", "Other")]
    public void Reason_to_stop_is_read(string reason, string stop)
    {
        var lines = Decode(
            DialectCodecs.Of(Dialect.Converse).NewDecoder(),
            [Encoding.UTF8.GetBytes($"event: messageStop\ndata: {{\"x\":[1],\"stopReason\":\"{reason}\"}}\n\n")]);

        Assert.Equal(["Start", $"Stop stop={stop}"], lines);
    }

    [Fact]
    public void Nothing_is_allocated_for_a_piece()
    {
        var decoder = DialectCodecs.Of(Dialect.Converse).NewDecoder();
        decoder.Begin(Context);
        var sink = new NoSink();
        var pieces = Encoding.UTF8.GetBytes(
            "event: contentBlockDelta\ndata: {\"contentBlockIndex\":0,\"delta\":{\"text\":\"word\"},\"p\":\"abc\"}\n\n"
            + "event: contentBlockDelta\ndata: {\"contentBlockIndex\":1,\"delta\":{\"reasoningContent\":{\"text\":\"word\"}}}\n\n");
        void Take(int times)
        {
            for (var i = 0; i < times; i++)
            {
                decoder.Append(pieces, sink);
            }
        }

        Take(100);
        Assert.Equal(0, Allocations.Least(() => Take(1000)));
    }

    [Fact]
    public void Random_bytes_never_throw()
    {
        var random = new Random(11);
        var decoder = DialectCodecs.Of(Dialect.Converse).NewDecoder();
        var sound = Encoding.UTF8.GetBytes(
            "event: contentBlockStart\ndata: {\"start\":{\"toolUse\":{\"name\":\"f\"}}}\n\n"
            + "event: contentBlockDelta\ndata: {\"delta\":{\"reasoningContent\":{\"text\":\"w\",\"x\":[{}]}}}\n\n"
            + "{\"output\":{\"message\":{\"content\":[{\"text\":\"x\"},{\"toolUse\":{\"input\":{\"a\":1}}},3]}},\"stopReason\":\"x\"}");
        for (var i = 0; i < 20_000; i++)
        {
            var bytes = sound.ToArray();
            for (var j = random.Next(5); j >= 0; j--)
            {
                bytes[random.Next(bytes.Length)] = (byte)"{}[]\",:\n a\\"[random.Next(11)];
            }

            Decode(decoder, [bytes.AsMemory(random.Next(bytes.Length))]);
        }
    }

    private static IReadOnlyList<string> Decode(
        AnswerDecoder decoder, IEnumerable<ReadOnlyMemory<byte>> pieces, AnswerContext? context = null)
    {
        var log = new EventLog();
        decoder.Begin(context ?? Context);
        foreach (var piece in pieces)
        {
            decoder.Append(piece.Span, log);
        }

        decoder.Complete(log);
        return log.Lines;
    }

    private static string Text(IReadOnlyList<string> lines, string head)
    {
        var text = string.Concat(lines.Where(l => l.StartsWith(head + " ", StringComparison.Ordinal)).Select(l => l[(head.Length + 1)..]));
        return head.StartsWith("Arguments", StringComparison.Ordinal) ? text
            : System.Text.RegularExpressions.Regex.Unescape(text.Replace("\\\"", "\"", StringComparison.Ordinal));
    }

    private sealed class NoSink : IChatSink
    {
        public void Take(in ChatEvent e)
        {
        }
    }
}
