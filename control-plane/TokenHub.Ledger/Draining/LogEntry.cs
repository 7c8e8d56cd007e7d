using TokenHub.Core.Usage;

namespace TokenHub.Ledger.Draining;

/// <summary>
/// One record of a batch on its way into the ledger. <see cref="Record"/> is null when the bytes could not be read;
/// <see cref="Fault"/> says why a record is parked instead of posted.
/// </summary>
internal sealed class LogEntry(long lsn, byte[] bytes)
{
    public long Lsn { get; } = lsn;

    public byte[] Bytes { get; } = bytes;

    public UsageRecord? Record { get; } = UsageRecordCodec.TryRead(bytes, out var record) ? record : null;

    public string? Fault { get; set; }

    /// <summary>Rows of the record's attempts; there when it may be posted.</summary>
    public IReadOnlyList<PostedAttempt> Attempts { get; set; } = [];

    /// <summary>Splits a batch. Throws <see cref="BatchFormatException"/> when it is not whole or too long.</summary>
    public static List<LogEntry> ReadBatch(ReadOnlySpan<byte> batch)
    {
        var entries = new List<LogEntry>();
        var last = long.MinValue;
        while (UsageBatch.TryTake(ref batch, out var lsn, out var bytes))
        {
            if (lsn <= last || entries.Count == UsageBatch.RecordsMax)
            {
                throw new BatchFormatException(lsn <= last ? "Log numbers do not rise." : "Too many records.");
            }

            last = lsn;
            entries.Add(new LogEntry(lsn, bytes.ToArray()));
        }

        return batch.IsEmpty ? entries : throw new BatchFormatException("The batch ends in the middle of a record.");
    }
}

/// <summary>The bytes are not a batch at all: nothing of it was posted.</summary>
public sealed class BatchFormatException(string message) : Exception(message);

/// <summary>The sender is no registered gateway: nothing was posted.</summary>
public sealed class UnknownGatewayException(int gatewayNo) : Exception($"Gateway {gatewayNo} is not registered.");

/// <summary>The database cannot post at this moment; the same batch may be sent again at any time.</summary>
public sealed class LedgerBusyException(Exception cause) : Exception("The ledger cannot post now.", cause);
