using TokenHub.Protocols.Chat;

namespace TokenHub.Protocols.Codecs;

/// <summary>
/// Efforts by OpenAI's words, and as budgets of tokens and back: nobody publishes a table, so it is the one most in
/// use.
/// </summary>
internal static class EffortLevels
{
    private static readonly string[] Words = ["none", "minimal", "low", "medium", "high", "xhigh", "max"];

    public static string Word(this Effort effort) => Words[(int)effort];

    /// <summary>Null for a word that stands for none of them.</summary>
    public static Effort? Read(string word)
    {
        var at = Array.IndexOf(Words, word);
        return at < 0 ? null : (Effort)at;
    }

    /// <summary>What a wish comes to as an effort; null where the model is left to decide.</summary>
    public static Effort? ToEffort(this ReasoningWish wish) =>
        wish.Effort ?? (wish.BudgetTokens is { } tokens ? Of(tokens) : null);

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
