using System.Buffers.Binary;

namespace TokenHub.Protocols.Media;

/// <summary>
/// The length of a WebM (Matroska) file: as its head says, else as its last cluster begins, for a browser that records
/// does not know the length when it writes the head.
/// </summary>
internal static class WebM
{
    private const uint SegmentId = 0x18538067;
    private const uint InfoId = 0x1549A966;
    private const uint TimescaleId = 0x2AD7B1;
    private const uint DurationId = 0x4489;
    private const byte TimeId = 0xE7;
    private const int ElementsMax = 4096;

    public static ReadOnlySpan<byte> Magic => [0x1A, 0x45, 0xDF, 0xA3];

    private static ReadOnlySpan<byte> Cluster => [0x1F, 0x43, 0xB6, 0x75];

    /// <summary>Milliseconds; 0 when the file does not say.</summary>
    public static long Read(ReadOnlySpan<byte> file)
    {
        var (scale, duration) = (1_000_000L, 0d);
        ReadElements(file, ref scale, ref duration, 0);
        var units = duration > 0 ? duration : LastCluster(file);
        var ms = units * scale / 1_000_000;
        return ms is > 0 and < 1L << 50 ? (long)Math.Ceiling(ms) : 0;
    }

    private static void ReadElements(ReadOnlySpan<byte> rest, ref long scale, ref double duration, int depth)
    {
        for (var i = 0; i < ElementsMax && TryTake(ref rest, out var id, out var body); i++)
        {
            if (id is SegmentId or InfoId && depth < 2)
            {
                ReadElements(body, ref scale, ref duration, depth + 1);
                if (duration > 0)
                {
                    return;
                }
            }
            else if (id == TimescaleId && body.Length is > 0 and <= 8)
            {
                scale = (long)Math.Min(Number(body), 1UL << 40);
            }
            else if (id == DurationId)
            {
                duration = body.Length == 4 ? BinaryPrimitives.ReadSingleBigEndian(body)
                    : body.Length == 8 ? BinaryPrimitives.ReadDoubleBigEndian(body)
                    : 0;
            }
        }
    }

    private static long LastCluster(ReadOnlySpan<byte> file)
    {
        var at = file.LastIndexOf(Cluster);
        if (at < 0)
        {
            return 0;
        }

        // Its size, then as a rule its time comes first.
        var rest = file[(at + Cluster.Length)..];
        return TryNumber(ref rest, keepsMark: false, out _) && rest.Length > 2 && rest[0] == TimeId
            && rest[1] is > 0x80 and <= 0x88 && rest.Length >= 2 + (rest[1] & 0x0F)
            ? (long)Math.Min(Number(rest.Slice(2, rest[1] & 0x0F)), 1UL << 50)
            : 0;
    }

    private static bool TryTake(ref ReadOnlySpan<byte> rest, out uint id, out ReadOnlySpan<byte> body)
    {
        id = 0;
        body = default;
        if (!TryNumber(ref rest, keepsMark: true, out var number)
            || !TryNumber(ref rest, keepsMark: false, out var size))
        {
            return false;
        }

        // A size of all ones is not known: the rest.
        id = (uint)number;
        body = rest[..(int)Math.Min(size, (ulong)rest.Length)];
        rest = rest[body.Length..];
        return true;
    }

    // The first bit that is set says how many bytes the number has.
    private static bool TryNumber(ref ReadOnlySpan<byte> rest, bool keepsMark, out ulong number)
    {
        number = 0;
        if (rest.IsEmpty || rest[0] == 0)
        {
            return false;
        }

        var length = System.Numerics.BitOperations.LeadingZeroCount((uint)rest[0]) - 23;
        if (rest.Length < length)
        {
            return false;
        }

        number = keepsMark ? rest[0] : rest[0] & (0xFFu >> length);
        for (var i = 1; i < length; i++)
        {
            number = number << 8 | rest[i];
        }

        rest = rest[length..];
        return true;
    }

    private static ulong Number(ReadOnlySpan<byte> bytes)
    {
        var number = 0UL;
        foreach (var one in bytes)
        {
            number = number << 8 | one;
        }

        return number;
    }
}
