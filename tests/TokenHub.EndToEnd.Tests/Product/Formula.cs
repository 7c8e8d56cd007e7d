using System.Globalization;
using System.Text.RegularExpressions;

namespace TokenHub.EndToEnd.Tests.Product;

/// <summary>
/// Does the arithmetic of a request's formula again, by other means than the product's: decimal numbers, which are
/// exact far beyond any charge.
/// </summary>
public static partial class Formula
{
    /// <summary>What the left side comes to, and what the right side says.</summary>
    public static (decimal Computed, decimal Stated) Evaluate(string formula)
    {
        if (formula.StartsWith("0 = ", StringComparison.Ordinal))
        {
            return (0m, Amount(formula[4..]));
        }

        var match = Whole().Match(formula);
        if (!match.Success)
        {
            throw new FormatException($"Nobody can do this formula again: {formula}");
        }

        var sum = match.Groups["terms"].Value.Split(" + ")
            .Select(term => term.Split(" * "))
            .Sum(parts => Amount(parts[0]) * Amount(parts[1]));
        var rounded = Math.Round(sum / 1_000_000m, 8, MidpointRounding.AwayFromZero);
        var computed = match.Groups["max"].Success ? Math.Max(rounded, 0.00000001m) : rounded;
        return (computed, Amount(match.Groups["stated"].Value));
    }

    public static decimal Amount(string text) => decimal.Parse(
        text, NumberStyles.AllowDecimalPoint | NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture);

    [GeneratedRegex(@"^(?<max>max\()?\((?<terms>[^()]+)\) / 1000000(?:, 0\.00000001\))? = (?<stated>\d+\.\d{8})$")]
    private static partial Regex Whole();
}
