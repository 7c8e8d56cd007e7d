using TokenHub.Core.Usage;

namespace TokenHub.Protocols.Streams;

/// <summary>Keeps the parts of a usage within their whole, so that no upstream is paid for more than that.</summary>
internal static class UsageParts
{
    // Reasoning is left as reported: OpenRouter counts it with another tokenizer and honestly gives 11 of 10.
    public static TokenUsage Clamp(in TokenUsage usage)
    {
        var rest = usage.Input;
        var read = Take(usage.CacheRead, ref rest);
        var oneHour = Take(usage.CacheWrite1h, ref rest);
        var fiveMinutes = Take(usage.CacheWrite5m, ref rest);
        var other = Take(usage.CacheWriteOther, ref rest);
        return usage with
        {
            CacheRead = read,
            CacheWrite1h = oneHour,
            CacheWrite5m = fiveMinutes,
            CacheWriteOther = other,
            ToolUsePrompt = Math.Min(usage.ToolUsePrompt, usage.Input),
        };
    }

    private static long Take(long part, ref long rest)
    {
        var taken = Math.Min(part, rest);
        rest -= taken;
        return taken;
    }
}
