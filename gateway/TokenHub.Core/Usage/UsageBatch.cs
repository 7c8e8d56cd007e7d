using System.Buffers;
using System.Buffers.Binary;

namespace TokenHub.Core.Usage;

/// <summary>
/// A batch of log records on its way to the control plane: for each, LSN (8 bytes), length (2 bytes), record bytes, all
/// little-endian, LSNs rising. Content type <see cref="ContentType"/>.
/// </summary>
public static class UsageBatch
{
    public const string ContentType = "application/vnd.tokenhub.usage";

    /// <summary>Most records in one batch.</summary>
    public const int RecordsMax = 500;

    /// <summary>Most bytes in one batch.</summary>
    public const int BytesMax = RecordsMax * (HeadBytes + UsageRecordCodec.BytesMax);

    private const int HeadBytes = 10;

    public static void Append(IBufferWriter<byte> writer, long lsn, ReadOnlySpan<byte> record)
    {
        var span = writer.GetSpan(HeadBytes + record.Length);
        BinaryPrimitives.WriteInt64LittleEndian(span, lsn);
        BinaryPrimitives.WriteUInt16LittleEndian(span[8..], checked((ushort)record.Length));
        record.CopyTo(span[HeadBytes..]);
        writer.Advance(HeadBytes + record.Length);
    }

    /// <summary>
    /// Takes the next record off the front; false at the end, or when what is left is not a whole record.
    /// </summary>
    public static bool TryTake(ref ReadOnlySpan<byte> rest, out long lsn, out ReadOnlySpan<byte> record)
    {
        lsn = 0;
        record = default;
        if (rest.Length < HeadBytes)
        {
            return false;
        }

        var length = BinaryPrimitives.ReadUInt16LittleEndian(rest[8..]);
        if (rest.Length < HeadBytes + length)
        {
            return false;
        }

        lsn = BinaryPrimitives.ReadInt64LittleEndian(rest);
        record = rest.Slice(HeadBytes, length);
        rest = rest[(HeadBytes + length)..];
        return true;
    }
}
