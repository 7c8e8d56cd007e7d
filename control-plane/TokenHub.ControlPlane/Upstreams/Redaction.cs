using System.Text;
using System.Text.RegularExpressions;

namespace TokenHub.ControlPlane.Upstreams;

/// <summary>
/// Makes an upstream's words fit to be shown: known secrets, things that look like keys, addresses and organisation ids
/// are struck out, control characters are dropped, the rest is cut short.
/// </summary>
internal static partial class Redaction
{
    public const int LengthMax = 300;
    private const string Struck = "***";
    private const int PartLengthMin = 6;

    public static string Clean(string text, IEnumerable<string> secrets)
    {
        var clean = text;
        foreach (var secret in secrets.Where(s => s.Length >= PartLengthMin).OrderByDescending(s => s.Length))
        {
            clean = clean.Replace(secret, Struck, StringComparison.OrdinalIgnoreCase);
        }

        clean = Urls().Replace(clean, Struck);
        clean = Keys().Replace(clean, Struck);
        clean = Organisations().Replace(clean, Struck);
        var printable = new StringBuilder(Math.Min(clean.Length, LengthMax));
        foreach (var c in clean)
        {
            if (printable.Length == LengthMax)
            {
                break;
            }

            printable.Append(char.IsControl(c) || char.IsSurrogate(c) ? ' ' : c);
        }

        return printable.ToString().Trim();
    }

    [GeneratedRegex(@"\b[a-z][a-z0-9+.-]*://\S+", RegexOptions.IgnoreCase)]
    private static partial Regex Urls();

    // Providers echo keys with their middle starred out; the ends are secret enough to strike as well.
    [GeneratedRegex(
        @"\b(?:sk|pk|rk|key|AIza|AKIA|ASIA|ya29|eyJ|ghp|xox|Bearer\s)[-\w.*/+=]{4,}|[A-Za-z0-9_\-*/+=.]{24,}")]
    private static partial Regex Keys();

    [GeneratedRegex(@"\b(?:org|proj|req|user|acct)[-_][A-Za-z0-9]{4,}", RegexOptions.IgnoreCase)]
    private static partial Regex Organisations();
}
