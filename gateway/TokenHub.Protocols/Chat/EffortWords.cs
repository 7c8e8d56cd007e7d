namespace TokenHub.Protocols.Chat;

/// <summary>Efforts by OpenAI's words, and between them and budgets of tokens.</summary>
public static class EffortWords
{
    private static readonly string[] Words = ["none", "minimal", "low", "medium", "high", "xhigh", "max"];

    public static string Word(this Effort effort) => Words[(int)effort];

    /// <summary>Null for a word that stands for none of them.</summary>
    public static Effort? Read(string word)
    {
        var at = Array.IndexOf(Words, word);
        return at < 0 ? null : (Effort)at;
    }

    /// <summary>The effort that a budget stands for; null where the model is left to decide.</summary>
    public static Effort? OfBudget(long tokens) => tokens switch
    {
        < 0 => null,
        0 => Effort.None,
        <= 512 => Effort.Minimal,
        <= 1024 => Effort.Low,
        <= 8192 => Effort.Medium,
        <= 24_576 => Effort.High,
        _ => Effort.XHigh,
    };

    /// <summary>What the wish comes to as an effort; null where the model is left to decide.</summary>
    public static Effort? ToEffort(this ReasoningWish wish) =>
        wish.Effort ?? (wish.BudgetTokens is { } tokens ? OfBudget(tokens) : null);
}
