using TokenHub.Core.Usage;
using TokenHub.Protocols.Streams;

namespace TokenHub.Protocols.Anthropic;

/// <summary>
/// Usage as Anthropic reports it: input_tokens leaves out what was read from or written to the cache, so the whole
/// input is the sum of the three.
/// </summary>
internal static class UsageReader
{
    public static TokenUsage Read(in UsageDraft usage)
    {
        var write = usage[UsageField.CacheWrite];

        // The split stands only in the first event; a later total that is smaller leaves no more of it than that.
        var oneHour = Math.Min(usage[UsageField.CacheWrite1h], write);
        var fiveMinutes = Math.Min(usage[UsageField.CacheWrite5m], write - oneHour);
        return new TokenUsage
        {
            Input = usage[UsageField.Input] + usage[UsageField.CacheRead] + write,
            CacheRead = usage[UsageField.CacheRead],
            CacheWrite1h = oneHour,
            CacheWrite5m = fiveMinutes,
            CacheWriteOther = write - oneHour - fiveMinutes,
            Output = usage[UsageField.Output],
            Reasoning = usage[UsageField.Reasoning],
        };
    }
}
