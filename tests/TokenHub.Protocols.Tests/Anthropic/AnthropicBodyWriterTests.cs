using TokenHub.Core.Snapshots;
using TokenHub.Protocols.Anthropic;
using TokenHub.Protocols.Chat;
using TokenHub.Protocols.Codecs;
using TokenHub.Protocols.Errors;
using TokenHub.Protocols.Tests.Codecs;

namespace TokenHub.Protocols.Tests.Anthropic;

public sealed class AnthropicBodyWriterTests
{
    private static readonly AnswerContext Context = ChatAnswer.Context(Dialect.Chat) with { UpstreamModel = "gpt-5" };

    public static TheoryData<string> GeminiWire => AnthropicStreamWriterTests.GeminiWire;

    private static Encoded Write(Action<AnswerEncoder> play) =>
        Encoded.Of(Dialect.Anthropic, AnthropicCodecs.Table.NewBodyEncoder!(), Context, play);

    [Fact]
    public void Body_is_written_to_the_byte()
    {
        var body = Write(e =>
        {
            e.Start().Think("mm").Give(ChatEventKind.ReasoningEnd).Say("h\\u00e9").Say("!").Call(0, "get")
                .Arguments(0, "{ \"a\":\n").Arguments(0, " 1.50}").CallEnd(0).Stop(StopReason.Calls);
            e.Finish(Encoded.Usage);
        });

        Assert.Equal(
            "{\"id\":\"msg_r7\",\"type\":\"message\",\"role\":\"assistant\",\"model\":\"alias\",\"content\":["
            + "{\"type\":\"thinking\",\"thinking\":\"mm\",\"signature\":\"\"},{\"type\":\"text\",\"text\":\"h\\u00e9!\"},"
            + "{\"type\":\"tool_use\",\"id\":\"call_0\",\"name\":\"get\",\"input\":{\"a\":1.50}}],"
            + "\"stop_reason\":\"tool_use\",\"stop_sequence\":null,\"stop_details\":null,\"usage\":{\"input_tokens\":16,"
            + "\"cache_creation_input_tokens\":4,\"cache_read_input_tokens\":10,\"output_tokens\":9,\"cache_creation\":"
            + "{\"ephemeral_5m_input_tokens\":4,\"ephemeral_1h_input_tokens\":0},\"output_tokens_details\":"
            + "{\"thinking_tokens\":2}}}",
            body.Text);
    }

    [Theory, MemberData(nameof(GeminiWire))]
    public void Body_says_the_same_as_the_stream(string name)
    {
        var wire = WireCase.Load(name);

        var body = Encoded.Cross(
            Dialect.Gemini, wire.Bytes, Dialect.Anthropic, AnthropicCodecs.Table.NewBodyEncoder!());
        var stream = Encoded.Cross(
            Dialect.Gemini, wire.Bytes, Dialect.Anthropic, AnthropicCodecs.Table.NewStreamEncoder!());

        Assert.Equal(stream.Log().Lines, body.Log().Lines);
        Assert.Equal(Encoded.Usage, body.Meter(isStream: false).Usage);
        Assert.Equal("message", body.Json().GetProperty("type").GetString());
    }

    [Theory]
    [InlineData("{\"a\":", "{}")]
    [InlineData("[1]", "{}")]
    [InlineData("", "{}")]
    [InlineData("{\"a\":{\"b\":\"\\u4e2d\\\"\"}}", "{\"a\":{\"b\":\"\\u4e2d\\\"\"}}")]
    public void Arguments_are_an_object_or_none(string arguments, string input)
    {
        var body = Write(e =>
        {
            e.Start().Call(0, "f").Arguments(0, arguments).CallEnd(0).Stop(StopReason.Length);
            e.Finish(Encoded.Usage);
        });

        Assert.Equal(input, body.Json().GetProperty("content")[0].GetProperty("input").GetRawText());
    }

    [Fact]
    public void Money_that_is_used_up_ends_the_body_in_the_dialects_words()
    {
        var body = Write(e =>
        {
            e.Start().Say("a");
            e.FinishForFunds(Encoded.Usage);
        });

        Assert.Equal("max_tokens", body.Json().GetProperty("stop_reason").GetString());
        Assert.Equal("insufficient_funds", body.Json().GetProperty("tokenhub").GetProperty("reason").GetString());
    }

    [Fact]
    public void Break_is_the_dialects_error_alone()
    {
        var body = Write(e =>
        {
            e.Start().Say("a");
            e.Fail(ApiError.Of(Dialect.Anthropic, ErrorKind.BadGateway, "gone", "r7"));
        });

        Assert.Equal("api_error", body.Json().GetProperty("error").GetProperty("type").GetString());
    }
}
