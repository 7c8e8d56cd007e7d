using TokenHub.Protocols.Codecs;

namespace TokenHub.Protocols.Anthropic;

internal static class AnthropicCodecs
{
    public static DialectCodecs Table => throw new NotSupportedException("Not translated yet.");

    internal static AnswerDecoder NewDecoder() => new AnthropicStreamReader();
}
