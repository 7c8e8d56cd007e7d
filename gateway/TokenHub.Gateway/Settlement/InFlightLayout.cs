using System.Buffers.Binary;
using System.Text.Unicode;
using TokenHub.Core.Money;
using TokenHub.Core.Requests;
using TokenHub.Core.Snapshots;
using TokenHub.Core.Usage;
using TokenHub.Gateway.Settlement.Log;

namespace TokenHub.Gateway.Settlement;

/// <summary>
/// The bytes of one slot of the in-flight table (256): state (4), CRC-32C of the fixed part (4), then three counters
/// that change while the stream runs (input, output, hold: 8 each), then the fixed part. A counter is one aligned
/// store, so a process killed between two stores leaves each of them whole. What few requests have (factors that are
/// not one, other units than tokens with their prices) stands at the end and takes room from the model's name.
/// A slot in state past keeps an attempt of a request that goes on at another channel: its fixed part is the request's
/// id, the attempt's place among the others, a length and the attempt as it stands in records.
/// </summary>
internal static class InFlightLayout
{
    public const int SlotBytes = 256;
    public const uint Free = 0;
    public const uint Open = 0x4E45504F;
    public const uint Past = 0x54534150;

    public const int State = 0;
    public const int Checksum = 4;
    public const int Input = 8;
    public const int Output = 16;
    public const int Hold = 24;
    public const int Fixed = 32;
    private const int FixedBytes = SlotBytes - Fixed;
    private const int PastPlace = Fixed + 16;
    private const int PastBytes = PastPlace + 2;
    private const int Model = Fixed + 16 + (8 * 11) + 4;
    private const int FactorsBytes = 4 * 3;
    private const int MediaBytes = 8 * 6;
    private const int FactorsAt = SlotBytes - FactorsBytes;

    // A price that is not there.
    private const long None = -1;

    // Slots of older builds have only the first.
    private const byte IsStream = 1;
    private const byte HasFactors = 2;
    private const byte HasMedia = 4;

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
        var flags = (byte)((open.IsStream ? IsStream : 0)
            | (open.Tariff.Factors.IsOne ? 0 : HasFactors)
            | (open.Media.IsEmpty ? 0 : HasMedia));
        tail[3] = flags;
        WriteRest(slot, flags, open);
        Utf8.FromUtf16(open.Model, slot[(Model + 1)..ModelEnd(flags)], out _, out var written);
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
        var flags = slot[Model - 1];
        var modelLength = Math.Min(slot[Model], ModelEnd(flags) - Model - 1);
        tariff = ReadRest(slot, flags, tariff, out var media);
        var model = System.Text.Encoding.UTF8.GetString(slot.Slice(Model + 1, modelLength));
        open = new OpenRequest(
            RequestId.ReadBytes(slot[Fixed..]), Number(slot, at), Number(slot, at + 8), Number(slot, at + 16),
            Number(slot, at + 24), BinaryPrimitives.ReadUInt16LittleEndian(slot[(Model - 4)..]), tariff,
            (Dialect)slot[Model - 2], (flags & IsStream) != 0, model, counters.Hold, counters.Input,
            Number(slot, at + 32)) { Media = media };
        return counters is { Input: >= 0, Output: >= 0, Hold.Units: >= 0 };
    }

    /// <summary>
    /// Writes an attempt that is over: the number of bytes that one takes is far below the room there is.
    /// </summary>
    public static void WritePast(Span<byte> slot, RequestId rid, int place, in AttemptRecord attempt)
    {
        slot[Fixed..].Clear();
        rid.WriteBytes(slot[Fixed..]);
        slot[PastPlace] = (byte)place;
        slot[PastPlace + 1] = (byte)UsageRecordCodec.WriteAttempt(attempt, slot[PastBytes..]);
        BinaryPrimitives.WriteUInt32LittleEndian(slot[Checksum..], LogFrame.Crc(slot.Slice(Fixed, FixedBytes)));
    }

    /// <summary>Reads an attempt that a former process kept; false when the slot is another or torn.</summary>
    public static bool TryReadPast(ReadOnlySpan<byte> slot, out PastAttempt past)
    {
        past = default;
        if (BinaryPrimitives.ReadUInt32LittleEndian(slot) != Past
            || BinaryPrimitives.ReadUInt32LittleEndian(slot[Checksum..]) != LogFrame.Crc(slot.Slice(Fixed, FixedBytes))
            || slot[PastPlace + 1] > SlotBytes - PastBytes
            || !UsageRecordCodec.TryReadAttempt(slot.Slice(PastBytes, slot[PastPlace + 1]), out var attempt))
        {
            return false;
        }

        past = new PastAttempt(RequestId.ReadBytes(slot[Fixed..]), slot[PastPlace], attempt);
        return true;
    }

    private static int ModelEnd(byte flags) => MediaAt(flags) - ((flags & HasMedia) != 0 ? MediaBytes : 0);

    // The end of what stands before the factors.
    private static int MediaAt(byte flags) => (flags & HasFactors) != 0 ? FactorsAt : SlotBytes;

    private static void WriteRest(Span<byte> slot, byte flags, in OpenRequest open)
    {
        if ((flags & HasFactors) != 0)
        {
            var factors = open.Tariff.Factors;
            BinaryPrimitives.WriteInt32LittleEndian(slot[FactorsAt..], factors.GroupBp);
            BinaryPrimitives.WriteInt32LittleEndian(slot[(FactorsAt + 4)..], factors.SurgeBp);
            BinaryPrimitives.WriteInt32LittleEndian(slot[(FactorsAt + 8)..], factors.FireSaleBp);
        }

        if ((flags & HasMedia) != 0)
        {
            ReadOnlySpan<long> numbers =
            [
                open.Media.Images, open.Media.AudioMs, open.Media.Characters, open.Tariff.Image ?? None,
                open.Tariff.AudioMinute ?? None, open.Tariff.Characters ?? None,
            ];
            for (var i = 0; i < numbers.Length; i++)
            {
                BinaryPrimitives.WriteInt64LittleEndian(slot[(ModelEnd(flags) + (8 * i))..], numbers[i]);
            }
        }
    }

    private static Tariff ReadRest(ReadOnlySpan<byte> slot, byte flags, Tariff tariff, out MediaUnits media)
    {
        media = default;
        if ((flags & HasFactors) != 0)
        {
            tariff = tariff with
            {
                Factors = new PriceFactors(
                    Bp(slot[FactorsAt..]), Bp(slot[(FactorsAt + 4)..]), Bp(slot[(FactorsAt + 8)..])),
            };
        }

        if ((flags & HasMedia) == 0)
        {
            return tariff;
        }

        var at = ModelEnd(flags);
        media = new MediaUnits(Number(slot, at), Number(slot, at + 8), Number(slot, at + 16));
        return tariff with
        {
            Image = Price(slot, at + 24),
            AudioMinute = Price(slot, at + 32),
            Characters = Price(slot, at + 40),
        };
    }

    private static int Bp(ReadOnlySpan<byte> at) =>
        Math.Clamp(BinaryPrimitives.ReadInt32LittleEndian(at), 1, PriceFactors.Max);

    private static long? Price(ReadOnlySpan<byte> slot, int at) =>
        Number(slot, at) is >= 0 and var price ? price : null;

    private static long Number(ReadOnlySpan<byte> slot, int at) => BinaryPrimitives.ReadInt64LittleEndian(slot[at..]);
}
