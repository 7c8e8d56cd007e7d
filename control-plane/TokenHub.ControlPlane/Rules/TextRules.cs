using TokenHub.ControlPlane.Problems;

namespace TokenHub.ControlPlane.Rules;

/// <summary>What a text that people write and read may hold.</summary>
internal static class TextRules
{
    public const int NameLengthMax = 100;

    /// <summary>Refuses texts that are empty, too long, or hold control or direction-changing characters.</summary>
    public static void Check(FieldChecks checks, string? text, string field, int lengthMax = NameLengthMax)
    {
        if (text is null)
        {
            return;
        }

        if (string.IsNullOrWhiteSpace(text))
        {
            checks.Add(field, "empty", "must not be empty");
        }
        else if (text.Length > lengthMax)
        {
            checks.Add(field, "too_long", $"must have at most {lengthMax} characters");
        }
        else if (text.Any(IsForbidden))
        {
            checks.Add(field, "bad_text", "must not hold control characters");
        }
    }

    /// <summary>The texts of which one must be sent.</summary>
    public static void OneOf(FieldChecks checks, string? text, string field, params ReadOnlySpan<string> allowed)
    {
        if (text is not null && !allowed.Contains(text))
        {
            checks.Add(field, "unknown_value", $"must be one of: {string.Join(", ", allowed)}");
        }
    }

    // Marks that turn the direction of writing can make one name look like another (U+202A..E, U+2066..9).
    private static bool IsForbidden(char c) =>
        char.IsControl(c) || c is (>= '\u202a' and <= '\u202e') or (>= '\u2066' and <= '\u2069');
}
