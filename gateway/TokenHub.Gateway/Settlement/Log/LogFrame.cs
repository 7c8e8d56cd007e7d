using System.Buffers.Binary;
using System.Numerics;
using System.Runtime.InteropServices;

namespace TokenHub.Gateway.Settlement.Log;

/// <summary>
/// One record in the log: length (4), CRC-32C of all that follows (4), LSN (8), first LSN of the group that was synced
/// together (8), payload, zeros up to a multiple of eight. Little-endian. A length of zero is the end of what was
/// written.
/// </summary>
public static class LogFrame
{
    public const int HeadBytes = 24;
    public const int Alignment = 8;

    public enum Reading
    {
        Record,
        End,
        Bad,
    }

    /// <summary>Whole length on disk of a frame with this payload.</summary>
    public static int LengthOf(int payload) => (HeadBytes + payload + Alignment - 1) & ~(Alignment - 1);

    public static void Write(Span<byte> destination, long lsn, long groupFirst, ReadOnlySpan<byte> payload)
    {
        var frame = destination[..LengthOf(payload.Length)];
        frame.Clear();
        BinaryPrimitives.WriteInt32LittleEndian(frame, payload.Length);
        BinaryPrimitives.WriteInt64LittleEndian(frame[8..], lsn);
        BinaryPrimitives.WriteInt64LittleEndian(frame[16..], groupFirst);
        payload.CopyTo(frame[HeadBytes..]);
        BinaryPrimitives.WriteUInt32LittleEndian(frame[4..], Crc(frame[8..(HeadBytes + payload.Length)]));
    }

    public static Reading Read(
        ReadOnlySpan<byte> source, int payloadMax, out long lsn, out long groupFirst, out ReadOnlySpan<byte> payload)
    {
        (lsn, groupFirst) = (0, 0);
        payload = default;
        if (source.Length < HeadBytes)
        {
            return source.ContainsAnyExcept((byte)0) ? Reading.Bad : Reading.End;
        }

        var length = BinaryPrimitives.ReadInt32LittleEndian(source);
        var crc = BinaryPrimitives.ReadUInt32LittleEndian(source[4..]);
        if (length == 0 && crc == 0)
        {
            return Reading.End;
        }

        if (length <= 0 || length > payloadMax || LengthOf(length) > source.Length
            || Crc(source[8..(HeadBytes + length)]) != crc)
        {
            return Reading.Bad;
        }

        lsn = BinaryPrimitives.ReadInt64LittleEndian(source[8..]);
        groupFirst = BinaryPrimitives.ReadInt64LittleEndian(source[16..]);
        payload = source.Slice(HeadBytes, length);
        return Reading.Record;
    }

    /// <summary>CRC-32C by the processor's own instruction, eight bytes at a time.</summary>
    public static uint Crc(ReadOnlySpan<byte> bytes)
    {
        var crc = uint.MaxValue;
        foreach (var word in MemoryMarshal.Cast<byte, ulong>(bytes))
        {
            crc = BitOperations.Crc32C(crc, word);
        }

        foreach (var one in bytes[(bytes.Length & ~7)..])
        {
            crc = BitOperations.Crc32C(crc, one);
        }

        return ~crc;
    }
}
