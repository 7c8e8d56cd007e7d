using System.Buffers;
using System.Buffers.Text;
using TokenHub.Core.Requests;

namespace TokenHub.Redis.Resp;

/// <summary>Writes the parts of a command. A command is an array of bulk strings: <c>*2 $3 GET $1 k</c>.</summary>
internal static class RespWriter
{
    // Sign and 19 digits.
    private const int NumberBytesMax = 20;

    // '$' or '*', a number, CR LF.
    private const int HeadBytesMax = NumberBytesMax + 3;
    private const int HexHalf = 16;

    private static ReadOnlySpan<byte> HexHead => "$32\r\n"u8;

    /// <summary><c>*count</c></summary>
    public static void ArrayHead(RespBuffer buffer, int count) => Head(buffer, (byte)'*', count);

    /// <summary><c>$length bytes</c></summary>
    public static void Bulk(RespBuffer buffer, ReadOnlySpan<byte> value)
    {
        Head(buffer, (byte)'$', value.Length);
        var span = buffer.GetSpan(value.Length + 2);
        value.CopyTo(span);
        EndLine(span[value.Length..]);
        buffer.Advance(value.Length + 2);
    }

    /// <summary>A number as the text of a bulk string.</summary>
    public static void Bulk(RespBuffer buffer, long value)
    {
        Span<byte> digits = stackalloc byte[NumberBytesMax];
        Utf8Formatter.TryFormat(value, digits, out var length);
        Bulk(buffer, digits[..length]);
    }

    /// <summary>A request id as 32 hex digits.</summary>
    public static void Bulk(RespBuffer buffer, RequestId id)
    {
        var span = buffer.GetSpan(HexHead.Length + (2 * HexHalf) + 2);
        HexHead.CopyTo(span);
        var at = HexHead.Length;
        Utf8Formatter.TryFormat(id.High, span[at..], out _, new StandardFormat('x', HexHalf));
        Utf8Formatter.TryFormat(id.Low, span[(at + HexHalf)..], out _, new StandardFormat('x', HexHalf));
        at += 2 * HexHalf;
        EndLine(span[at..]);
        buffer.Advance(at + 2);
    }

    /// <summary>
    /// The content of one of the bulk strings written so far, counted from 0; empty when there is none.
    /// </summary>
    public static ReadOnlySpan<byte> BulkAt(ReadOnlySpan<byte> bulks, int index)
    {
        while (!bulks.IsEmpty)
        {
            if (!Utf8Parser.TryParse(bulks[1..], out int length, out var digits))
            {
                break;
            }

            var from = 1 + digits + 2;
            if (index-- == 0)
            {
                return bulks.Slice(from, length);
            }

            bulks = bulks[(from + length + 2)..];
        }

        return default;
    }

    private static void Head(RespBuffer buffer, byte kind, int value)
    {
        var span = buffer.GetSpan(HeadBytesMax);
        span[0] = kind;
        Utf8Formatter.TryFormat(value, span[1..], out var digits);
        EndLine(span[(1 + digits)..]);
        buffer.Advance(digits + 3);
    }

    private static void EndLine(Span<byte> span)
    {
        span[0] = (byte)'\r';
        span[1] = (byte)'\n';
    }
}
