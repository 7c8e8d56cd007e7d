using TokenHub.Protocols.Chat;
using TokenHub.Protocols.Codecs;

namespace TokenHub.Protocols.Anthropic;

internal sealed class AnthropicRequestReader : IRequestReader
{
    public ChatRequest Read(ReadOnlyMemory<byte> body, string model, bool isStream) => throw new NotSupportedException();
}
