using System.Text;
using TokenHub.Core.Snapshots;
using TokenHub.Protocols.Codecs;
using TokenHub.Protocols.Tests.Codecs;

namespace TokenHub.Protocols.Tests.OpenAi;

public sealed class OpenAiStreamReaderTests
{
    private static string Chunk(string delta, string finish = "null", int index = 0) =>
        $$"""{"id":"c1","model":"x","choices":[{"index":{{index}},"delta":{{delta}},"finish_reason":{{finish}}}]}""";

    private static string End(string finish = "\"stop\"") => Chunk("{}", finish);

    private static string Calls(params ReadOnlySpan<string> calls) =>
        Chunk($"{{\"tool_calls\":[{string.Join(',', calls!)}]}}");

    private static void AssertLines(string[] expected, params ReadOnlySpan<string> data)
    {
        Assert.Equal(expected, Codec.Lines(Dialect.Chat, Codec.Stream(data)));
    }

    [Fact]
    public void Text_stops_once_with_the_last_reason_that_was_given()
    {
        AssertLines(
            ["Start id=c1 name=x", "Text a\\u0062c", "Stop stop=Length"],
            """{"id":"","model":"","choices":[],"prompt_filter_results":[]}""",
            Chunk("""{"role":"assistant","content":"","refusal":null}"""), Chunk("""{"content":"a\u0062"}"""),
            """{"choices":[{"index":0,"content_filter_offsets":{}}]}""", Chunk("""{"content":"c"}"""),
            End("\"stop\""), End("\"length\""), Chunk("{}", "null"), "[DONE]", Chunk("""{"content":"late"}"""));
    }

    [Fact]
    public void Calls_are_numbered_from_zero_whatever_their_index()
    {
        AssertLines(
            [
                "Start id=c1 name=x", "Text go", "Call call=0 id=a name=f", "Arguments call=0 {\\\"p\\\":1}",
                "CallEnd call=0", "Stop stop=Calls",
            ],
            Chunk("""{"content":"go"}"""),
            Calls("""{"index":1,"id":"a","type":"function","function":{"name":"f","arguments":""}}"""),
            Calls("""{"index":1,"function":{"arguments":""}}"""),
            Calls("""{"index":1,"type":"function","id":"a","function":{"name":"","arguments":"{\"p\":"}}"""),
            Calls("""{"index":1,"function":{"name":"f","arguments":"1}"}}"""), End("\"stop\""), "[DONE]");
    }

    [Theory]
    [InlineData("""{"index":0,"id":"a","function":{"name":"f","arguments":"{}"}}""",
        """{"index":0,"id":"b","function":{"name":"g","arguments":"{}"}}""")]
    [InlineData("""{"id":"a","function":{"name":"f","arguments":"{}"}}""",
        """{"id":"b","function":{"name":"g","arguments":"{}"}}""")]
    [InlineData("""{"index":1,"id":"a","function":{"name":"f","arguments":{}}}""",
        """{"index":2,"id":"b","function":{"name":"g","arguments":{}}}""")]
    public void Calls_are_told_apart_by_their_ids_where_the_index_is_used_again(string first, string second)
    {
        AssertLines(
            [
                "Start id=c1 name=x", "Call call=0 id=a name=f", "Arguments call=0 {}", "CallEnd call=0",
                "Call call=1 id=b name=g", "Arguments call=1 {}", "CallEnd call=1", "Stop stop=Calls",
            ],
            Calls(first), Calls(second), End("\"tool_calls\""));
    }

    [Fact]
    public void Calls_without_ids_get_the_request_s_own()
    {
        AssertLines(
            [
                "Start id=c1 name=x", "Call call=0 id=call_R1_1 name=f", "Arguments call=0 {\\\"a\\\":\\\"}\\\"}",
                "CallEnd call=0", "Call call=1 id=call_R1_2 name=g", "Arguments call=1 {}", "CallEnd call=1",
                "Stop stop=Calls",
            ],
            Calls("""{"index":0,"id":"","function":{"name":"f","arguments":"{\"a\":\"}\"}"}}"""),
            Calls("""{"index":0,"function":{"name":"g","arguments":"{}"}}"""), End());
    }

    [Fact]
    public void Arguments_that_interleave_stay_with_their_calls()
    {
        AssertLines(
            [
                "Start id=c1 name=x", "Call call=0 id=a name=f", "Call call=1 id=b name=g", "Arguments call=0 {\\\"x\\\"",
                "Arguments call=1 {", "Arguments call=0 :1}", "Arguments call=1 }", "CallEnd call=0", "CallEnd call=1",
                "Stop stop=Calls",
            ],
            Calls("""{"index":0,"id":"a","function":{"name":"f","arguments":""}}"""),
            Calls("""{"index":1,"id":"b","function":{"name":"g","arguments":""}}"""),
            Calls(
                """{"index":0,"function":{"arguments":"{\"x\""}}""", """{"index":1,"function":{"arguments":"{"}}"""),
            Calls("""{"index":0,"function":{"arguments":":1}"}}""", """{"index":1,"function":{"arguments":"}"}}"""),
            End("\"tool_calls\""));
    }

    [Fact]
    public void Call_that_the_limit_cut_is_not_whole()
    {
        AssertLines(
            ["Start id=c1 name=x", "Call call=0 id=a name=f", "Arguments call=0 {\\\"x", "Stop stop=Length"],
            Calls("""{"index":0,"id":"a","function":{"name":"f","arguments":"{\"x"}}"""), End("\"length\""));
    }

    [Fact]
    public void Legacy_call_and_free_form_call_are_calls()
    {
        AssertLines(
            [
                "Start id=c1 name=x", "Call call=0 id=call_R1_1 name=f", "Arguments call=0 {}", "CallEnd call=0",
                "Call call=1 id=b name=sql", "Arguments call=1 {\\\"input\\\":\\\"a \\\\\\\"b\\\"}", "CallEnd call=1",
                "Stop stop=Calls",
            ],
            Chunk("""{"function_call":{"name":"f","arguments":""}}"""),
            Chunk("""{"function_call":{"arguments":"{}"}}"""),
            Calls("""{"index":0,"id":"b","type":"custom","custom":{"name":"sql","input":"a \"b"}}"""),
            End("\"function_call\""));
    }

    [Fact]
    public void Thoughts_end_where_the_answer_begins()
    {
        AssertLines(
            ["Start id=c1 name=x", "Reasoning hmm", "ReasoningEnd", "Text yes", "Stop stop=End"],
            Chunk("""{"content":null,"reasoning_content":"h"}"""), Chunk("""{"reasoning":"mm","content":""}"""),
            Chunk("""{"reasoning_content":null,"content":"yes"}"""), End());
        AssertLines(
            ["Start id=c1 name=x", "Reasoning hm", "ReasoningEnd", "Text yes", "Stop stop=End"],
            Chunk("""{"content":[{"type":"thinking","thinking":[{"type":"text","text":"hm"}]}]}"""),
            Chunk("""{"content":[{"type":"text","text":"yes"}]}"""), End());
    }

    [Fact]
    public void Details_of_a_thought_are_told_once_and_what_is_signed_is_kept_as_it_is()
    {
        AssertLines(
            [
                "Start id=c1 name=x", "Reasoning ab",
                "Opaque id=r opaque=Reasoning {\\\"type\\\":\\\"reasoning.text\\\",\\\"signature\\\":\\\"S\\\",\\\"id\\\":\\\"r\\\"}",
                "ReasoningEnd", "Text t", "Stop stop=End",
            ],
            Chunk("""{"reasoning":"a","reasoning_details":[{"type":"reasoning.text","text":"a","signature":null}]}"""),
            Chunk("""{"reasoning_details":[{"type":"reasoning.summary","summary":"b"}]}"""),
            Chunk("""{"reasoning":null,"reasoning_details":[{"type":"reasoning.text","signature":"S","id":"r"}]}"""),
            Chunk("""{"content":"t"}"""), End());
    }

    [Fact]
    public void Refusals_pictures_and_sources_come_through()
    {
        AssertLines(
            [
                "Start id=c1 name=x", "Refusal no", "Image name=image/png AA\\/A", "Citation id=https://a name=A b",
                "Stop stop=End",
            ],
            Chunk("""{"refusal":"no"}"""),
            Chunk("""{"images":[{"type":"image_url","image_url":{"url":"data:image/png;base64,AA\/A"}}]}"""),
            Chunk("""{"annotations":[{"type":"url_citation","url_citation":{"title":"A b","url":"https://a"}}]}"""),
            End());
    }

    [Fact]
    public void Several_answers_keep_their_numbers_and_ends()
    {
        AssertLines(
            [
                "Start id=c1 name=x", "Text a", "Text choice=1 b", "Call choice=1 call=0 id=k name=f",
                "Arguments choice=1 call=0 {}", "Stop stop=Filtered", "CallEnd choice=1 call=0",
                "Stop choice=1 stop=Calls",
            ],
            Chunk("""{"content":"a"}"""), Chunk("""{"content":"b"}""", index: 1),
            Chunk("""{"tool_calls":[{"index":0,"id":"k","function":{"name":"f","arguments":"{}"}}]}""", index: 1),
            Chunk("{}", "\"content_filter\""), Chunk("{}", "\"tool_calls\"", index: 1), "[DONE]");
    }

    [Theory]
    [InlineData("""{"error":{"message":"no"},"choices":[{"index":0,"delta":{"content":""},"finish_reason":"stop"}]}""")]
    [InlineData("""{"choices":[{"index":0,"delta":{},"finish_reason":"error"}]}""")]
    [InlineData("no json")]
    public void Answer_that_fails_has_no_end(string last)
    {
        AssertLines(["Start id=c1 name=x", "Text a"], Chunk("""{"content":"a"}"""), last, "[DONE]");
    }

    [Fact]
    public void Chunk_with_a_whole_and_a_broken_half_changes_nothing_more()
    {
        AssertLines(
            ["Start id=c1 name=x", "Text b", "Stop stop=End"],
            """{"choices":[{"index":0,"delta":{"content":"a"}}""", Chunk("""{"content":"b"}"""), End());
    }

    [Fact]
    public void Body_gives_what_its_stream_would()
    {
        var body = """

              {"id":"c1","model":"x","choices":[{"index":0,"message":{"role":"assistant","reasoning_content":"h",
              "content":null,"tool_calls":[{"id":"a","type":"function","function":{"name":"f","arguments":"{}"}},
              {"id":"b","type":"function","function":{"name":"g","arguments":""}}]},"finish_reason":"tool_calls"}]}
            """;

        Assert.Equal(
            [
                "Start id=c1 name=x", "Reasoning h", "ReasoningEnd", "Call call=0 id=a name=f", "Arguments call=0 {}",
                "CallEnd call=0", "Call call=1 id=b name=g", "CallEnd call=1", "Stop stop=Calls",
            ],
            Codec.Lines(Dialect.Chat, Encoding.UTF8.GetBytes(body)));
    }

    [Fact]
    public void Chunks_allocate_nothing_once_the_room_has_grown()
    {
        var text = Codec.Stream(
            Chunk("""{"content":"some more text"}"""), Chunk("""{"reasoning_content":"and a \"thought\""}"""));
        var calls = Codec.Stream(Calls("""{"index":0,"function":{"arguments":"{\"p\":[1,2]}"}}"""));
        var decoder = DialectCodecs.Of(Dialect.Chat).NewDecoder();
        decoder.Begin(Codec.Context());
        decoder.Append(
            Codec.Stream(Calls("""{"index":0,"id":"a","function":{"name":"f","arguments":"["}}""")), NullSink.Instance);

        NullSink.AssertAllocatesNothing(() =>
        {
            decoder.Append(calls, NullSink.Instance);
            decoder.Append(text, NullSink.Instance);
        });
    }
}
