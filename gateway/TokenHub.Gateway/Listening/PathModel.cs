using System.Buffers;

namespace TokenHub.Gateway.Listening;

/// <summary>
/// The model named in a path, decoded exactly once. What does not end as 1 to 128 of A-Z a-z 0-9 . _ - is refused, and
/// with it everything (slash, backslash, percent, dot segments) that a second decoder might read as something else.
/// </summary>
internal static class PathModel
{
    public const int CharsMax = 128;

    private static readonly SearchValues<char> Allowed =
        SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-");

    /// <summary>Writes the model as ASCII bytes; false when it breaks the rule.</summary>
    public static bool TryDecode(ReadOnlySpan<char> raw, Span<byte> destination, out int length)
    {
        length = 0;
        Span<char> decoded = stackalloc char[CharsMax];
        for (var i = 0; i < raw.Length; i++)
        {
            if (length == CharsMax)
            {
                return false;
            }

            var c = raw[i];
            if (c == '%')
            {
                if (i + 2 >= raw.Length || !char.IsAsciiHexDigit(raw[i + 1]) || !char.IsAsciiHexDigit(raw[i + 2]))
                {
                    return false;
                }

                c = (char)((HexValue(raw[i + 1]) << 4) | HexValue(raw[i + 2]));
                i += 2;
            }

            decoded[length++] = c;
        }

        var model = decoded[..length];
        if (model.IsEmpty || model.ContainsAnyExcept(Allowed) || model is "." or "..")
        {
            return false;
        }

        for (var i = 0; i < model.Length; i++)
        {
            destination[i] = (byte)model[i];
        }

        return true;
    }

    private static int HexValue(char digit) => digit <= '9' ? digit - '0' : (digit | 0x20) - 'a' + 10;
}
