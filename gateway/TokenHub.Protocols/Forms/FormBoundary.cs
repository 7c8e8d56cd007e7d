using System.Buffers;
using System.Text;

namespace TokenHub.Protocols.Forms;

/// <summary>The boundary of a multipart form, as its content type names it.</summary>
public static class FormBoundary
{
    /// <summary>RFC 2046.</summary>
    public const int BytesMax = 70;

    private const string MediaType = "multipart/form-data";

    private static readonly SearchValues<char> Allowed = SearchValues.Create(
        "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'()+_,-./:=? ");

    private static readonly SearchValues<char> NeedQuotes = SearchValues.Create("(),/:=? ");

    /// <summary>True for the type of a form, with or without a boundary that can be read.</summary>
    public static bool IsForm(string? contentType) =>
        contentType is not null && TypeOf(contentType).Equals(MediaType, StringComparison.OrdinalIgnoreCase);

    /// <summary>False when there is no boundary, more than one, or one that readers might understand apart.</summary>
    public static bool TryRead(string contentType, out byte[] boundary)
    {
        boundary = [];
        var rest = contentType.AsSpan(TypeOf(contentType).Length);
        var hasBoundary = false;
        while (!rest.IsEmpty)
        {
            rest = rest[1..].TrimStart(" \t");
            var equals = rest.IndexOf('=');
            if (equals < 0)
            {
                return hasBoundary && rest.Trim(" \t").IsEmpty;
            }

            var name = rest[..equals].Trim(" \t");
            if (!TryValue(rest[(equals + 1)..], out var value, out rest))
            {
                return false;
            }

            if (!name.StartsWith("boundary", StringComparison.OrdinalIgnoreCase))
            {
                continue;
            }

            if (hasBoundary || name.Length != "boundary".Length || value.Length is 0 or > BytesMax
                || value[^1] == ' ' || value.ContainsAnyExcept(Allowed))
            {
                return false;
            }

            (hasBoundary, boundary) = (true, Encoding.ASCII.GetBytes(value.ToString()));
        }

        return hasBoundary;
    }

    /// <summary>The content type under which the form goes on: one parameter, quoted where it must be.</summary>
    public static string TypeOf(ReadOnlySpan<byte> boundary)
    {
        var text = Encoding.ASCII.GetString(boundary);
        return text.AsSpan().ContainsAny(NeedQuotes)
            ? $"{MediaType}; boundary=\"{text}\""
            : $"{MediaType}; boundary={text}";
    }

    private static ReadOnlySpan<char> TypeOf(string contentType)
    {
        var end = contentType.IndexOf(';');
        return contentType.AsSpan(0, end < 0 ? contentType.Length : end);
    }

    private static bool TryValue(ReadOnlySpan<char> text, out ReadOnlySpan<char> value, out ReadOnlySpan<char> rest)
    {
        value = default;
        rest = default;
        if (text.StartsWith('"'))
        {
            var end = text[1..].IndexOf('"');
            if (end < 0 || text[1..(end + 1)].Contains('\\'))
            {
                return false;
            }

            value = text[1..(end + 1)];
            rest = text[(end + 2)..].TrimStart(" \t");
            return rest.IsEmpty || rest[0] == ';';
        }

        var semicolon = text.IndexOf(';');
        value = (semicolon < 0 ? text : text[..semicolon]).Trim(" \t");
        rest = semicolon < 0 ? default : text[semicolon..];
        return !value.ContainsAny("\" ");
    }
}
