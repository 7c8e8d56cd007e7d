using System.Buffers;
using TokenHub.Core.Usage;
using TokenHub.Protocols.Json;

namespace TokenHub.Protocols.OpenAi;

/// <summary>Usage as Chat's clients read it: the object with its braces.</summary>
internal static class UsageWriter
{
    public static void Write(IBufferWriter<byte> output, in TokenUsage usage)
    {
        output.Write("{\"prompt_tokens\":"u8);
        output.WriteNumber(usage.Input);
        output.Write(",\"completion_tokens\":"u8);
        output.WriteNumber(usage.Output);
        output.Write(",\"total_tokens\":"u8);
        output.WriteNumber(usage.Total);
        output.Write(",\"prompt_tokens_details\":{\"cached_tokens\":"u8);
        output.WriteNumber(usage.CacheRead);
        output.Write(",\"cache_write_tokens\":"u8);
        output.WriteNumber(usage.CacheWrite);
        output.Write("},\"completion_tokens_details\":{\"reasoning_tokens\":"u8);
        output.WriteNumber(usage.Reasoning);
        output.Write("}}"u8);
    }
}
