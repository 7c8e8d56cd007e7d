using TokenHub.Protocols.Codecs;

namespace TokenHub.Protocols.Bedrock;

internal static class ConverseCodecs
{
    public static DialectCodecs Table => throw new NotSupportedException("Not translated yet.");
}
