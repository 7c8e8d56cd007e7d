using TokenHub.Core.Snapshots;

namespace TokenHub.Gateway.Exchanges;

/// <summary>
/// How many tokens one answer of a model can have cost at most. A report beyond it is not believed: the model's own
/// limits where the price list knows them, else more than any model has.
/// </summary>
internal readonly record struct TokenLimits(long InputMax, long OutputMax)
{
    /// <summary>Prompt tokens: the largest context sold is ten million.</summary>
    public const long InputCeiling = 1 << 24;

    /// <summary>Tokens of one answer: eight times what the longest-winded model writes.</summary>
    public const long OutputCeiling = 1 << 20;

    public static TokenLimits Of(PriceEntry price) =>
        new(Within(price.ContextTokens, InputCeiling), Within(price.OutputTokensMax, OutputCeiling));

    private static long Within(long? limit, long ceiling) => limit is > 0 and var known && known < ceiling
        ? known : ceiling;
}
