using TokenHub.Protocols.Codecs;

namespace TokenHub.Protocols.Anthropic;

internal static class AnthropicCodecs
{
    public static DialectCodecs Table { get; } = new()
    {
        RequestReader = new AnthropicRequestReader(),
        RequestWriter = new AnthropicRequestWriter(),
        NewDecoder = () => new AnthropicStreamReader(),
        NewStreamEncoder = () => new AnthropicStreamWriter(),
        NewBodyEncoder = () => new AnthropicBodyWriter(),
    };
}
