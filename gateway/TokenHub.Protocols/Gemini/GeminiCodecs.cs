using TokenHub.Protocols.Codecs;

namespace TokenHub.Protocols.Gemini;

internal static class GeminiCodecs
{
    public static DialectCodecs Table { get; } = new()
    {
        RequestReader = new GeminiRequestReader(),
        RequestWriter = new GeminiRequestWriter(),
        NewDecoder = () => new GeminiStreamReader(),
        NewStreamEncoder = () => new GeminiStreamWriter(),
        NewBodyEncoder = () => new GeminiBodyWriter(),
    };
}
