namespace TokenHub.Core.Snapshots;

/// <summary>
/// A model name, or a pattern in which <c>*</c> stands for any run of characters: <c>gpt-*</c>. Case matters.
/// </summary>
public static class ModelPattern
{
    public static bool IsPattern(string pattern) => pattern.Contains('*', StringComparison.Ordinal);

    /// <summary>An exact name ranks above every pattern; among patterns, more literal characters rank higher.</summary>
    public static int Specificity(string pattern) => IsPattern(pattern) ? pattern.Count(c => c != '*') : int.MaxValue;

    /// <summary>Linear in both lengths but for a pattern's stars: on a mismatch only the last star moves on.</summary>
    public static bool Matches(ReadOnlySpan<char> pattern, ReadOnlySpan<char> model)
    {
        int p = 0, m = 0, star = -1, resume = 0;
        while (m < model.Length)
        {
            if (p < pattern.Length && pattern[p] == '*')
            {
                (star, resume) = (p++, m);
            }
            else if (p < pattern.Length && pattern[p] == model[m])
            {
                (p, m) = (p + 1, m + 1);
            }
            else if (star >= 0)
            {
                (p, m) = (star + 1, ++resume);
            }
            else
            {
                return false;
            }
        }

        return pattern[p..].Trim('*').IsEmpty;
    }
}
