using TokenHub.Protocols.Codecs;

namespace TokenHub.Protocols.Bedrock;

/// <summary>Bedrock Converse: only upstreams speak it.</summary>
internal static class ConverseCodecs
{
    public static DialectCodecs Table { get; } = new()
    {
        RequestWriter = new ConverseRequestWriter(),
        NewDecoder = () => new ConverseStreamReader(),
    };
}
