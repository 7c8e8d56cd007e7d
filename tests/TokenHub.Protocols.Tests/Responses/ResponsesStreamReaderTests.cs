using System.Text;
using TokenHub.Core.Snapshots;
using TokenHub.Protocols.Codecs;
using TokenHub.Protocols.Tests.Codecs;

namespace TokenHub.Protocols.Tests.Responses;

public sealed class ResponsesStreamReaderTests
{
    private const string Created =
        """{"type":"response.created","response":{"id":"resp_1","model":"x","status":"in_progress","output":[]}}""";

    private static string Added(int index, string item) =>
        $$"""{"type":"response.output_item.added","output_index":{{index}},"item":{{item}}}""";

    private static string Done(int index, string item) =>
        $$"""{"type":"response.output_item.done","output_index":{{index}},"item":{{item}}}""";

    private static string Delta(int index, string kind, string text, string more = "") =>
        $$"""{"type":"response.{{kind}}.delta","item_id":"any","output_index":{{index}}{{more}},"delta":"{{text}}"}""";

    private static string Completed(string output = "[]", string status = "completed", string more = "") =>
        $$$"""{"type":"response.{{{status}}}","response":{"id":"resp_1","model":"x","status":"{{{status}}}","error":null,"output":{{{output}}}{{{more}}}}}""";

    private static void AssertLines(string[] expected, params ReadOnlySpan<string> data) =>
        Assert.Equal(expected, Codec.Lines(Dialect.Responses, Codec.Stream(data)));

    [Fact]
    public void Items_are_told_apart_by_index_and_never_by_id()
    {
        AssertLines(
            [
                "Start id=resp_1 name=x", "Reasoning why", "Opaque id=rs_9 opaque=Reasoning ENC", "ReasoningEnd",
                "Text so", "Call call=0 id=k name=f", "Arguments call=0 {\\\"a\\\":1}", "CallEnd call=0",
                "Stop stop=Calls",
            ],
            Created, Added(0, """{"type":"reasoning","id":"rs_1","encrypted_content":"EARLY","summary":[]}"""),
            """{"type":"response.reasoning_summary_part.added","output_index":0,"summary_index":0,"part":{"text":""}}""",
            Delta(0, "reasoning_summary_text", "w", ",\"summary_index\":0"),
            Delta(0, "reasoning_summary_text", "hy", ",\"summary_index\":0"),
            """{"type":"response.reasoning_summary_text.done","output_index":0,"summary_index":0,"text":"why"}""",
            Done(0, """{"type":"reasoning","id":"rs_9","summary":[{"text":"why"}],"encrypted_content":"ENC"}"""),
            Added(1, """{"type":"message","id":"m","content":[]}"""), Delta(1, "output_text", "s"),
            Delta(1, "output_text", "o", ",\"obfuscation\":\"xx\",\"logprobs\":[]"),
            """{"type":"response.output_text.done","output_index":1,"text":"so"}""",
            Done(1, """{"type":"message","content":[{"type":"output_text","text":"so"}]}"""),
            Added(2, """{"type":"function_call","id":"fc","call_id":"k","name":"f","arguments":""}"""),
            Delta(2, "function_call_arguments", "{\\\"a\\\""), Delta(2, "function_call_arguments", ":1}"),
            """{"type":"response.function_call_arguments.done","output_index":2,"arguments":"{\"a\":1}"}""",
            Done(2, """{"type":"function_call","call_id":"k","name":"f","arguments":"{\"a\":1}"}"""),
            Completed("""[{"type":"message","content":[{"type":"output_text","text":"so"}]}]"""), "[DONE]");
    }

    [Fact]
    public void Parts_of_a_summary_are_parted_by_a_blank_line()
    {
        AssertLines(
            ["Start", "Reasoning a\\n\\nb", "ReasoningEnd", "Stop stop=End"],
            Delta(0, "reasoning_summary_text", "a", ",\"summary_index\":0"),
            Delta(0, "reasoning_summary_text", "b", ",\"summary_index\":1"), Completed());
    }

    [Fact]
    public void Items_that_come_without_pieces_are_told_when_they_are_done()
    {
        AssertLines(
            [
                "Start", "Reasoning a\\n\\nb", "Opaque id=rs opaque=Reasoning E", "ReasoningEnd", "Text t", "Refusal no",
                "Citation id=https://a name=A", "Call call=0 id=k name=f", "Arguments call=0 {}", "CallEnd call=0",
                "Image name=image/png iVBO", "Stop stop=Calls",
            ],
            Done(0, """{"type":"reasoning","id":"rs","summary":[{"text":"a"},{"text":"b"}],"encrypted_content":"E"}"""),
            Done(1, """
                {"type":"message","content":[{"type":"output_text","text":"t"},{"type":"refusal","refusal":"no",
                "annotations":[{"type":"url_citation","url":"https://a","title":"A"}]}]}
                """.ReplaceLineEndings("")),
            Done(2, """{"type":"function_call","call_id":"k","name":"f","arguments":"{}"}"""),
            Done(3, """{"type":"image_generation_call","result":"iVBO"}"""), Completed());
    }

    [Fact]
    public void Last_event_alone_tells_everything_as_a_body_does()
    {
        const string Output = """[{"type":"reasoning","summary":[],"content":[{"text":"c"}]},{"type":"message","content":[{"type":"output_text","text":"t"}]}]""";
        string[] expected = ["Start id=resp_1 name=x", "Reasoning c", "ReasoningEnd", "Text t", "Stop stop=End"];

        AssertLines(expected, Completed(Output));
        Assert.Equal(expected, Codec.Lines(Dialect.Responses, Encoding.UTF8.GetBytes(
            $$"""{"id":"resp_1","model":"x","status":"completed","error":null,"output":{{Output}}}""")));
    }

    [Fact]
    public void Input_of_a_free_form_tool_stands_wrapped()
    {
        AssertLines(
            [
                "Start", "Call call=0 id=k name=sql", "Arguments call=0 {\\\"input\\\":\\\"a \\\\\\\"b\\\\\\\"\\\"}",
                "CallEnd call=0", "Stop stop=Calls",
            ],
            Added(0, """{"type":"custom_tool_call","call_id":"k","name":"sql","input":""}"""),
            Delta(0, "custom_tool_call_input", "a "), Delta(0, "custom_tool_call_input", "\\\"b\\\""),
            Done(0, """{"type":"custom_tool_call","call_id":"k","name":"sql","input":"a \"b\""}"""), Completed());
    }

    [Fact]
    public void Items_that_overlap_lose_nothing()
    {
        AssertLines(
            [
                "Start", "Reasoning hm", "ReasoningEnd", "Text 4", "Opaque id=rs opaque=Reasoning E", "ReasoningEnd",
                "Stop stop=End",
            ],
            Added(0, """{"type":"reasoning","id":"rs","summary":[]}"""),
            Delta(0, "reasoning_text", "hm", ",\"content_index\":0"), Added(1, """{"type":"message","content":[]}"""),
            Delta(1, "output_text", "4"), Done(1, """{"type":"message","content":[{"text":"4"}]}"""),
            Done(0, """{"type":"reasoning","id":"rs","summary":[],"content":[{"text":"hm"}],"encrypted_content":"E"}"""),
            Completed());
    }

    [Theory]
    [InlineData("incomplete", ",\"incomplete_details\":{\"reason\":\"max_output_tokens\"}", "Stop stop=Length")]
    [InlineData("incomplete", ",\"incomplete_details\":{\"reason\":\"content_filter\"}", "Stop stop=Filtered")]
    [InlineData("incomplete", ",\"incomplete_details\":{\"reason\":\"new\"}", "Stop stop=Other")]
    [InlineData("completed", "", "Stop stop=End")]
    public void Status_says_why_it_ended(string status, string more, string expected)
    {
        AssertLines(["Start", "Text a", expected], Delta(0, "output_text", "a"), Completed("[]", status, more));
    }

    [Theory]
    [InlineData("""{"type":"error","code":"c","message":"m"}""")]
    [InlineData("""{"type":"error","error":{"type":"t","code":"c","message":"m"}}""")]
    [InlineData("""{"type":"response.failed","response":{"status":"failed","error":{"code":"server_error"}}}""")]
    public void Answer_that_fails_has_no_end(string failure)
    {
        AssertLines(["Start", "Text a"], Delta(0, "output_text", "a"), failure, Completed());
    }

    [Fact]
    public void Call_that_the_limit_cut_is_not_whole()
    {
        AssertLines(
            ["Start", "Call call=0 id=k name=f", "Arguments call=0 {", "Stop stop=Length"],
            Added(0, """{"type":"function_call","call_id":"k","name":"f","arguments":""}"""),
            Delta(0, "function_call_arguments", "{"),
            Completed("[]", "incomplete", ",\"incomplete_details\":{\"reason\":\"max_output_tokens\"}"));
    }

    [Fact]
    public void Pieces_allocate_nothing_once_the_room_has_grown()
    {
        var pieces = Codec.Stream(
            Delta(0, "reasoning_summary_text", "a"), Delta(1, "output_text", "b\\n"),
            Delta(2, "function_call_arguments", "{\\\"c\\\":1}"), Delta(3, "custom_tool_call_input", "\\\"d\\n"));
        var decoder = DialectCodecs.Of(Dialect.Responses).NewDecoder();
        decoder.Begin(Codec.Context());

        NullSink.AssertAllocatesNothing(() => decoder.Append(pieces, NullSink.Instance));
    }
}
