using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;
using TokenHub.Core.Snapshots;

namespace TokenHub.Ledger.Draining;

/// <summary>
/// Turns batches of log records into usage rows and postings, exactly once for each request id, however often and by
/// whichever way a record comes. An answer means that everything in the batch is committed: posted, or parked.
/// </summary>
public sealed class UsageIngest(
    NpgsqlDataSource database,
    Action<PostedBatch>? posted = null,
    TimeProvider? time = null,
    ILogger<UsageIngest>? logger = null)
{
    private readonly ReferenceCache _reference = new(database);
    private readonly UsageDays _days = new(database);
    private readonly UsagePoster _poster = new(database);
    private readonly DeadLetters _dead = new(database);
    private readonly TimeProvider _time = time ?? TimeProvider.System;
    private readonly ILogger _logger = logger ?? NullLogger<UsageIngest>.Instance;

    /// <summary>Posts a batch of a gateway's log.</summary>
    /// <exception cref="BatchFormatException">The bytes are no batch.</exception>
    /// <exception cref="UnknownGatewayException">The sender is not registered.</exception>
    /// <exception cref="LedgerBusyException">The database is away: send the same batch again.</exception>
    public async Task<PlaneMessages.UsageReceipt> IngestAsync(
        int gatewayNo, int bootNo, ReadOnlyMemory<byte> batch, CancellationToken ct = default)
    {
        var entries = LogEntry.ReadBatch(batch.Span);
        if (entries.Count == 0)
        {
            return new PlaneMessages.UsageReceipt(0, 0, 0, 0);
        }

        try
        {
            await _reference.RequireGatewayAsync(gatewayNo, ct);
            return await PostAsync(gatewayNo, bootNo, entries, hasPosition: true, ct);
        }
        catch (NpgsqlException error)
        {
            throw new LedgerBusyException(error);
        }
    }

    /// <summary>
    /// Posts records that reached Redis but, for all one knows, not this ledger. They have no log position.
    /// </summary>
    /// <exception cref="LedgerBusyException">The database is away: try again later.</exception>
    public async Task<PlaneMessages.UsageReceipt> IngestOutboxAsync(
        IReadOnlyList<byte[]> records, CancellationToken ct = default)
    {
        if (records.Count == 0)
        {
            return new PlaneMessages.UsageReceipt(0, 0, 0, 0);
        }

        try
        {
            var entries = records.Select(bytes => new LogEntry(0, bytes)).ToList();
            return await PostAsync(gatewayNo: 0, bootNo: 0, entries, hasPosition: false, ct);
        }
        catch (NpgsqlException error)
        {
            throw new LedgerBusyException(error);
        }
    }

    private async Task<PlaneMessages.UsageReceipt> PostAsync(
        int gatewayNo, int bootNo, List<LogEntry> entries, bool hasPosition, CancellationToken ct)
    {
        var lastLsn = entries[^1].Lsn;
        var sound = await JudgeAsync(entries, ct);
        await _days.EnsureAsync(sound.Select(e => e.Record!.RequestId), ct);

        // The log position moves in the same transaction, unless something has to be parked before.
        var whole = hasPosition && sound.Count == entries.Count;
        var totals = await _poster.PostAsync(sound, whole ? gatewayNo : null, lastLsn, ct);
        var faulty = entries.FindAll(e => e.Fault is not null);
        if (faulty.Count > 0)
        {
            await _dead.ParkAsync(gatewayNo, bootNo, faulty, ct);
            _logger.LogError(
                "Parked {Count} records of gateway {Gateway}, the first because: {Reason}",
                faulty.Count,
                gatewayNo,
                faulty[0].Fault);
            if (hasPosition)
            {
                await _poster.PostAsync([], gatewayNo, lastLsn, ct);
            }
        }

        posted?.Invoke(new PostedBatch(totals.Accounts, totals.Keys, Drained(entries))
        {
            Added = totals.Added, Parked = faulty.Count,
        });
        return new PlaneMessages.UsageReceipt(
            lastLsn, totals.Added, entries.Count - totals.Added - faulty.Count, faulty.Count);
    }

    private async Task<List<LogEntry>> JudgeAsync(List<LogEntry> entries, CancellationToken ct)
    {
        var readable = entries.FindAll(e => e.Record is not null);
        var rows = await _reference.ReadAsync(readable, ct);
        var now = _time.GetUtcNow();
        foreach (var entry in entries)
        {
            entry.Fault = entry.Record is null
                ? RecordRules.Unreadable
                : RecordRules.FindFault(entry.Record, rows, now);
            entry.Attempts = entry.Fault is null ? AttemptCosts.Of(entry.Record!, rows) : [];
        }

        return readable.FindAll(e => e.Fault is null);
    }

    // Parked ones too: their copy in Redis would hold money for ever.
    private static List<DrainedRequest> Drained(List<LogEntry> entries)
    {
        var drained = new List<DrainedRequest>(entries.Count);
        foreach (var entry in entries)
        {
            if (entry.Record is { } record)
            {
                drained.Add(new DrainedRequest(record.RequestId, record.Account, record.Key)
                {
                    EndedMs = record.StartedMs + record.DurationMs,
                });
            }
        }

        return drained;
    }
}
