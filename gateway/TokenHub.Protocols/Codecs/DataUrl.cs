using System.Text;
using System.Text.Json;
using TokenHub.Protocols.Chat;

namespace TokenHub.Protocols.Codecs;

/// <summary>Addresses that hold what they name: <c>data:image/png;base64,AAAA</c>.</summary>
internal static class DataUrl
{
    private static ReadOnlySpan<byte> Scheme => "data:"u8;

    private static ReadOnlySpan<byte> Base64Mark => ";base64,"u8;

    /// <summary>Fills a part from the string of an address, whichever kind it is.</summary>
    public static MediaPart Read(MediaKind kind, JsonElement url, ReadOnlyMemory<byte> body, string path)
    {
        if (url.ValueKind != JsonValueKind.String)
        {
            throw RequestMembers.Fault(path, "a string");
        }

        var part = new MediaPart(kind);
        var inside = url.Inside(body);
        if (!inside.Span.StartsWith(Scheme))
        {
            part.Url = url.AsText(path);
            return part;
        }

        var mark = inside.Span.IndexOf(Base64Mark);
        if (mark < 0)
        {
            throw RequestMembers.Fault(path, "a data URL in base64 (data:<type>;base64,<bytes>)");
        }

        // Further parameters of the type, such as a character set, no other dialect has a place for.
        var type = Encoding.UTF8.GetString(inside.Span[Scheme.Length..mark]);
        part.MimeType = type.Split(';')[0];
        part.Base64 = inside[(mark + Base64Mark.Length)..];
        return part;
    }

    /// <summary>
    /// Splits the inside of a JSON string; a slash may be escaped in it. False when it is no address in base64.
    /// </summary>
    public static bool TrySplit(ReadOnlySpan<byte> inside, out ReadOnlySpan<byte> type, out ReadOnlySpan<byte> base64)
    {
        var mark = inside.IndexOf(Base64Mark);
        var isData = mark >= 0 && inside.StartsWith(Scheme);
        type = isData ? inside[Scheme.Length..mark] : default;
        base64 = isData ? inside[(mark + Base64Mark.Length)..] : default;
        return isData;
    }
}
