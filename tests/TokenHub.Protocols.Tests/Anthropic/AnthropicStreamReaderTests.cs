using System.Text;
using TokenHub.Core.Snapshots;
using TokenHub.Protocols.Anthropic;
using TokenHub.Protocols.Chat;
using TokenHub.Protocols.Codecs;
using TokenHub.Protocols.Tests.Codecs;

namespace TokenHub.Protocols.Tests.Anthropic;

public sealed class AnthropicStreamReaderTests
{
    private const string Begin = "{\"type\":\"message_start\",\"message\":{\"id\":\"m1\",\"model\":\"claude-x\"}}";
    private const string CallBlock =
        "{\"type\":\"content_block_start\",\"index\":1,\"content_block\":{\"type\":\"tool_use\",\"id\":\"t1\",\"name\":\"f\",\"input\":{}}}";

    private static readonly AnswerContext Context = ChatAnswer.Context(Dialect.Anthropic);

    public static TheoryData<string> WireNames => [.. DecodedWire.Names(Dialect.Anthropic)];

    public static TheoryData<string> GoldenNames =>
        [.. GoldenCase.Names().Where(name => name.StartsWith("Anthropic", StringComparison.Ordinal))];

    [Theory, MemberData(nameof(WireNames))]
    public void Recorded_answer_is_decoded_whole(string name)
    {
        var wire = WireCase.Load(name);

        var answer = ChatAnswer.Decode(AnthropicCodecs.Table.NewDecoder(), Context, [wire.Bytes], new ChatAnswer());

        if (name.Contains("spliced", StringComparison.Ordinal))
        {
            // It began anew after it had spoken: what was said first stands, and no end is claimed.
            Assert.Equal(("I will call the tool.", StopReason.None), (answer.Reasoning, answer.Stop));
            return;
        }

        DecodedWire.AssertAnswer(wire, answer);
        Assert.Equal(StopOf(wire.Expected.GetProperty("finish").GetString()), answer.Stop);
    }

    [Theory, MemberData(nameof(WireNames))]
    public void Recorded_answer_is_decoded_the_same_at_every_cut(string name)
    {
        var wire = WireCase.Load(name);
        DecodedWire.AssertSameAtEveryCut(AnthropicCodecs.Table.NewDecoder(), Context, wire.Bytes, 1);
    }

    [Theory, MemberData(nameof(GoldenNames))]
    public void Golden_answer_is_decoded_the_same_at_every_cut(string name) =>
        DecodedWire.AssertSameAtEveryCut(
            AnthropicCodecs.Table.NewDecoder(), Context, GoldenCase.Load(name).Bytes, 1);

    [Fact]
    public void Thought_signature_and_call_come_in_order()
    {
        var golden = GoldenCase.Load("Anthropic/thinking-signature-tool");

        var log = ChatAnswer.Decode(AnthropicCodecs.Table.NewDecoder(), Context, [golden.Bytes], new EventLog());

        Assert.Equal(
            [
                "Start id=msg_1 name=claude-x", "Reasoning mm", "Opaque opaque=Reasoning c2ln", "ReasoningEnd",
                "Call call=0 id=toolu_1 name=get", "Arguments call=0 {\\\"a\\\":1}", "CallEnd call=0",
                "Stop stop=Calls",
            ],
            log.Lines);
    }

    [Fact]
    public void Body_gives_the_same_events_whatever_the_order_of_its_members()
    {
        var body = Encoding.UTF8.GetBytes(
            "{\"stop_reason\":\"tool_use\",\"content\":[{\"type\":\"thinking\",\"thinking\":\"mm\",\"signature\":\"c2ln\"},"
            + "{\"data\":\"xx\",\"type\":\"redacted_thinking\"},{\"type\":\"text\",\"text\":\"h\\u00e9\\n\",\"citations\":"
            + "[{\"type\":\"web_search_result_location\",\"url\":\"https://a\",\"title\":\"A\"}]},"
            + "{\"input\": {\"a\": \"q\\\"\\u00e9\", \"b\": [1.50, {}]}, \"type\":\"tool_use\",\"id\":\"t1\",\"name\":\"get\"}],"
            + "\"model\":\"claude-x\",\"id\":\"m1\"}");

        var log = ChatAnswer.Decode(AnthropicCodecs.Table.NewDecoder(), Context, [body], new EventLog());

        Assert.Equal(
            [
                "Start id=m1 name=claude-x", "Reasoning mm", "Opaque opaque=Reasoning c2ln", "ReasoningEnd",
                "Opaque opaque=Redacted xx", "ReasoningEnd", "Text h\\u00e9\\n", "Citation id=https://a name=A place=0-3",
                "Call call=0 id=t1 name=get",
                "Arguments call=0 {\\\"a\\\":\\\"q\\\\\\\"\\\\u00e9\\\",\\\"b\\\":[1.50,{}]}",
                "CallEnd call=0", "Stop stop=Calls",
            ],
            log.Lines);
    }

    [Theory]
    [InlineData("{\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"stop_sequence\",\"stop_sequence\":\"EN\\nD\"}}",
        StopReason.StopSequence, "EN\nD")]
    [InlineData("{\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"refusal\",\"stop_details\":{\"explanation\":\"no\"}}}",
        StopReason.Filtered, "no")]
    [InlineData("{\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"pause_turn\"}}", StopReason.Paused, "")]
    [InlineData("{\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"model_context_window_exceeded\"}}",
        StopReason.ContextLength, "")]
    [InlineData("{\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"novel\"}}", StopReason.Other, "")]
    public void End_is_told_in_no_dialects_words(string end, StopReason reason, string text)
    {
        var answer = ChatAnswer.Decode(
            AnthropicCodecs.Table.NewDecoder(), Context, [DecodedWire.Stream(Begin, end)], new ChatAnswer());

        Assert.Equal((reason, text), Assert.Single(answer.Stops));
    }

    [Fact]
    public void Stream_that_begins_anew_before_it_spoke_is_one_answer()
    {
        var stream = DecodedWire.Stream(
            Begin, "{\"type\":\"content_block_start\",\"index\":0,\"content_block\":{\"type\":\"thinking\",\"thinking\":\"\"}}",
            Begin, "{\"type\":\"content_block_start\",\"index\":0,\"content_block\":{\"type\":\"text\",\"text\":\"\"}}",
            "{\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"text_delta\",\"text\":\"hi\"}}",
            "{\"type\":\"content_block_stop\",\"index\":0}");

        var log = ChatAnswer.Decode(AnthropicCodecs.Table.NewDecoder(), Context, [stream], new EventLog());

        Assert.Equal(["Start id=m1 name=claude-x", "Text hi"], log.Lines);
    }

    [Fact]
    public void Arguments_in_the_beginning_of_a_block_count_only_where_no_pieces_come()
    {
        var whole = CallBlock.Replace("\"input\":{}", "\"input\":{\"a\": 1}", StringComparison.Ordinal);
        const string Piece =
            "{\"type\":\"content_block_delta\",\"index\":1,\"delta\":{\"type\":\"input_json_delta\",\"partial_json\":\"{\\\"b\\\":2}\"}}";
        const string Stop = "{\"type\":\"content_block_stop\",\"index\":1}";

        var alone = ChatAnswer.Decode(
            AnthropicCodecs.Table.NewDecoder(), Context, [DecodedWire.Stream(Begin, whole, Stop)], new ChatAnswer());
        var both = ChatAnswer.Decode(
            AnthropicCodecs.Table.NewDecoder(), Context, [DecodedWire.Stream(Begin, whole, Piece, Stop)], new ChatAnswer());

        Assert.Equal("{\"a\":1}", alone.Calls[0].Arguments);
        Assert.Equal("{\"b\":2}", both.Calls[0].Arguments);
    }

    [Fact]
    public void Arguments_of_the_format_tool_are_the_answers_text()
    {
        var context = ChatAnswer.Context(Dialect.Anthropic, new ToolBook { FormatTool = "f" });
        var stream = DecodedWire.Stream(
            Begin, CallBlock,
            "{\"type\":\"content_block_delta\",\"index\":1,\"delta\":{\"type\":\"input_json_delta\",\"partial_json\":\"{\\\"b\\\":2}\"}}",
            "{\"type\":\"content_block_stop\",\"index\":1}",
            "{\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"tool_use\"}}");

        var answer = ChatAnswer.Decode(AnthropicCodecs.Table.NewDecoder(), context, [stream], new ChatAnswer());

        Assert.Equal("{\"b\":2}", answer.Text);
        Assert.Empty(answer.Calls);
        Assert.Equal(StopReason.End, answer.Stop);
    }

    [Theory]
    [InlineData("{\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"text_delta\",\"text\":\"h\\u00e9llo\"}}")]
    [InlineData("{\"type\":\"content_block_delta\",\"index\":1,\"delta\":{\"type\":\"input_json_delta\",\"partial_json\":\"{\"}}")]
    [InlineData("{\"type\":\"ping\"}")]
    public void Event_allocates_nothing(string chunk)
    {
        var head = DecodedWire.Stream(
            Begin, "{\"type\":\"content_block_start\",\"index\":0,\"content_block\":{\"type\":\"text\",\"text\":\"\"}}", CallBlock);

        Assert.Equal(0, DecodedWire.AllocatedBytes(
            AnthropicCodecs.Table.NewDecoder(), Context, head, DecodedWire.Stream(chunk)));
    }

    private static StopReason StopOf(string? finish) => finish switch
    {
        null => StopReason.None,
        "end_turn" => StopReason.End,
        "tool_use" => StopReason.Calls,
        "max_tokens" => StopReason.Length,
        "refusal" => StopReason.Filtered,
        _ => StopReason.Other,
    };
}
