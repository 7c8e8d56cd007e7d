using System.Text;
using TokenHub.Core.Snapshots;
using TokenHub.Protocols.Chat;
using TokenHub.Protocols.Codecs;
using TokenHub.Protocols.Gemini;
using TokenHub.Protocols.Tests.Codecs;

namespace TokenHub.Protocols.Tests.Gemini;

public sealed class GeminiStreamReaderTests
{
    private static readonly AnswerContext Context = ChatAnswer.Context(Dialect.Gemini);

    public static TheoryData<string> WireNames => [.. DecodedWire.Names(Dialect.Gemini)];

    public static TheoryData<string> GoldenNames =>
        [.. GoldenCase.Names().Where(name => name.StartsWith("Gemini", StringComparison.Ordinal))];

    [Theory, MemberData(nameof(WireNames))]
    public void Recorded_answer_is_decoded_whole(string name)
    {
        var wire = WireCase.Load(name);

        var answer = ChatAnswer.Decode(GeminiCodecs.Table.NewDecoder(), Context, [wire.Bytes], new ChatAnswer());

        DecodedWire.AssertAnswer(wire, answer);
        var finish = wire.Expected.GetProperty("finish").GetString();
        Assert.Equal(
            finish is null ? StopReason.None
            : answer.Calls.Count > 0 ? StopReason.Calls
            : finish == "STOP" ? StopReason.End
            : StopReason.Filtered,
            answer.Stop);
    }

    [Theory, MemberData(nameof(WireNames))]
    public void Recorded_answer_is_decoded_the_same_at_every_cut(string name)
    {
        var wire = WireCase.Load(name);
        DecodedWire.AssertSameAtEveryCut(
            GeminiCodecs.Table.NewDecoder(), Context, wire.Bytes, 1 + wire.Bytes.Length / 3000);
    }

    [Theory, MemberData(nameof(GoldenNames))]
    public void Golden_answer_is_decoded_the_same_at_every_cut(string name) =>
        DecodedWire.AssertSameAtEveryCut(GeminiCodecs.Table.NewDecoder(), Context, GoldenCase.Load(name).Bytes, 1);

    [Theory]
    [InlineData("thoughts-before-and-behind-their-flag", "Start id=r1 name=gemini-x|Reasoning abcd|ReasoningEnd|Text xy|"
        + "Opaque opaque=Text AAAA|Stop stop=End")]
    [InlineData("function-call", "Start id=r1 name=gemini-x|Opaque call=0 id=call_r7_1 opaque=Call AA|"
        + "Call call=0 id=call_r7_1 name=get|Arguments call=0 {\\\"a\\\":\\\"x\\\",\\\"n\\\":1.5}|CallEnd call=0|"
        + "Stop stop=Calls")]
    [InlineData("vertex-partial-args", "Start id=r1 name=gemini-x|Call call=0 id=call_r7_1 name=get|"
        + "Arguments call=0 {\\\"a\\\":\\\"Bo\\\"}|CallEnd call=0|Stop stop=Calls")]
    [InlineData("picture", "Start id=r1 name=gemini-x|Image name=image/png iVBORw0KGgo=|Stop stop=End")]
    [InlineData("tool-use-prompt", "Start id=r1 name=gemini-x|Text 2|Stop stop=End")]
    public void Golden_answer_gives_these_events(string name, string lines)
    {
        var golden = GoldenCase.Load($"Gemini/{name}");

        var log = ChatAnswer.Decode(GeminiCodecs.Table.NewDecoder(), Context, [golden.Bytes], new EventLog());

        Assert.Equal(lines.Split('|'), log.Lines);
    }

    [Fact]
    public void Signature_of_what_follows_a_thought_comes_before_its_end()
    {
        var stream = DecodedWire.Stream(
            "{\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"mm\",\"thought\":true}]}}]}",
            "{\"candidates\":[{\"content\":{\"parts\":[{\"functionCall\":{\"name\":\"f\",\"id\":\"c9\"},\"thoughtSignature\":\"S\"},"
            + "{\"functionCall\":{\"name\":\"g\",\"args\":{}}}]},\"finishReason\":\"STOP\"}]}");

        var log = ChatAnswer.Decode(GeminiCodecs.Table.NewDecoder(), Context, [stream], new EventLog());

        Assert.Equal(
            [
                "Start", "Reasoning mm", "Opaque call=0 id=c9 opaque=Call S", "ReasoningEnd", "Call call=0 id=c9 name=f",
                "CallEnd call=0", "Call call=1 id=call_r7_2 name=g", "CallEnd call=1", "Stop stop=Calls",
            ],
            log.Lines);
    }

    [Theory]
    [InlineData("{\"candidates\":[{\"finishReason\":\"MALFORMED_FUNCTION_CALL\",\"finishMessage\":\"bad\"}]}",
        StopReason.BrokenCall, "bad")]
    [InlineData("{\"candidates\":[{\"content\":{},\"finishReason\":\"MAX_TOKENS\"}]}", StopReason.Length, "")]
    [InlineData("{\"candidates\":[{\"finishReason\":\"PROHIBITED_CONTENT\"}]}", StopReason.Filtered, "")]
    [InlineData("{\"candidates\":[{\"finishReason\":\"TOO_MANY_TOOL_CALLS\"}]}", StopReason.Paused, "")]
    [InlineData("{\"candidates\":[{\"finishReason\":\"OTHER\"}]}", StopReason.Other, "")]
    [InlineData("{\"promptFeedback\":{\"blockReasonMessage\":\"why\",\"blockReason\":\"SAFETY\"}}", StopReason.Filtered, "why")]
    public void End_is_told_in_no_dialects_words(string data, StopReason reason, string text)
    {
        var answer = ChatAnswer.Decode(
            GeminiCodecs.Table.NewDecoder(), Context, [DecodedWire.Stream(data)], new ChatAnswer());

        Assert.Equal((reason, text), Assert.Single(answer.Stops));
    }

    [Fact]
    public void Pieces_of_arguments_are_put_in_their_places()
    {
        var stream = DecodedWire.Stream(
            "{\"candidates\":[{\"content\":{\"parts\":[{\"functionCall\":{\"name\":\"f\",\"willContinue\":true}}]}}]}",
            "{\"candidates\":[{\"content\":{\"parts\":[{\"functionCall\":{\"partialArgs\":["
            + "{\"jsonPath\":\"$.a.b[1].c\",\"numberValue\":1.50},{\"jsonPath\":\"$.a.b[0]\",\"boolValue\":true},"
            + "{\"jsonPath\":\"$['odd.key']\",\"stringValue\":\"q\\\"\",\"willContinue\":true}],\"willContinue\":true}}]}}]}",
            "{\"candidates\":[{\"content\":{\"parts\":[{\"functionCall\":{\"partialArgs\":["
            + "{\"jsonPath\":\"$['odd.key']\",\"stringValue\":\"\\u00e9\"},{\"jsonPath\":\"$.n\",\"nullValue\":\"NULL_VALUE\"}],"
            + "\"willContinue\":true}}]}}]}",
            "{\"candidates\":[{\"content\":{\"parts\":[{\"functionCall\":{}}]},\"finishReason\":\"STOP\"}]}");

        var answer = ChatAnswer.Decode(GeminiCodecs.Table.NewDecoder(), Context, [stream], new ChatAnswer());

        Assert.Equal(
            "{\"a\":{\"b\":[true,{\"c\":1.50}]},\"odd.key\":\"q\\\"\\u00e9\",\"n\":null}", answer.Calls[0].Arguments);
    }

    [Fact]
    public void Sources_are_told_once_however_often_events_repeat_them()
    {
        const string Grounded =
            "\"groundingMetadata\":{\"groundingChunks\":[{\"web\":{\"uri\":\"https://a\",\"title\":\"A\"}}";
        var stream = DecodedWire.Stream(
            "{\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"x\"}]}," + Grounded + "]}}]}",
            "{\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"y\"}]}," + Grounded
            + ",{\"web\":{\"uri\":\"https://b\",\"title\":\"B\"}}]},\"finishReason\":\"STOP\"}]}");

        var answer = ChatAnswer.Decode(GeminiCodecs.Table.NewDecoder(), Context, [stream], new ChatAnswer());

        Assert.Equal([("https://a", "A"), ("https://b", "B")], answer.Citations);
    }

    [Fact]
    public void Finish_in_every_event_ends_the_answer_once()
    {
        const string Chunk = "{\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"x\"}]},\"finishReason\":\"STOP\"}]}";

        var log = ChatAnswer.Decode(
            GeminiCodecs.Table.NewDecoder(), Context, [DecodedWire.Stream(Chunk, Chunk)], new EventLog());

        Assert.Equal(["Start", "Text xx", "Stop stop=End"], log.Lines);
    }

    [Fact]
    public void Candidates_are_kept_apart()
    {
        var body = Encoding.UTF8.GetBytes(
            "{\"candidates\":[{\"index\":0,\"content\":{\"parts\":[{\"text\":\"a\"}]},\"finishReason\":\"STOP\"},"
            + "{\"content\":{\"parts\":[{\"text\":\"b\"}]},\"finishReason\":\"MAX_TOKENS\",\"index\":1}]}");

        var log = ChatAnswer.Decode(GeminiCodecs.Table.NewDecoder(), Context, [body], new EventLog());

        Assert.Equal(
            ["Start", "Text a", "Text choice=1 b", "Stop stop=End", "Stop choice=1 stop=Length"], log.Lines);
    }

    [Theory]
    [InlineData("{\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"h\\u00e9llo\"}],\"role\":\"model\"},\"index\":0}]}")]
    [InlineData("{\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"m\",\"thought\":true}]}}],\"usageMetadata\":{\"a\":1}}")]
    public void Event_allocates_nothing(string chunk) =>
        Assert.Equal(0, DecodedWire.AllocatedBytes(
            GeminiCodecs.Table.NewDecoder(), Context, DecodedWire.Stream(chunk), DecodedWire.Stream(chunk)));
}
