using TokenHub.Protocols.Codecs;

namespace TokenHub.Protocols.Responses;

internal static class ResponsesCodecs
{
    public static DialectCodecs Table => throw new NotSupportedException("Not translated yet.");
}
