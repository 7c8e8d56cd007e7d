using TokenHub.Core.Snapshots;
using TokenHub.Protocols.Chat;
using TokenHub.Protocols.Codecs;
using TokenHub.Protocols.Errors;
using TokenHub.Protocols.Gemini;
using TokenHub.Protocols.Tests.Codecs;

namespace TokenHub.Protocols.Tests.Gemini;

public sealed class GeminiBodyWriterTests
{
    private static readonly AnswerContext Context = ChatAnswer.Context(Dialect.Anthropic);

    public static TheoryData<string> AnthropicWire => GeminiStreamWriterTests.AnthropicWire;

    private static Encoded Write(Action<AnswerEncoder> play) =>
        Encoded.Of(Dialect.Gemini, GeminiCodecs.Table.NewBodyEncoder!(), Context, play);

    [Fact]
    public void Body_is_written_to_the_byte()
    {
        var body = Write(e =>
        {
            e.Start().Think("m").Think("m").Say("h\\u00e9").Say("!").Call(0, "get").CallEnd(0).Stop(StopReason.Calls);
            e.Finish(Encoded.Usage);
        });

        Assert.Equal(
            "{\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"mm\",\"thought\":true},{\"text\":\"h\\u00e9!\"},"
            + "{\"functionCall\":{\"id\":\"call_0\",\"name\":\"get\",\"args\":{}}}],\"role\":\"model\"},"
            + "\"finishReason\":\"STOP\",\"index\":0}],\"usageMetadata\":{\"promptTokenCount\":30,"
            + "\"candidatesTokenCount\":7,\"thoughtsTokenCount\":2,\"cachedContentTokenCount\":10,\"totalTokenCount\":39},"
            + "\"modelVersion\":\"alias\",\"responseId\":\"r7\"}",
            body.Text);
    }

    [Theory, MemberData(nameof(AnthropicWire))]
    public void Body_says_the_same_as_the_stream(string name)
    {
        var wire = WireCase.Load(name);

        var body = Encoded.Cross(Dialect.Anthropic, wire.Bytes, Dialect.Gemini, GeminiCodecs.Table.NewBodyEncoder!());
        var stream = Encoded.Cross(
            Dialect.Anthropic, wire.Bytes, Dialect.Gemini, GeminiCodecs.Table.NewStreamEncoder!());

        Assert.Equal(stream.Log().Lines, body.Log().Lines);
        Assert.Equal(Encoded.Usage with { CacheWrite5m = 0 }, body.Meter(isStream: false).Usage);
    }

    [Fact]
    public void Signatures_begin_a_text_of_their_own()
    {
        var body = Write(e =>
        {
            e.Start().Say("a").Give(ChatEventKind.Opaque, "s", opaque: OpaqueKind.Reasoning).Say("b").Say("c")
                .Give(ChatEventKind.Opaque, "t", opaque: OpaqueKind.Reasoning).Stop(StopReason.End);
            e.Finish(Encoded.Usage);
        });

        var parts = body.Json().GetProperty("candidates")[0].GetProperty("content").GetProperty("parts");
        Assert.Equal(["a", "bc", ""], parts.EnumerateArray().Select(part => part.GetProperty("text").GetString()));
        Assert.Equal(
            [false, true, true], parts.EnumerateArray().Select(part => part.TryGetProperty("thoughtSignature", out _)));
    }

    [Fact]
    public void Break_is_the_dialects_error_alone()
    {
        var body = Write(e =>
        {
            e.Start().Say("a");
            e.Fail(ApiError.Of(Dialect.Gemini, ErrorKind.BadGateway, "gone", "r7"));
        });

        Assert.Equal("UNAVAILABLE", body.Json().GetProperty("error").GetProperty("status").GetString());
    }
}
