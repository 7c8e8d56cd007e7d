namespace TokenHub.Core.Snapshots;

/// <summary>One place where the key of a conversation may stand: a header, or a member of the body.</summary>
/// <param name="Header">The header's name in lower case; null for a member.</param>
/// <param name="Steps">Names of the members that lead to the value; empty for a header.</param>
public sealed record AffinityPlace(string? Header, IReadOnlyList<string> Steps);

/// <summary>
/// Where a rule reads the key of a conversation, in words: places separated by blanks, of which the first that has a
/// value counts: <c>header:x-session-id /metadata/session</c>. The word <c>+prefix</c> at the end adds a hash of the
/// conversation's stable head to what was found; <c>prefix</c> alone is that hash and nothing else.
/// </summary>
/// <remarks>
/// Agents that start others give them their own session id. With <c>+prefix</c> each of them, having another system
/// text and another task, is a conversation of its own and finds its own channel: nothing is lost by that, because an
/// upstream's prompt cache does not reach beyond the first difference either.
/// </remarks>
public sealed record AffinitySource(IReadOnlyList<AffinityPlace> Places, bool UsesPrefix)
{
    public const int LengthMax = 256;
    public const int PlacesMax = 4;
    public const int StepsMax = 4;

    /// <summary>No member's name is looked at beyond this.</summary>
    public const int StepCharsMax = 64;

    /// <summary>The source that reads nothing but the conversation's head.</summary>
    public const string Prefix = "prefix";

    private const string MorePrefixWord = "+prefix";
    private const string HeaderWord = "header:";

    // The conversation itself is no key; what of it is stable is in the prefix.
    private static readonly string[] Conversation =
    [
        "messages", "input", "contents", "system", "instructions", "systemInstruction", "system_instruction",
        "prompt", "tools",
    ];

    /// <summary>False when the text is not of the form above.</summary>
    public static bool TryParse(string? text, out AffinitySource source)
    {
        source = new AffinitySource([], UsesPrefix: true);
        if (text is not { Length: > 0 and <= LengthMax })
        {
            return false;
        }

        if (text == Prefix)
        {
            return true;
        }

        var words = text.Split(' ');
        var usesPrefix = words[^1] == MorePrefixWord;
        var places = words.AsSpan(0, words.Length - (usesPrefix ? 1 : 0));
        if (places.Length is < 1 or > PlacesMax)
        {
            return false;
        }

        List<AffinityPlace> read = [];
        foreach (var word in places)
        {
            if (!TryReadPlace(word, out var place))
            {
                return false;
            }

            read.Add(place);
        }

        source = new AffinitySource(read, usesPrefix);
        return true;
    }

    private static bool TryReadPlace(string word, out AffinityPlace place)
    {
        if (word.StartsWith(HeaderWord, StringComparison.Ordinal))
        {
            var name = word[HeaderWord.Length..];
            place = new AffinityPlace(name.ToLowerInvariant(), []);
            return name.Length > 0 && name.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_');
        }

        // As in RFC 6901: ~1 stands for a slash in a name, ~0 for the tilde itself.
        string[] steps = word.StartsWith('/')
            ? [.. word[1..].Split('/').Select(s => s.Replace("~1", "/", StringComparison.Ordinal)
                .Replace("~0", "~", StringComparison.Ordinal))]
            : [];
        place = new AffinityPlace(null, steps);
        return steps.Length is >= 1 and <= StepsMax
            && steps.All(s => s.Length is > 0 and <= StepCharsMax && s.All(c => c is > ' ' and <= '~'))
            && !Conversation.Contains(steps[0], StringComparer.Ordinal);
    }
}
