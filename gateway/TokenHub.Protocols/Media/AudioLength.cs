using System.Buffers.Binary;

namespace TokenHub.Protocols.Media;

/// <summary>
/// How long a sound file is, by its own bytes: what <see cref="AudioClock"/> understands, MP4 (M4A) and WebM.
/// </summary>
public static class AudioLength
{
    /// <summary>
    /// A file that says nothing of its length is taken for at most so long: as if it had 16,000 bits a second, which
    /// only speech at the lowest quality has.
    /// </summary>
    public const long BytesPerSecondLeast = 2_000;

    private const int DepthMax = 4;
    private const int BoxesMax = 4096;

    /// <summary>Milliseconds by the file's own word; null when it says none that is understood.</summary>
    public static long? Read(ReadOnlySpan<byte> file)
    {
        if (file.Length >= 12 && file[4..].StartsWith("ftyp"u8))
        {
            return Positive(ReadMp4(file, 0));
        }

        if (file.StartsWith(WebM.Magic))
        {
            return Positive(WebM.Read(file));
        }

        var clock = new AudioClock();
        clock.Append(file);
        return Positive(clock.Ms ?? 0);
    }

    /// <summary>What a file of so many bytes can have at most.</summary>
    public static long BoundMs(long bytes) => (bytes * 1000 / BytesPerSecondLeast) + 1;

    private static long? Positive(long ms) => ms > 0 ? ms : null;

    // The movie's head says its length; a file in fragments leaves that out and says it once for all fragments.
    private static long ReadMp4(ReadOnlySpan<byte> boxes, int depth)
    {
        var (longest, timescale) = (0L, 0L);
        for (var i = 0; i < BoxesMax && boxes.Length >= 8; i++)
        {
            long size = BinaryPrimitives.ReadUInt32BigEndian(boxes);
            var head = 8;
            if (size == 1 && boxes.Length >= 16)
            {
                (size, head) = ((long)Math.Min(BinaryPrimitives.ReadUInt64BigEndian(boxes[8..]), long.MaxValue), 16);
            }

            size = size == 0 ? boxes.Length : size;
            if (size < head)
            {
                break;
            }

            var kind = boxes.Slice(4, 4);
            var body = boxes[head..(int)Math.Min(size, boxes.Length)];
            if (kind.SequenceEqual("mvhd"u8))
            {
                longest = Math.Max(longest, LengthIn(body, out timescale));
            }
            else if (depth < DepthMax && (kind.SequenceEqual("moov"u8) || kind.SequenceEqual("mvex"u8)))
            {
                longest = Math.Max(longest, ReadMp4(body, depth + 1));
            }

            boxes = size >= boxes.Length ? default : boxes[(int)size..];
        }

        return longest;
    }

    // Version, flags, times of making and change, then timescale and duration.
    private static long LengthIn(ReadOnlySpan<byte> body, out long timescale)
    {
        timescale = 0;
        var isLong = body.Length > 0 && body[0] == 1;
        if (body.Length < (isLong ? 32 : 20))
        {
            return 0;
        }

        timescale = BinaryPrimitives.ReadUInt32BigEndian(body[(isLong ? 20 : 12)..]);
        var duration = isLong
            ? BinaryPrimitives.ReadUInt64BigEndian(body[24..])
            : BinaryPrimitives.ReadUInt32BigEndian(body[16..]);
        var isUnknown = duration == (isLong ? ulong.MaxValue : uint.MaxValue);
        return timescale == 0 || isUnknown ? 0
            : (long)UInt128.Min((((UInt128)duration * 1000) + (UInt128)timescale - 1) / (UInt128)timescale, 1UL << 50);
    }
}
