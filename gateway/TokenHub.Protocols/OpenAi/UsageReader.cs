using TokenHub.Core.Usage;
using TokenHub.Protocols.Streams;

namespace TokenHub.Protocols.OpenAi;

/// <summary>Usage as Chat reports it: cached, cache-written and reasoning tokens are parts of the two totals.</summary>
internal static class UsageReader
{
    public static TokenUsage Read(in UsageDraft usage) => new()
    {
        Input = usage[UsageField.Input],
        CacheRead = usage.Has(UsageField.CacheRead) ? usage[UsageField.CacheRead] : usage[UsageField.CacheHit],
        CacheWriteOther = usage[UsageField.CacheWrite],
        Output = usage[UsageField.Output],
        Reasoning = usage[UsageField.Reasoning],
    };
}
