using System.Text;

namespace TokenHub.Gateway.Metering;

/// <summary>
/// Tells whether an answer names the model that was asked for. Upstreams add what does not change it: a maker before a
/// slash, a date or build behind a dash, <c>latest</c>.
/// </summary>
internal static class ModelNames
{
    private const int CharsMax = 128;
    private static readonly string[] Editions = ["latest", "preview", "exp", "free"];

    /// <summary>True also when nothing was named.</summary>
    public static bool AreSame(ReadOnlySpan<byte> named, ReadOnlySpan<char> asked)
    {
        if (named.IsEmpty || named.Length > CharsMax)
        {
            return named.IsEmpty;
        }

        Span<char> text = stackalloc char[CharsMax];
        text = text[..Encoding.UTF8.GetChars(named, text)];
        return text.SequenceEqual(asked) || Plain(text).Equals(Plain(asked), StringComparison.OrdinalIgnoreCase);
    }

    private static ReadOnlySpan<char> Plain(ReadOnlySpan<char> name)
    {
        name = name[(name.LastIndexOf('/') + 1)..];
        while (name.LastIndexOfAny("-@:") is > 0 and var at && IsEdition(name[(at + 1)..]))
        {
            name = name[..at];
        }

        return name;
    }

    // One digit is part of the name, as in claude-sonnet-4-5.
    private static bool IsEdition(ReadOnlySpan<char> part)
    {
        if (part.Length >= 2 && !part.ContainsAnyExceptInRange('0', '9'))
        {
            return true;
        }

        foreach (var edition in Editions)
        {
            if (part.Equals(edition, StringComparison.OrdinalIgnoreCase))
            {
                return true;
            }
        }

        return false;
    }
}
