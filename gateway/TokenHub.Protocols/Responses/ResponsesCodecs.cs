using TokenHub.Protocols.Codecs;

namespace TokenHub.Protocols.Responses;

/// <summary>OpenAI's Responses.</summary>
internal static class ResponsesCodecs
{
    public static DialectCodecs Table { get; } = new()
    {
        RequestReader = new ResponsesRequestReader(),
        RequestWriter = new ResponsesRequestWriter(),
        NewDecoder = () => new ResponsesStreamReader(),
        NewStreamEncoder = () => new ResponsesStreamWriter(),
        NewBodyEncoder = () => new ResponsesBodyWriter(),
    };
}
