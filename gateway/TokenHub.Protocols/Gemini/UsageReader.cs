using TokenHub.Core.Usage;
using TokenHub.Protocols.Streams;

namespace TokenHub.Protocols.Gemini;

/// <summary>
/// Usage as Gemini reports it: what its own tools added to the prompt, and its thoughts, stand beside the totals.
/// </summary>
internal static class UsageReader
{
    public static TokenUsage Read(in UsageDraft usage) => new()
    {
        Input = usage[UsageField.Input] + usage[UsageField.ToolUse],
        CacheRead = usage[UsageField.CacheRead],
        Output = usage[UsageField.Output] + usage[UsageField.Reasoning],
        Reasoning = usage[UsageField.Reasoning],
        ToolUsePrompt = usage[UsageField.ToolUse],
    };
}
