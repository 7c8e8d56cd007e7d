using System.Buffers.Text;

namespace TokenHub.Load.Wire;

/// <summary>The head of an answer, as far as a client of known servers needs it.</summary>
internal readonly record struct HttpHead(int Status, long ContentLength, bool IsChunked, bool IsLast)
{
    /// <summary>Bytes of the head when all of it is there, else 0.</summary>
    public static int Length(ReadOnlySpan<byte> bytes)
    {
        var end = bytes.IndexOf("\r\n\r\n"u8);
        return end < 0 ? 0 : end + 4;
    }

    public static HttpHead Parse(ReadOnlySpan<byte> head)
    {
        if (head.Length < 12 || !head.StartsWith("HTTP/1."u8)
            || !Utf8Parser.TryParse(head[9..12], out int status, out _))
        {
            throw new InvalidDataException("The answer does not begin with an HTTP/1 status line.");
        }

        var parsed = new HttpHead(status, -1, IsChunked: false, IsLast: head[7] == (byte)'0');
        var rest = head[(head.IndexOf((byte)'\n') + 1)..];
        while (rest.Length > 2)
        {
            var end = rest.IndexOf("\r\n"u8);
            parsed = parsed.With(rest[..end]);
            rest = rest[(end + 2)..];
        }

        return parsed;
    }

    private HttpHead With(ReadOnlySpan<byte> line)
    {
        var colon = line.IndexOf((byte)':');
        var name = line[..Math.Max(colon, 0)];
        var value = line[(colon + 1)..].Trim((byte)' ');
        if (Is(name, "content-length"u8))
        {
            return Utf8Parser.TryParse(value, out long length, out _) ? this with { ContentLength = length } : this;
        }

        if (Is(name, "transfer-encoding"u8))
        {
            return this with { IsChunked = Is(value, "chunked"u8) };
        }

        return Is(name, "connection"u8) && Is(value, "close"u8) ? this with { IsLast = true } : this;
    }

    private static bool Is(ReadOnlySpan<byte> text, ReadOnlySpan<byte> lowerCase) =>
        text.Length == lowerCase.Length && System.Text.Ascii.EqualsIgnoreCase(text, lowerCase);
}
