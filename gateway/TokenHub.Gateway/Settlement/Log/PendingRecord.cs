using TokenHub.Core.Usage;

namespace TokenHub.Gateway.Settlement.Log;

/// <summary>A record on its way to the log, and the in-flight slot that is freed once it is durable.</summary>
public sealed class PendingRecord(UsageRecord record, byte[] payload, InFlightSlot? slot)
{
    public UsageRecord Record { get; } = record;

    public byte[] Payload { get; } = payload;

    public InFlightSlot? Slot { get; } = slot;

    /// <summary>Set by the log when the record is written.</summary>
    public long Lsn { get; set; }

    public static PendingRecord Of(UsageRecord record, InFlightSlot? slot)
    {
        Span<byte> bytes = stackalloc byte[UsageRecordCodec.BytesMax];
        var length = UsageRecordCodec.Write(record, bytes);
        return new PendingRecord(record, bytes[..length].ToArray(), slot);
    }
}
