using System.Buffers;
using TokenHub.Core.Usage;
using TokenHub.Protocols.Json;

namespace TokenHub.Protocols.Anthropic;

/// <summary>
/// Usage as Anthropic reports it: input_tokens leaves out what was read from or written to the cache.
/// </summary>
internal static class UsageWriter
{
    /// <summary>Writes <c>"usage":{...}</c>.</summary>
    public static void Write(IBufferWriter<byte> output, in TokenUsage usage)
    {
        WritePlain(output, usage.InputFresh, usage.CacheWrite, usage.CacheRead, usage.Output);
        if (usage.CacheWrite > 0)
        {
            output.Write(",\"cache_creation\":{\"ephemeral_5m_input_tokens\":"u8);
            output.WriteNumber(usage.CacheWrite5m + usage.CacheWriteOther);
            output.Write(",\"ephemeral_1h_input_tokens\":"u8);
            output.WriteNumber(usage.CacheWrite1h);
            output.Write("}"u8);
        }

        if (usage.Reasoning > 0)
        {
            output.Write(",\"output_tokens_details\":{\"thinking_tokens\":"u8);
            output.WriteNumber(usage.Reasoning);
            output.Write("}"u8);
        }

        output.Write("}"u8);
    }

    /// <summary>
    /// Writes what is told before anything is known: the input as estimated, and no output, for some clients add it to
    /// what the end reports.
    /// </summary>
    public static void WriteEstimate(IBufferWriter<byte> output, long input)
    {
        WritePlain(output, input, 0, 0, 0);
        output.Write("}"u8);
    }

    private static void WritePlain(
        IBufferWriter<byte> output, long input, long cacheWrite, long cacheRead, long written)
    {
        output.Write("\"usage\":{\"input_tokens\":"u8);
        output.WriteNumber(input);
        output.Write(",\"cache_creation_input_tokens\":"u8);
        output.WriteNumber(cacheWrite);
        output.Write(",\"cache_read_input_tokens\":"u8);
        output.WriteNumber(cacheRead);
        output.Write(",\"output_tokens\":"u8);
        output.WriteNumber(written);
    }
}
