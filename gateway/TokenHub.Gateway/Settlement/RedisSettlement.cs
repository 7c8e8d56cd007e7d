using System.Threading.Channels;
using TokenHub.Core.Requests;
using TokenHub.Gateway.Settlement.Log;
using TokenHub.Redis;

namespace TokenHub.Gateway.Settlement;

/// <summary>
/// Settles durable records in Redis in the background, many at once. A record that Redis does not take is tried again
/// until it does. One that the ledger has by then is not charged again: only its hold goes.
/// </summary>
public sealed class RedisSettlement
{
    /// <summary>
    /// Records waiting for Redis; beyond it the oldest rely on the control plane's acknowledgement alone.
    /// </summary>
    private const int WaitingMax = 128 * 1024;

    private const int TogetherMax = 256;
    private static readonly TimeSpan RetryPause = TimeSpan.FromMilliseconds(200);

    private readonly Channel<PendingRecord> _waiting;

    private readonly List<PendingRecord> _batch = new(TogetherMax);
    private readonly Task<bool>[] _calls = new Task<bool>[TogetherMax];
    private readonly LogFiles _files;
    private int _inHand;

    public RedisSettlement(LogFiles files)
    {
        _files = files;
        _waiting = Channel.CreateBounded<PendingRecord>(
            new BoundedChannelOptions(WaitingMax) { SingleReader = true, FullMode = BoundedChannelFullMode.DropOldest },
            dropped => Closings.End(dropped.Record.Account));
    }

    /// <summary>Requests that have ended and are not settled yet.</summary>
    public Closings Closings { get; } = new();

    /// <summary>Told of each request whose record needs no more trying; set before the first is.</summary>
    public Action<RequestId>? OnSettled { get; set; }

    public int PendingCount => _waiting.Reader.Count + Volatile.Read(ref _inHand);

    public void Enqueue(PendingRecord record) => _waiting.Writer.TryWrite(record);

    /// <summary>Begins once Redis has been reached; what ended before has been waiting.</summary>
    public async Task RunAsync(Till till, CancellationToken cancel)
    {
        while (await _waiting.Reader.WaitToReadAsync(cancel))
        {
            while (_batch.Count < TogetherMax && _waiting.Reader.TryRead(out var record))
            {
                _batch.Add(record);
            }

            Volatile.Write(ref _inHand, _batch.Count);
            for (var i = 0; i < _batch.Count; i++)
            {
                _calls[i] = SettleAsync(till, _batch[i], cancel);
            }

            var failed = false;
            for (var i = 0; i < _batch.Count; i++)
            {
                if (await _calls[i])
                {
                    Closings.End(_batch[i].Record.Account);
                    OnSettled?.Invoke(_batch[i].Record.RequestId);
                }
                else
                {
                    failed = true;
                    Enqueue(_batch[i]);
                }
            }

            _batch.Clear();
            Volatile.Write(ref _inHand, 0);
            if (failed)
            {
                await Task.Delay(RetryPause, cancel);
            }
        }
    }

    /// <summary>True when the record needs no more trying.</summary>
    private async Task<bool> SettleAsync(Till till, PendingRecord pending, CancellationToken cancel)
    {
        var record = pending.Record;
        try
        {
            if (pending.Lsn <= _files.AckedLsn)
            {
                return await till.ReleaseAsync(record.RequestId, record.Account, record.Key, cancel)
                    != TillCode.StaleEpoch;
            }

            var reply = await till.SettleAsync(
                record.RequestId, record.Account, record.Key, record.Cost, pending.Payload, cancel, record.Usage.Total);
            return reply.Code is TillCode.Ok or TillCode.AlreadySettled or TillCode.RecordedWithoutHold
                or TillCode.BadArgument or TillCode.Conflict;
        }
        catch (RedisUnavailableException)
        {
            return false;
        }
    }
}
