using System.Buffers;
using System.Text;
using System.Text.Json;
using TokenHub.Core.Snapshots;
using TokenHub.Protocols.Chat;
using TokenHub.Protocols.Codecs;
using TokenHub.Protocols.Errors;
using TokenHub.Protocols.Streams;
using TokenHub.Protocols.Tests.Codecs;

namespace TokenHub.Protocols.Tests.Responses;

public sealed class ResponsesStreamWriterTests
{
    private readonly ArrayBufferWriter<byte> _output = new();

    private string Written => Encoding.UTF8.GetString(_output.WrittenSpan);

    private AnswerEncoder Begin(AnswerContext? context = null, bool isStream = true)
    {
        var codecs = DialectCodecs.Of(Dialect.Responses);
        var encoder = isStream ? codecs.NewStreamEncoder!() : codecs.NewBodyEncoder!();
        encoder.Begin(context ?? Codec.Context() with { Echo = "\"tools\":[]"u8.ToArray() });
        encoder.WriteTo(_output);
        return encoder;
    }

    private static void Tell(AnswerEncoder encoder)
    {
        encoder.Take(new ChatEvent(ChatEventKind.Start) { Id = "msg_1"u8, Name = "claude"u8 });
        encoder.Take(new ChatEvent(ChatEventKind.Reasoning) { Text = "hm"u8 });
        encoder.Take(new ChatEvent(ChatEventKind.Opaque) { Opaque = OpaqueKind.Reasoning, Text = "SIG"u8 });
        encoder.Take(new ChatEvent(ChatEventKind.ReasoningEnd));
        encoder.Take(new ChatEvent(ChatEventKind.Text) { Text = "a\\n"u8 });
        encoder.Take(new ChatEvent(ChatEventKind.Text) { Text = "b"u8 });
        encoder.Take(new ChatEvent(ChatEventKind.Call) { Call = 0, Id = "toolu_1"u8, Name = "get"u8 });
        encoder.Take(new ChatEvent(ChatEventKind.Arguments) { Call = 0, Text = "{\\\"a\\\":1}"u8 });
        encoder.Take(new ChatEvent(ChatEventKind.CallEnd) { Call = 0 });
        encoder.Take(new ChatEvent(ChatEventKind.Stop) { Stop = StopReason.Calls });
    }

    private static string Carrier(OpaqueKind kind, string data) =>
        OpaqueCarrier.Write(new OpaqueItem(Dialect.Anthropic, "claude", kind, data));

    [Fact]
    public void Stream_has_every_event_of_every_item_and_repeats_all_of_them_at_the_end()
    {
        var encoder = Begin();

        Tell(encoder);
        encoder.Finish(Codec.Usage);

        var thought = $$"""{"id":"rs_R1_1","type":"reasoning","summary":[{"type":"summary_text","text":"hm"}],"encrypted_content":"{{Carrier(OpaqueKind.Reasoning, "SIG")}}"}""";
        var part = """{"type":"output_text","text":"a\nb","annotations":[],"logprobs":[]}""";
        var message = $$"""{"id":"msg_R1_2","type":"message","status":"completed","role":"assistant","content":[{{part}}]}""";
        var call = """{"id":"fc_R1_3","type":"function_call","status":"completed","call_id":"toolu_1","name":"get","arguments":"{\"a\":1}"}""";
        const string Head = "\"id\":\"resp_R1\",\"object\":\"response\",\"created_at\":1700000000,\"status\":\"";
        string[] events =
        [
            $$"""response.created>,"response":{{{Head}}in_progress","error":null,"incomplete_details":null,"model":"m","tools":[],"output":[],"usage":null}""",
            $$"""response.in_progress>,"response":{{{Head}}in_progress","error":null,"incomplete_details":null,"model":"m","tools":[],"output":[],"usage":null}""",
            """response.output_item.added>,"output_index":0,"item":{"id":"rs_R1_1","type":"reasoning","summary":[]}""",
            """response.reasoning_summary_part.added>,"item_id":"rs_R1_1","output_index":0,"summary_index":0,"part":{"type":"summary_text","text":""}""",
            """response.reasoning_summary_text.delta>,"item_id":"rs_R1_1","output_index":0,"summary_index":0,"delta":"hm" """.TrimEnd(),
            """response.reasoning_summary_text.done>,"item_id":"rs_R1_1","output_index":0,"summary_index":0,"text":"hm" """.TrimEnd(),
            """response.reasoning_summary_part.done>,"item_id":"rs_R1_1","output_index":0,"summary_index":0,"part":{"type":"summary_text","text":"hm"}""",
            $$"""response.output_item.done>,"output_index":0,"item":{{thought}}""",
            """response.output_item.added>,"output_index":1,"item":{"id":"msg_R1_2","type":"message","status":"in_progress","role":"assistant","content":[]}""",
            """response.content_part.added>,"item_id":"msg_R1_2","output_index":1,"content_index":0,"part":{"type":"output_text","text":"","annotations":[],"logprobs":[]}""",
            """response.output_text.delta>,"item_id":"msg_R1_2","output_index":1,"content_index":0,"delta":"a\n","logprobs":[]""",
            """response.output_text.delta>,"item_id":"msg_R1_2","output_index":1,"content_index":0,"delta":"b","logprobs":[]""",
            """response.output_text.done>,"item_id":"msg_R1_2","output_index":1,"content_index":0,"text":"a\nb","logprobs":[]""",
            $$"""response.content_part.done>,"item_id":"msg_R1_2","output_index":1,"content_index":0,"part":{{part}}""",
            $$"""response.output_item.done>,"output_index":1,"item":{{message}}""",
            """response.output_item.added>,"output_index":2,"item":{"id":"fc_R1_3","type":"function_call","status":"in_progress","call_id":"toolu_1","name":"get","arguments":""}""",
            """response.function_call_arguments.delta>,"item_id":"fc_R1_3","output_index":2,"delta":"{\"a\":1}" """.TrimEnd(),
            """response.function_call_arguments.done>,"item_id":"fc_R1_3","output_index":2,"name":"get","arguments":"{\"a\":1}" """.TrimEnd(),
            $$"""response.output_item.done>,"output_index":2,"item":{{call}}""",
            $$$"""response.completed>,"response":{{{{Head}}}completed","error":null,"incomplete_details":null,"model":"m","tools":[],"output":[{{{thought}}},{{{message}}},{{{call}}}],"usage":{"input_tokens":20,"input_tokens_details":{"cached_tokens":5,"cache_write_tokens":0},"output_tokens":7,"output_tokens_details":{"reasoning_tokens":2},"total_tokens":27}}""",
        ];
        Assert.Equal(string.Concat(events.Select(Event)), Written);
    }

    private static string Event(string text, int number)
    {
        var (type, rest) = (text[..text.IndexOf('>', StringComparison.Ordinal)], text[(text.IndexOf('>', StringComparison.Ordinal) + 1)..]);
        return $"event: {type}\ndata: {{\"type\":\"{type}\",\"sequence_number\":{number}{rest}}}\n\n";
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Meter_and_reader_find_in_it_what_was_told(bool isStream)
    {
        var encoder = Begin(isStream: isStream);
        Tell(encoder);
        encoder.Finish(Codec.Usage);

        var meter = AnswerReader.Create(Dialect.Responses, isStream).Read([_output.WrittenMemory]);
        var found = Codec.Find(Dialect.Responses, _output.WrittenMemory);

        Assert.Equal(Codec.Usage, meter.Usage);
        Assert.Equal(("completed", true, "m", false), (meter.Finish, meter.IsTerminal, meter.Model, meter.HasError));
        Assert.Equal(("a\nb", "hm", StopReason.Calls), (found.Text, found.Reasoning, found.Stop));
        Assert.Equal(["toolu_1 get {\"a\":1}"], found.Calls);
        Assert.Equal([Carrier(OpaqueKind.Reasoning, "SIG")], found.Opaque);
    }

    [Fact]
    public void Opaque_item_of_a_call_stands_in_an_item_of_its_own()
    {
        var encoder = Begin();
        encoder.Take(new ChatEvent(ChatEventKind.Opaque) { Opaque = OpaqueKind.Redacted, Text = "RED"u8 });
        encoder.Take(new ChatEvent(ChatEventKind.Opaque) { Opaque = OpaqueKind.Call, Text = "S"u8 });
        encoder.Take(new ChatEvent(ChatEventKind.Call) { Id = "1"u8, Name = "f"u8 });
        encoder.Finish(Codec.Usage);

        Assert.Equal(["reasoning", "reasoning", "function_call"], Items().Select(item => item.GetProperty("type").GetString()));
        Assert.Equal(Carrier(OpaqueKind.Redacted, "RED"), Items()[0].GetProperty("encrypted_content").GetString());
        Assert.Equal(Carrier(OpaqueKind.Call, "S"), Items()[1].GetProperty("encrypted_content").GetString());
        Assert.Equal("{}", Items()[2].GetProperty("arguments").GetString());
    }

    [Fact]
    public void Own_opaque_item_stays_what_it_is()
    {
        var encoder = Begin(Codec.Context(Dialect.Responses, "gpt-5"));
        encoder.Take(new ChatEvent(ChatEventKind.Opaque) { Opaque = OpaqueKind.Reasoning, Text = "E"u8, Id = "rs_1"u8 });
        encoder.Finish(Codec.Usage);

        Assert.Equal("E", Items()[0].GetProperty("encrypted_content").GetString());
    }

    [Fact]
    public void Tools_go_back_under_namespace_and_name_and_text_comes_unwrapped()
    {
        var book = new ToolBook();
        var told = Encoding.UTF8.GetBytes(book.Add("read", "files"));
        book.Add("patch", isFreeForm: true);
        var encoder = Begin(Codec.Context() with { ToolBook = book });

        encoder.Take(new ChatEvent(ChatEventKind.Call) { Id = "1"u8, Name = told });
        encoder.Take(new ChatEvent(ChatEventKind.Call) { Call = 1, Id = "2"u8, Name = "patch"u8 });
        encoder.Take(new ChatEvent(ChatEventKind.Arguments) { Call = 1, Text = "{\\\"input\\\": \\\"a "u8 });
        encoder.Take(new ChatEvent(ChatEventKind.Arguments) { Call = 0, Text = "{ }"u8 });
        encoder.Take(new ChatEvent(ChatEventKind.Arguments) { Call = 1, Text = "\\\\n\\\"}"u8 });
        encoder.Take(new ChatEvent(ChatEventKind.CallEnd) { Call = 1 });
        encoder.Take(new ChatEvent(ChatEventKind.CallEnd) { Call = 0 });
        encoder.Finish(Codec.Usage);

        Assert.Equal(
            """{"id":"fc_R1_1","type":"function_call","status":"completed","call_id":"1","name":"read","namespace":"files","arguments":"{ }"}""",
            Items()[0].GetRawText());
        Assert.Equal(
            """{"id":"ctc_R1_2","type":"custom_tool_call","status":"completed","call_id":"2","name":"patch","input":"a \n"}""",
            Items()[1].GetRawText());
        Assert.Equal(2, Written.Split("response.custom_tool_call_input.delta\ndata:").Length);
        Assert.Contains("\"delta\":\"a \\n\"", Written, StringComparison.Ordinal);
    }

    [Fact]
    public void Refusal_picture_and_source_have_their_items()
    {
        var encoder = Begin();
        encoder.Take(new ChatEvent(ChatEventKind.Text) { Text = "t"u8 });
        encoder.Take(new ChatEvent(ChatEventKind.Citation) { Id = "https://a"u8, Name = "A"u8 });
        encoder.Take(new ChatEvent(ChatEventKind.Refusal) { Text = "no"u8 });
        encoder.Take(new ChatEvent(ChatEventKind.Image) { Name = "image/png"u8, Text = "iVBO"u8 });
        encoder.Take(new ChatEvent(ChatEventKind.Stop) { Stop = StopReason.Filtered, Text = "why"u8 });
        encoder.Finish(Codec.Usage);

        var found = Codec.Find(Dialect.Responses, _output.WrittenMemory);
        Assert.Equal(("t", "nowhy", StopReason.Filtered), (found.Text, found.Refusal, found.Stop));
        Assert.Equal(["https://a A"], found.Citations);
        Assert.Equal(["message", "image_generation_call", "message"], Items().Select(item => item.GetProperty("type").GetString()));
        Assert.Contains("\"content_index\":1,\"refusal\":\"no\"", Written, StringComparison.Ordinal);
        Assert.Contains("\"incomplete_details\":{\"reason\":\"content_filter\"}", Written, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(StopReason.Length, "incomplete", "max_output_tokens")]
    [InlineData(StopReason.ContextLength, "incomplete", "max_output_tokens")]
    [InlineData(StopReason.Filtered, "incomplete", "content_filter")]
    [InlineData(StopReason.End, "completed", "null")]
    [InlineData(StopReason.Paused, "completed", "null")]
    [InlineData(StopReason.BrokenCall, "failed", "null")]
    public void Reason_to_stop_is_a_status(StopReason stop, string status, string reason)
    {
        var encoder = Begin();
        encoder.Take(new ChatEvent(ChatEventKind.Text) { Text = "a"u8 });
        encoder.Take(new ChatEvent(ChatEventKind.Stop) { Stop = stop });
        encoder.Finish(Codec.Usage);

        var last = Last();
        Assert.Equal($"response.{status}", last.GetProperty("type").GetString());
        Assert.Equal(status, last.GetProperty("response").GetProperty("status").GetString());
        var details = last.GetProperty("response").GetProperty("incomplete_details");
        Assert.Equal(reason, details.ValueKind == JsonValueKind.Null ? "null" : details.GetProperty("reason").GetString());
    }

    [Fact]
    public void Stream_that_the_money_ends_is_incomplete_and_says_why()
    {
        var encoder = Begin();
        encoder.Take(new ChatEvent(ChatEventKind.Call) { Id = "1"u8, Name = "f"u8 });
        encoder.Take(new ChatEvent(ChatEventKind.Arguments) { Text = "{"u8 });
        encoder.FinishForFunds(Codec.Usage);

        Assert.Equal("response.incomplete", Last().GetProperty("type").GetString());
        Assert.Equal("insufficient_funds", Last().GetProperty("tokenhub").GetProperty("reason").GetString());
        Assert.Equal("incomplete", Items()[0].GetProperty("status").GetString());
        Assert.Equal("{", Items()[0].GetProperty("arguments").GetString());
    }

    [Fact]
    public void Stream_that_fails_goes_on_in_its_numbers()
    {
        var encoder = Begin();
        encoder.Take(new ChatEvent(ChatEventKind.Text) { Text = "a"u8 });
        encoder.Fail(ApiError.Of(Dialect.Responses, ErrorKind.Server, "broke", "R1"));

        Assert.Contains("event: error\ndata: {\"type\":\"error\",\"sequence_number\":5,", Written, StringComparison.Ordinal);
        Assert.Equal("response.failed", Last().GetProperty("type").GetString());
        Assert.Equal("resp_R1", Last().GetProperty("response").GetProperty("id").GetString());
    }

    [Fact]
    public void Writer_is_new_after_each_answer()
    {
        var encoder = Begin();
        Tell(encoder);
        encoder.Finish(Codec.Usage);
        var first = Written;

        _output.ResetWrittenCount();
        encoder.Begin(Codec.Context() with { Echo = "\"tools\":[]"u8.ToArray() });
        Tell(encoder);
        encoder.Finish(Codec.Usage);

        Assert.Equal(first, Written);
    }

    [Fact]
    public void Pieces_allocate_nothing_once_the_room_has_grown()
    {
        var encoder = Begin();
        Tell(encoder);
        encoder.Take(new ChatEvent(ChatEventKind.Text) { Text = new byte[1 << 20] });
        encoder.WriteTo(NullSink.Instance);

        NullSink.AssertAllocatesNothing(() => encoder.Take(new ChatEvent(ChatEventKind.Text) { Text = "more text"u8 }));
    }

    private JsonElement Last()
    {
        var data = Written.TrimEnd().Split("\ndata: ")[^1];
        using var document = JsonDocument.Parse(data);
        return document.RootElement.Clone();
    }

    private JsonElement[] Items() => [.. Last().GetProperty("response").GetProperty("output").EnumerateArray()];
}
