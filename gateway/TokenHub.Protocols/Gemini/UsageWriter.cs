using System.Buffers;
using TokenHub.Core.Usage;
using TokenHub.Protocols.Json;

namespace TokenHub.Protocols.Gemini;

/// <summary>Usage as Gemini reports it: thoughts and what its own tools added stand beside the totals.</summary>
internal static class UsageWriter
{
    /// <summary>Writes <c>"usageMetadata":{...}</c>.</summary>
    public static void Write(IBufferWriter<byte> output, in TokenUsage usage)
    {
        var reasoning = Math.Min(usage.Reasoning, usage.Output);
        output.Write("\"usageMetadata\":{\"promptTokenCount\":"u8);
        output.WriteNumber(Math.Max(0, usage.Input - usage.ToolUsePrompt));
        output.Write(",\"candidatesTokenCount\":"u8);
        output.WriteNumber(usage.Output - reasoning);
        WriteWhereAny(output, ",\"thoughtsTokenCount\":"u8, reasoning);
        WriteWhereAny(output, ",\"cachedContentTokenCount\":"u8, usage.CacheRead);
        WriteWhereAny(output, ",\"toolUsePromptTokenCount\":"u8, usage.ToolUsePrompt);
        output.Write(",\"totalTokenCount\":"u8);
        output.WriteNumber(usage.Total);
        output.Write("}"u8);
    }

    private static void WriteWhereAny(IBufferWriter<byte> output, ReadOnlySpan<byte> name, long number)
    {
        if (number > 0)
        {
            output.Write(name);
            output.WriteNumber(number);
        }
    }
}
