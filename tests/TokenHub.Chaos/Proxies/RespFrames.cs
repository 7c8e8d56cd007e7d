using System.Globalization;
using System.Text;

namespace TokenHub.Chaos.Proxies;

/// <summary>Finds where frames of the Redis protocol end, in both of its versions.</summary>
internal static class RespFrames
{
    /// <summary>Length of the first whole frame, or 0 when there is none yet.</summary>
    public static int LengthOf(ReadOnlySpan<byte> bytes)
    {
        var line = bytes.IndexOf("\r\n"u8);
        if (line < 0)
        {
            return 0;
        }

        var end = line + 2;
        switch ((char)bytes[0])
        {
            case '$' or '=' or '!':
                var size = Number(bytes[1..line]);
                var whole = size < 0 ? end : end + size + 2;
                return bytes.Length >= whole ? whole : 0;
            case '*' or '~' or '>':
                return Items(bytes, end, Number(bytes[1..line]));
            case '%':
                return Items(bytes, end, 2 * Number(bytes[1..line]));
            default:
                return end;
        }
    }

    private static int Items(ReadOnlySpan<byte> bytes, int at, int count)
    {
        for (var i = 0; i < count; i++)
        {
            var length = LengthOf(bytes[at..]);
            if (length == 0)
            {
                return 0;
            }

            at += length;
        }

        return at;
    }

    private static int Number(ReadOnlySpan<byte> digits) =>
        int.Parse(Encoding.ASCII.GetString(digits), CultureInfo.InvariantCulture);
}
