using System.Collections.Concurrent;
using TokenHub.Core.Requests;
using TokenHub.Gateway.Exchanges.Limits;
using TokenHub.Gateway.Settlement.Log;
using TokenHub.Redis;

namespace TokenHub.Gateway.Settlement;

/// <summary>
/// Settles durable records in Redis in the background, many at once. A record that Redis does not take is tried again
/// until it does. One that the ledger has by then is not charged again: only its hold goes.
/// </summary>
/// <remarks>
/// It has no thread: <see cref="Turn"/> sends on the log's, which is awake anyway, and replies are taken where they
/// arrive. A waking for each would cost more than the settlement.
/// </remarks>
public sealed class RedisSettlement(LogFiles files)
{
    /// <summary>
    /// Records waiting for Redis; beyond it the oldest rely on the control plane's acknowledgement alone.
    /// </summary>
    private const int WaitingMax = 128 * 1024;

    /// <summary>Records sent and not answered.</summary>
    private const int InHandMax = 256;

    /// <summary>Sent in one write: reservations must not stand behind more, and what is unsent has its bound.</summary>
    private const int TogetherMax = 64;

    /// <summary>Fewer than so many wait a little for others to share their way.</summary>
    private const int GatherRecords = 64;

    // Until then the hold counts, not the charge. Whoever meets a limit meanwhile waits for it (see Closings).
    private const int GatherMs = 20;
    private const int RetryPauseMs = 200;

    private readonly ConcurrentQueue<PendingRecord> _waiting = new();
    private Till? _till;
    private CancellationToken _cancel;
    private long _waitingSinceMs;
    private long _notBeforeMs;
    private int _inHand;

    /// <summary>Requests that have ended and are not settled yet.</summary>
    public Closings Closings { get; } = new();

    /// <summary>Told of each request whose record needs no more trying; set before the first is.</summary>
    public Action<RequestId>? OnSettled { get; set; }

    public int PendingCount => _waiting.Count + Volatile.Read(ref _inHand);

    public void Enqueue(PendingRecord record)
    {
        if (_waiting.Count >= WaitingMax && _waiting.TryDequeue(out var oldest))
        {
            Closings.End(oldest.Record.Account);
        }

        _waiting.Enqueue(record);
    }

    /// <summary>Begins once Redis has been reached; what ended before has been waiting. Ends when cancelled.</summary>
    public Task RunAsync(Till till, CancellationToken cancel)
    {
        _cancel = cancel;
        Volatile.Write(ref _till, till);
        return Task.Delay(Timeout.Infinite, cancel);
    }

    /// <summary>
    /// Sends what has waited long enough; for the log's thread alone. True while there is something left to see to.
    /// </summary>
    public bool Turn()
    {
        if (_waiting.IsEmpty || _cancel.IsCancellationRequested)
        {
            return Volatile.Read(ref _inHand) > 0 && !_cancel.IsCancellationRequested;
        }

        var now = Environment.TickCount64;
        _waitingSinceMs = _waitingSinceMs == 0 ? now : _waitingSinceMs;
        var isTime = _waiting.Count >= GatherRecords || now - _waitingSinceMs >= GatherMs;
        if (isTime && now >= Volatile.Read(ref _notBeforeMs) && Volatile.Read(ref _till) is { } till)
        {
            _waitingSinceMs = 0;
            Send(till);
        }

        return true;
    }

    private void Send(Till till)
    {
        while (Volatile.Read(ref _inHand) < InHandMax && !_waiting.IsEmpty)
        {
            using var together = SendTogether.Begin();
            for (var i = 0; i < TogetherMax && _waiting.TryDequeue(out var record); i++)
            {
                Interlocked.Increment(ref _inHand);
                _ = SettleAsync(till, record);
            }
        }
    }

    private async Task SettleAsync(Till till, PendingRecord pending)
    {
        var isSettled = false;
        try
        {
            isSettled = await TrySettleAsync(till, pending);
        }
        catch (Exception error) when (error is RedisUnavailableException or OperationCanceledException)
        {
            // Tried again below.
        }

        if (isSettled)
        {
            Closings.End(pending.Record.Account);
            OnSettled?.Invoke(pending.Record.RequestId);
        }
        else
        {
            Volatile.Write(ref _notBeforeMs, Environment.TickCount64 + RetryPauseMs);
            Enqueue(pending);
        }

        Interlocked.Decrement(ref _inHand);
    }

    /// <summary>True when the record needs no more trying.</summary>
    private async ValueTask<bool> TrySettleAsync(Till till, PendingRecord pending)
    {
        var record = pending.Record;
        if (pending.Lsn <= files.AckedLsn)
        {
            return await till.ReleaseAsync(record.RequestId, record.Account, record.Key, _cancel)
                != TillCode.StaleEpoch;
        }

        var reply = await till.SettleAsync(
            record.RequestId, record.Account, record.Key, record.Cost, pending.Payload, _cancel, record.Usage.Total);
        return reply.Code is TillCode.Ok or TillCode.AlreadySettled or TillCode.RecordedWithoutHold
            or TillCode.BadArgument or TillCode.Conflict;
    }
}
