using System.Buffers;
using TokenHub.ControlPlane.Problems;

namespace TokenHub.ControlPlane.Rules;

/// <summary>Names and patterns of models: the characters that providers use, and <c>*</c>.</summary>
internal static class ModelNames
{
    public const int LengthMax = 128;
    public const int CountMax = 500;

    private static readonly SearchValues<char> Allowed =
        SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-:/@+");

    private static readonly SearchValues<char> AllowedInPatterns =
        SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-:/@+*");

    public static bool IsName(string? text) =>
        text is { Length: > 0 and <= LengthMax } && !text.AsSpan().ContainsAnyExcept(Allowed);

    public static bool IsPattern(string? text) =>
        text is { Length: > 0 and <= LengthMax } && !text.AsSpan().ContainsAnyExcept(AllowedInPatterns);

    /// <summary>The list without repetitions; faults are added to the checks.</summary>
    public static string[] CheckPatterns(FieldChecks checks, IReadOnlyList<string>? patterns, string field)
    {
        if (patterns is null)
        {
            return [];
        }

        checks.Require(patterns.Count <= CountMax, field, "too_many", $"must have at most {CountMax} entries");
        for (var i = 0; i < Math.Min(patterns.Count, CountMax); i++)
        {
            checks.Require(
                IsPattern(patterns[i]),
                $"{field}[{i}]",
                "bad_model",
                $"must be a model name or a pattern such as gpt-*, at most {LengthMax} characters");
        }

        return [.. patterns.Distinct(StringComparer.Ordinal)];
    }
}
