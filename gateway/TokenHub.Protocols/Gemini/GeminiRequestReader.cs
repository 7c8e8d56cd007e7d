using TokenHub.Protocols.Chat;
using TokenHub.Protocols.Codecs;

namespace TokenHub.Protocols.Gemini;

internal sealed class GeminiRequestReader : IRequestReader
{
    public ChatRequest Read(ReadOnlyMemory<byte> body, string model, bool isStream) => throw new NotSupportedException();
}
