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

    /// <summary>The string behind the inside of a JSON string; nothing in it can make it throw.</summary>
    public static string Unescape(ReadOnlySpan<byte> inside)
    {
        if (inside.IndexOf((byte)'\\') < 0)
        {
            return Encoding.UTF8.GetString(inside);
        }

        var plain = new ArrayBufferWriter<byte>(inside.Length);
        WriteUnescaped(plain, inside);
        return Encoding.UTF8.GetString(plain.WrittenSpan);
    }

    /// <summary>Writes the UTF-8 text behind the inside of a JSON string, or behind what has come of one.</summary>
    public static void WriteUnescaped(IBufferWriter<byte> output, ReadOnlySpan<byte> inside)
    {
        while (!inside.IsEmpty)
        {
            var stop = inside.IndexOf((byte)'\\');
            output.Write(stop < 0 ? inside : inside[..stop]);
            if (stop < 0 || inside.Length - stop < (inside[stop..].StartsWith("\\u"u8) ? 6 : 2))
            {
                return;
            }

            inside = inside[stop..];
            var rune = ReadEscape(ref inside);
            output.Advance(rune.EncodeToUtf8(output.GetSpan(4)));
        }
    }

    /// <summary>Whether the inside of a well-formed JSON string stands for a text without escapes of its own.</summary>
    public static bool IsEqual(ReadOnlySpan<byte> inside, ReadOnlySpan<byte> plain)
    {
        Span<byte> utf8 = stackalloc byte[4];
        while (!inside.IsEmpty)
        {
            var length = 1;
            if (inside[0] == '\\')
            {
                length = ReadEscape(ref inside).EncodeToUtf8(utf8);
            }
            else
            {
                utf8[0] = inside[0];
                inside = inside[1..];
            }

            if (!plain.StartsWith(utf8[..length]))
            {
                return false;
            }

            plain = plain[length..];
        }

        return plain.IsEmpty;
    }

    /// <summary>
    /// Whether each half of a pair of surrogates escaped in a well-formed document has its other half.
    /// </summary>
    public static bool HasWholePairs(ReadOnlySpan<byte> json)
    {
        for (var stop = json.IndexOf((byte)'\\'); stop >= 0; stop = json.IndexOf((byte)'\\'))
        {
            json = json[stop..];
            var isHalf = json[1] == 'u' && char.IsSurrogate(ReadUnit(json));
            if (ReadEscape(ref json) == Rune.ReplacementChar && isHalf)
            {
                return false;
            }
        }

        return true;
    }

    internal static void WriteNumber(this IBufferWriter<byte> output, long number)
    {
        Utf8Formatter.TryFormat(number, output.GetSpan(20), out var written);
        output.Advance(written);
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
