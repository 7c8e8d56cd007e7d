using System.Buffers;
using TokenHub.Core.Usage;
using TokenHub.Protocols.Json;

namespace TokenHub.Protocols.Responses;

/// <summary>Usage as Responses' clients read it: the object with its braces.</summary>
internal static class UsageWriter
{
    public static void Write(IBufferWriter<byte> output, in TokenUsage usage)
    {
        output.Write("{\"input_tokens\":"u8);
        output.WriteNumber(usage.Input);
        output.Write(",\"input_tokens_details\":{\"cached_tokens\":"u8);
        output.WriteNumber(usage.CacheRead);
        output.Write(",\"cache_write_tokens\":"u8);
        output.WriteNumber(usage.CacheWrite);
        output.Write("},\"output_tokens\":"u8);
        output.WriteNumber(usage.Output);
        output.Write(",\"output_tokens_details\":{\"reasoning_tokens\":"u8);
        output.WriteNumber(usage.Reasoning);
        output.Write("},\"total_tokens\":"u8);
        output.WriteNumber(usage.Total);
        output.Write("}"u8);
    }
}
