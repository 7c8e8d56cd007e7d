using System.Buffers;

namespace TokenHub.Protocols.Anthropic.Blocks;

/// <summary>A source with an address, in the only form that Anthropic's clients know one in.</summary>
internal static class SourceWriter
{
    public static void Write(IBufferWriter<byte> output, ReadOnlySpan<byte> address, ReadOnlySpan<byte> title)
    {
        output.Write("{\"type\":\"web_search_result_location\",\"cited_text\":\"\",\"url\":\""u8);
        output.Write(address);
        output.Write("\",\"title\":\""u8);
        output.Write(title);
        output.Write("\",\"encrypted_index\":\"\"}"u8);
    }
}
