using TokenHub.Protocols.Chat;

namespace TokenHub.Protocols.Codecs;

/// <summary>Efforts as budgets of tokens and back; nobody publishes a table, so it is the one most in use.</summary>
internal static class EffortLevels
{
    public static long BudgetOf(Effort effort) => effort switch
    {
        Effort.None => 0,
        Effort.Minimal => 512,
        Effort.Low => 1024,
        Effort.Medium => 8192,
        Effort.High => 24_576,
        Effort.XHigh => 32_768,
        _ => 128_000,
    };

    /// <summary>Null for a budget that leaves it to the model.</summary>
    public static Effort? Of(long budget) => budget switch
    {
        < 0 => null,
        0 => Effort.None,
        <= 512 => Effort.Minimal,
        <= 1024 => Effort.Low,
        <= 8192 => Effort.Medium,
        <= 24_576 => Effort.High,
        _ => Effort.XHigh,
    };
}
