using System.Buffers;
using System.Buffers.Text;
using System.Text;

namespace TokenHub.Protocols.Json;

/// <summary>JSON strings as bytes: reading an escape, writing a quoted text.</summary>
public static class JsonText
{
    private static readonly SearchValues<byte> Escaped = SearchValues.Create(
        [.. Enumerable.Range(0, 32).Select(i => (byte)i), (byte)'"', (byte)'\\']);

    /// <summary>
    /// Takes one escape of a well-formed string off the front, both halves of a surrogate pair together; half a pair
    /// alone reads as U+FFFD.
    /// </summary>
    public static Rune ReadEscape(ref ReadOnlySpan<byte> text)
    {
        var kind = text[1];
        if (kind != 'u')
        {
            text = text[2..];
            return new Rune(kind switch
            {
                (byte)'b' => '\b',
                (byte)'f' => '\f',
                (byte)'n' => '\n',
                (byte)'r' => '\r',
                (byte)'t' => '\t',
                _ => (char)kind,
            });
        }

        var high = ReadUnit(text);
        text = text[6..];
        if (Rune.TryCreate(high, out var rune))
        {
            return rune;
        }

        if (char.IsHighSurrogate(high) && text.StartsWith("\\u"u8) && Rune.TryCreate(high, ReadUnit(text), out rune))
        {
            text = text[6..];
            return rune;
        }

        return Rune.ReplacementChar;
    }

    private static char ReadUnit(ReadOnlySpan<byte> escape)
    {
        return Utf8Parser.TryParse(escape.Slice(2, 4), out ushort unit, out _, 'X') ? (char)unit : '\0';
    }

    /// <summary>Writes a text as a JSON string with its quotes, escaping only what JSON demands.</summary>
    public static void Write(IBufferWriter<byte> writer, string text)
    {
        writer.Write("\""u8);
        Span<byte> utf8 = stackalloc byte[512];
        ReadOnlySpan<char> rest = text;
        while (!rest.IsEmpty)
        {
            System.Text.Unicode.Utf8.FromUtf16(rest, utf8, out var read, out var written);
            WriteEscaped(writer, utf8[..written]);
            rest = rest[read..];
        }

        writer.Write("\""u8);
    }

    /// <summary>Writes UTF-8 as the inside of a JSON string.</summary>
    public static void WriteEscaped(IBufferWriter<byte> writer, ReadOnlySpan<byte> utf8)
    {
        Span<byte> escape = stackalloc byte[6];
        while (!utf8.IsEmpty)
        {
            var stop = utf8.IndexOfAny(Escaped);
            writer.Write(stop < 0 ? utf8 : utf8[..stop]);
            if (stop < 0)
            {
                return;
            }

            var c = utf8[stop];
            utf8 = utf8[(stop + 1)..];
            if (c is (byte)'"' or (byte)'\\')
            {
                writer.Write([(byte)'\\', c]);
                continue;
            }

            "\\u00"u8.CopyTo(escape);
            Utf8Formatter.TryFormat(c, escape[4..], out _, new StandardFormat('x', 2));
            writer.Write(escape);
        }
    }
}
