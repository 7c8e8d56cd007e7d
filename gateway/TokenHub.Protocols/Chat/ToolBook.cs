using System.Security.Cryptography;
using System.Text;

namespace TokenHub.Protocols.Chat;

/// <summary>A tool as the caller knows it.</summary>
/// <param name="Name">The caller's name of it, without its namespace.</param>
/// <param name="Namespace">The namespace it stands in (Responses), or null.</param>
/// <param name="IsFreeForm">The caller expects text, not JSON.</param>
public sealed record ToolEntry(string Name, string? Namespace, bool IsFreeForm);

/// <summary>
/// The names of a request's tools here and there. Every dialect takes other names; one that a target may refuse goes
/// under a shorter one, always the same, and comes back under its own.
/// </summary>
public sealed class ToolBook
{
    /// <summary>What every dialect takes: 64 characters of <c>[A-Za-z0-9_-]</c>, the first no digit or dash.</summary>
    public const int NameCharsMax = 64;

    private const int HashChars = 8;
    private readonly Dictionary<string, ToolEntry> _entries = new(StringComparer.Ordinal);

    /// <summary>
    /// True when every tool goes under its own name and none is free-form: nothing has to be looked up.
    /// </summary>
    public bool IsPlain { get; private set; } = true;

    /// <summary>
    /// The tool whose arguments are the answer's text, where an upstream has no other way to a form of answer: set by
    /// the request's writer, read by the answer's decoder, which gives the arguments as text. Null for none.
    /// </summary>
    public string? FormatTool { get; set; }

    /// <summary>Notes a tool and gives the name that the upstream is told.</summary>
    public string Add(string name, string? space = null, bool isFreeForm = false)
    {
        var told = ToldName(name, space);
        _entries[told] = new ToolEntry(name, space, isFreeForm);
        IsPlain &= told == name && !isFreeForm;
        return told;
    }

    /// <summary>
    /// The caller's own tool behind a name that the upstream used, or null: the name is then his own.
    /// </summary>
    public ToolEntry? Find(string told) => _entries.GetValueOrDefault(told);

    /// <summary>The name that an upstream is told for a tool of the caller.</summary>
    public static string ToldName(string name, string? space = null)
    {
        var whole = space is null ? name : $"{space}__{name}";
        if (whole.Length <= NameCharsMax && IsClean(whole))
        {
            return whole;
        }

        var clean = new StringBuilder(whole.Length + 1);
        foreach (var c in whole)
        {
            clean.Append(char.IsAsciiLetterOrDigit(c) || c is '_' or '-' ? c : '_');
        }

        if (clean.Length == 0 || !(char.IsAsciiLetter(clean[0]) || clean[0] == '_'))
        {
            clean.Insert(0, '_');
        }

        var hash = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(whole)))[..HashChars];
        var kept = Math.Min(clean.Length, NameCharsMax - HashChars - 1);
        return $"{clean.ToString(0, kept)}_{hash}";
    }

    private static bool IsClean(string name)
    {
        foreach (var c in name)
        {
            if (!char.IsAsciiLetterOrDigit(c) && c is not ('_' or '-'))
            {
                return false;
            }
        }

        return name.Length > 0 && (char.IsAsciiLetter(name[0]) || name[0] == '_');
    }
}
