using TokenHub.Core.Usage;
using TokenHub.Gateway.Settlement.Log;

namespace TokenHub.Gateway.Settlement;

/// <summary>
/// Room seven: takes the final record of a request and sees it through log, Redis and ledger. Closing never waits and
/// never fails for the request.
/// </summary>
public sealed class Settler : IDisposable
{
    private readonly WriteAheadLog _log;
    private readonly LogFiles _files;
    private readonly InFlightTable _table;
    private readonly RedisSettlement _redis;
    private readonly UsageShipper _shipper;
    private readonly DiskGuard _disk;

    /// <param name="logBytesMax">All that the log may take on its disk.</param>
    public Settler(
        string folder, long logBytesMax, LogFiles files, InFlightTable table, RedisSettlement redis,
        UsageShipper shipper)
    {
        _files = files;
        _table = table;
        _redis = redis;
        _shipper = shipper;
        _disk = new DiskGuard(files, table, folder, logBytesMax);
        _disk.Check();
        _log = new WriteAheadLog(files, Committed, redis.Turn);
        _log.Start();
    }

    /// <summary>
    /// False when the log can promise nothing more: its disk failed or is nearly full. New requests get 503.
    /// </summary>
    public bool IsAccepting => _log.Failure is null && _disk.HasRoom;

    public Exception? Failure => _log.Failure;

    /// <summary>Done when the log has failed: what runs may end, and then the process has to.</summary>
    public Task Failed => _log.Failed;

    public long LastLsn => _files.LastLsn;

    public long AckedLsn => _files.AckedLsn;

    /// <summary>Records that Redis or the ledger has not confirmed yet.</summary>
    public long Unconfirmed => _files.LastLsn - _files.AckedLsn + _log.PendingCount;

    /// <summary>Ends a request: its slot is freed once the record is durable. Thread-safe.</summary>
    public void Close(InFlightSlot slot, UsageRecord record)
    {
        _redis.Closings.Begin(record.Account);
        _log.Append(PendingRecord.Of(record, slot));
    }

    /// <summary>Adds a record that has no slot any more: what a former process left open.</summary>
    public void CloseRecovered(UsageRecord record)
    {
        _redis.Closings.Begin(record.Account);
        _log.Append(PendingRecord.Of(record, slot: null));
    }

    /// <summary>Waits until everything closed so far is committed by the control plane, or until time is up.</summary>
    public async Task<bool> DrainAsync(TimeSpan within, CancellationToken cancel)
    {
        var until = Environment.TickCount64 + (long)within.TotalMilliseconds;
        while (_log.PendingCount > 0 || _redis.PendingCount > 0 || _files.AckedLsn < _files.LastLsn)
        {
            if (Environment.TickCount64 > until || _log.Failure is not null)
            {
                return false;
            }

            await Task.Delay(10, cancel);
        }

        return true;
    }

    public void Dispose()
    {
        _log.Dispose();
        _files.Dispose();
    }

    private void Committed(IReadOnlyList<PendingRecord> group)
    {
        foreach (var record in group)
        {
            if (record.Slot is { } slot)
            {
                _table.Release(slot);
            }

            _redis.Enqueue(record);
        }

        _shipper.Wake();
    }
}
