using TokenHub.Protocols.Codecs;

namespace TokenHub.Protocols.Gemini;

internal static class GeminiCodecs
{
    public static DialectCodecs Table => throw new NotSupportedException("Not translated yet.");

    internal static AnswerDecoder NewDecoder() => new GeminiStreamReader();
}
