using System.Buffers.Binary;
using System.Text.Unicode;
using TokenHub.Core.Money;
using TokenHub.Core.Requests;
using TokenHub.Core.Snapshots;
using TokenHub.Gateway.Settlement.Log;

namespace TokenHub.Gateway.Settlement;

/// <summary>
/// The bytes of one slot of the in-flight table (256): state (4), CRC-32C of the fixed part (4), then three counters
/// that change while the stream runs (input, output, hold: 8 each), then the fixed part. A counter is one aligned
/// store, so a process killed between two stores leaves each of them whole.
/// </summary>
internal static class InFlightLayout
{
    public const int SlotBytes = 256;
    public const uint Free = 0;
    public const uint Open = 0x4E45504F;

    public const int State = 0;
    public const int Checksum = 4;
    public const int Input = 8;
    public const int Output = 16;
    public const int Hold = 24;
    public const int Fixed = 32;
    private const int FixedBytes = SlotBytes - Fixed;
    private const int Model = Fixed + 16 + (8 * 11) + 4;
    private const int ModelBytesMax = SlotBytes - Model - 1;

    public static void WriteFixed(Span<byte> slot, in OpenRequest open)
    {
        var part = slot[Fixed..];
        part.Clear();
        open.Rid.WriteBytes(part);
        ReadOnlySpan<long> numbers =
        [
            open.Account, open.Key, open.Channel, open.OwnerAccount, open.StartedMs, open.Tariff.PriceVersion,
            open.Tariff.Input, open.Tariff.Output, open.Tariff.CacheRead, open.Tariff.CacheWrite5m,
            open.Tariff.CacheWrite1h,
        ];
        for (var i = 0; i < numbers.Length; i++)
        {
            BinaryPrimitives.WriteInt64LittleEndian(part[(16 + (8 * i))..], numbers[i]);
        }

        var tail = slot[(Model - 4)..];
        BinaryPrimitives.WriteUInt16LittleEndian(tail, (ushort)open.OwnerShareBp);
        tail[2] = (byte)open.Dialect;
        tail[3] = open.IsStream ? (byte)1 : (byte)0;
        Utf8.FromUtf16(open.Model, slot.Slice(Model + 1, ModelBytesMax), out _, out var written);
        slot[Model] = (byte)written;
        BinaryPrimitives.WriteUInt32LittleEndian(slot[Checksum..], LogFrame.Crc(slot.Slice(Fixed, FixedBytes)));
    }

    /// <summary>
    /// Reads a slot that a former process left open; false when it is free or its fixed part is torn.
    /// </summary>
    public static bool TryRead(ReadOnlySpan<byte> slot, out OpenRequest open, out InFlightCounters counters)
    {
        (open, counters) = (default, default);
        if (BinaryPrimitives.ReadUInt32LittleEndian(slot) != Open
            || BinaryPrimitives.ReadUInt32LittleEndian(slot[Checksum..]) != LogFrame.Crc(slot.Slice(Fixed, FixedBytes)))
        {
            return false;
        }

        counters = new InFlightCounters(Number(slot, Input), Number(slot, Output), new Usd(Number(slot, Hold)));
        var at = Fixed + 16;
        var tariff = new Tariff(
            Number(slot, at + 40), Number(slot, at + 48), Number(slot, at + 56), Number(slot, at + 64),
            Number(slot, at + 72), Number(slot, at + 80));
        var modelLength = Math.Min(slot[Model], (byte)ModelBytesMax);
        var model = System.Text.Encoding.UTF8.GetString(slot.Slice(Model + 1, modelLength));
        open = new OpenRequest(
            RequestId.ReadBytes(slot[Fixed..]), Number(slot, at), Number(slot, at + 8), Number(slot, at + 16),
            Number(slot, at + 24), BinaryPrimitives.ReadUInt16LittleEndian(slot[(Model - 4)..]), tariff,
            (Dialect)slot[Model - 2], slot[Model - 1] == 1, model, counters.Hold, counters.Input,
            Number(slot, at + 32));
        return counters is { Input: >= 0, Output: >= 0, Hold.Units: >= 0 };
    }

    private static long Number(ReadOnlySpan<byte> slot, int at) => BinaryPrimitives.ReadInt64LittleEndian(slot[at..]);
}
