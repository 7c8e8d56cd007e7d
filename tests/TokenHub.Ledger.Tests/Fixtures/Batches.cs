using System.Buffers;
using TokenHub.Core.Usage;

namespace TokenHub.Ledger.Tests.Fixtures;

/// <summary>Records as a gateway sends them.</summary>
public static class Batches
{
    public static byte[] Of(IEnumerable<UsageRecord> records, long firstLsn = 1) =>
        OfBytes(records.Select(Bytes), firstLsn);

    public static byte[] Of(params UsageRecord[] records) => Of(records.AsEnumerable());

    public static byte[] OfBytes(IEnumerable<byte[]> records, long firstLsn = 1)
    {
        var writer = new ArrayBufferWriter<byte>();
        foreach (var record in records)
        {
            UsageBatch.Append(writer, firstLsn++, record);
        }

        return writer.WrittenSpan.ToArray();
    }

    public static byte[] Bytes(UsageRecord record)
    {
        var buffer = new byte[UsageRecordCodec.BytesMax];
        return buffer[..UsageRecordCodec.Write(record, buffer)];
    }
}
