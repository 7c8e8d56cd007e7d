using TokenHub.ControlPlane.Problems;

namespace TokenHub.ControlPlane.Prices;

/// <summary>What a price may hold besides amounts, which are checked where they are read.</summary>
internal static class PriceRules
{
    public const int TokensMax = 1_000_000_000;

    /// <param name="prefix">Before the names of fields, where the price stands inside something else.</param>
    public static void Check(PriceRates rates, string prefix = "")
    {
        var checks = new FieldChecks();
        foreach (var (field, tokens) in new[]
        {
            ("context_tokens", rates.ContextTokens), ("max_output_tokens", rates.MaxOutputTokens),
        })
        {
            checks.Require(
                tokens is null or (>= 1 and <= TokensMax),
                prefix + field,
                "out_of_range",
                $"must be between 1 and {TokensMax}");
        }

        checks.ThrowIfAny();
    }

    public static void CheckShare(int shareBp)
    {
        var checks = new FieldChecks();
        checks.Require(
            shareBp is >= 1 and <= PutShareOfList.Whole,
            "share_bp",
            "out_of_range",
            $"must be between 1 and {PutShareOfList.Whole}");
        checks.ThrowIfAny();
    }
}
