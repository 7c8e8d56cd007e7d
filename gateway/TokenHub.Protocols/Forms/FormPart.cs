using System.Text;

namespace TokenHub.Protocols.Forms;

/// <summary>Fields of a form that decide its way or price. Each may stand only once, in its own spelling.</summary>
[Flags]
internal enum FormFields : ushort
{
    None = 0,
    Model = 1,
    Stream = 2,
    N = 4,
    PartialImages = 8,
    ResponseFormat = 16,
    File = 32,
    Size = 64,
    Quality = 128,
    Prompt = 256,
}

/// <summary>The head of one part of a form.</summary>
internal ref struct FormPart
{
    private const int HeadersMax = 8;

    private static readonly (string Name, FormFields Field)[] Fields =
    [
        ("model", FormFields.Model), ("stream", FormFields.Stream), ("n", FormFields.N),
        ("partial_images", FormFields.PartialImages), ("response_format", FormFields.ResponseFormat),
        ("file", FormFields.File), ("size", FormFields.Size), ("quality", FormFields.Quality),
        ("prompt", FormFields.Prompt),
    ];

    /// <summary>The field's name, as it stands.</summary>
    public ReadOnlySpan<byte> Name { get; private set; }

    public bool IsFile { get; private set; }

    /// <summary>Its bytes are not the value itself: another encoding or character set.</summary>
    public bool IsEncoded { get; private set; }

    /// <summary>Where in the body its value begins.</summary>
    public int BodyAt { get; private set; }

    public static string NameOf(FormFields field) => Array.Find(Fields, row => row.Field == field).Name;

    /// <summary>The field that a name is or reads like.</summary>
    public static FormFields FieldOf(ReadOnlySpan<byte> name, out bool isExact)
    {
        isExact = true;
        foreach (var (known, field) in Fields)
        {
            if (Ascii.EqualsIgnoreCase(name, known))
            {
                isExact = Ascii.Equals(name, known);
                return field;
            }
        }

        return FormFields.None;
    }

    /// <summary>
    /// Reads the head at a place of the body. False when there is no whole one within its bounds; a fault besides when
    /// its words cannot be trusted to mean the same to every reader.
    /// </summary>
    public static bool TryRead(ReadOnlySpan<byte> body, int at, out FormPart part, out FormFault fault)
    {
        part = default;
        fault = default;
        var room = body.Slice(at, Math.Min(FormReader.PartHeadBytesMax, body.Length - at));
        var end = room.IndexOf("\r\n\r\n"u8);
        if (end < 0)
        {
            return false;
        }

        part.BodyAt = at + end + 4;
        var hasName = false;
        var rest = room[..end];
        for (var i = 0; !rest.IsEmpty; i++)
        {
            var lineEnd = rest.IndexOf("\r\n"u8);
            var line = lineEnd < 0 ? rest : rest[..lineEnd];
            rest = lineEnd < 0 ? default : rest[(lineEnd + 2)..];
            var colon = line.IndexOf((byte)':');
            if (i == HeadersMax || colon <= 0 || line.ContainsAny((byte)'\r', (byte)'\n')
                || line[0] is (byte)' ' or (byte)'\t')
            {
                return false;
            }

            var name = line[..colon];
            var value = line[(colon + 1)..].Trim(" \t"u8);
            if (Ascii.EqualsIgnoreCase(name, "content-disposition"u8))
            {
                if (hasName || !part.TryReadDisposition(value))
                {
                    fault = new FormFault("A part of the form has a name that cannot be read in one way only.");
                    return true;
                }

                hasName = true;
            }
            else if (Ascii.EqualsIgnoreCase(name, "content-transfer-encoding"u8))
            {
                part.IsEncoded |= !Ascii.EqualsIgnoreCase(value, "7bit"u8) && !Ascii.EqualsIgnoreCase(value, "8bit"u8)
                    && !Ascii.EqualsIgnoreCase(value, "binary"u8);
            }
            else if (Ascii.EqualsIgnoreCase(name, "content-type"u8))
            {
                part.IsEncoded |= HasOtherCharset(value);
            }
        }

        return hasName;
    }

    private static bool HasOtherCharset(ReadOnlySpan<byte> type)
    {
        Span<byte> lower = stackalloc byte[256];
        if (type.Length > lower.Length)
        {
            return true;
        }

        Ascii.ToLower(type, lower, out var length);
        lower = lower[..length];
        var at = lower.IndexOf("charset="u8);
        return at >= 0 && !lower[(at + 8)..].StartsWith("utf-8"u8) && !lower[(at + 8)..].StartsWith("\"utf-8\""u8)
            && !lower[(at + 8)..].StartsWith("us-ascii"u8);
    }

    // form-data; name="..."; filename="...". Forms of a name that some readers decode are refused; a file's name is
    // only looked for, never read.
    private bool TryReadDisposition(ReadOnlySpan<byte> value)
    {
        var semicolon = value.IndexOf((byte)';');
        if (semicolon < 0 || !Ascii.EqualsIgnoreCase(value[..semicolon].Trim(" \t"u8), "form-data"u8))
        {
            return false;
        }

        var rest = value[semicolon..];
        var hasName = false;
        while (!rest.IsEmpty)
        {
            rest = rest[1..].TrimStart(" \t"u8);
            var equals = rest.IndexOf((byte)'=');
            if (equals < 0)
            {
                return hasName && rest.IsEmpty;
            }

            var name = rest[..equals].Trim(" \t"u8);
            if (!TryValue(rest[(equals + 1)..], out var text, out rest))
            {
                return false;
            }

            if (Ascii.EqualsIgnoreCase(name, "name"u8))
            {
                if (hasName || text.IsEmpty || text.ContainsAny("\\%\""u8)
                    || text.ContainsAnyExceptInRange((byte)' ', (byte)'~'))
                {
                    return false;
                }

                hasName = true;
                Name = text;
            }
            else if (Ascii.EqualsIgnoreCase(name, "filename"u8) || Ascii.EqualsIgnoreCase(name, "filename*"u8))
            {
                IsFile = true;
            }
            else
            {
                return false;
            }
        }

        return hasName;
    }

    private static bool TryValue(ReadOnlySpan<byte> text, out ReadOnlySpan<byte> value, out ReadOnlySpan<byte> rest)
    {
        value = default;
        rest = default;
        if (text.IsEmpty || text[0] != '"')
        {
            var end = text.IndexOf((byte)';');
            value = (end < 0 ? text : text[..end]).Trim(" \t"u8);
            rest = end < 0 ? default : text[end..];
            return !value.ContainsAny("\" "u8);
        }

        // A backslash takes the sign behind it along.
        var at = 1;
        while (at < text.Length && text[at] != '"')
        {
            at += text[at] == '\\' ? 2 : 1;
        }

        if (at >= text.Length)
        {
            return false;
        }

        value = text[1..at];
        rest = text[(at + 1)..].TrimStart(" \t"u8);
        return rest.IsEmpty || rest[0] == ';';
    }
}
