using TokenHub.Protocols.Codecs;

namespace TokenHub.Protocols.OpenAi;

internal static class OpenAiCodecs
{
    public static DialectCodecs Table => throw new NotSupportedException("Not translated yet.");
}
