using TokenHub.Core.Usage;
using TokenHub.Protocols.Streams;

namespace TokenHub.Protocols.Responses;

/// <summary>Usage as Responses reports it: cached, cache-written and reasoning tokens are parts of totals.</summary>
internal static class UsageReader
{
    public static TokenUsage Read(in UsageDraft usage) => new()
    {
        Input = usage[UsageField.Input],
        CacheRead = usage[UsageField.CacheRead],
        CacheWriteOther = usage[UsageField.CacheWrite],
        Output = usage[UsageField.Output],
        Reasoning = usage[UsageField.Reasoning],
    };
}
