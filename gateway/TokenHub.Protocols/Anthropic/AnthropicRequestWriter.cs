using System.Buffers;
using TokenHub.Protocols.Chat;
using TokenHub.Protocols.Codecs;

namespace TokenHub.Protocols.Anthropic;

internal sealed class AnthropicRequestWriter : IRequestWriter
{
    public bool TakesUrl(MediaPart part, UpstreamModel model) => throw new NotSupportedException();

    public void Write(ChatRequest request, UpstreamModel model, IBufferWriter<byte> body, Dropped dropped) => throw new NotSupportedException();
}
