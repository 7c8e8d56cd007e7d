using System.Buffers;
using System.Diagnostics;

namespace TokenHub.Gateway.Settlement.Log;

/// <summary>
/// The gateway's durable account of what was served. Appends gather some milliseconds and go to disk together (group
/// commit) on a thread of their own, so nothing that serves a request ever waits for a disk. The wait costs no client
/// anything, and spares the processor most of a sync and a waking for each record of a quiet gateway.
/// </summary>
public sealed class WriteAheadLog : IDisposable
{
    /// <summary>Longest that a record waits for others to share its sync.</summary>
    public const int GatherMs = 5;

    /// <summary>So many share a sync well enough: they wait no longer.</summary>
    public const int GatherRecords = 64;

    // For so many turns of the gathering time the thread looks by itself for more, and nobody pays for waking it.
    private const int TurnsUntilIdle = 20;

    private readonly Action<IReadOnlyList<PendingRecord>> _committed;
    private readonly Func<bool>? _turn;
    private readonly ArrayBufferWriter<byte> _group = new(64 * 1024);
    private readonly object _gate = new();
    private readonly Thread _thread;
    private readonly LogFiles _files;
    private List<PendingRecord> _pending = [];
    private List<PendingRecord> _writing = [];
    private readonly TaskCompletionSource _failed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private long _firstAt;
    private int _emptyTurns;
    private bool _idle;
    private bool _gathering;
    private bool _stopping;

    /// <param name="committed">Called on the log's thread with each group once it is durable.</param>
    /// <param name="turn">
    /// Called on the log's thread every <see cref="GatherMs"/> or oftener while the log is in use, and on while it says
    /// true.
    /// </param>
    public WriteAheadLog(
        LogFiles files, Action<IReadOnlyList<PendingRecord>> committed, Func<bool>? turn = null)
    {
        _files = files;
        _committed = committed;
        _turn = turn;
        _thread = new Thread(Run) { IsBackground = true, Name = "write-ahead log" };
    }

    /// <summary>
    /// Why the log stopped taking records, or null. After a failed sync nothing can be promised any more.
    /// </summary>
    public Exception? Failure { get; private set; }

    /// <summary>Done when the log has failed.</summary>
    public Task Failed => _failed.Task;

    /// <summary>Records appended and not yet durable.</summary>
    public int PendingCount
    {
        get
        {
            lock (_gate)
            {
                return _pending.Count + _writing.Count;
            }
        }
    }

    public void Start() => _thread.Start();

    /// <summary>
    /// Queues a record. The queue is bounded by the in-flight table: a slot is freed only after its group is durable.
    /// </summary>
    public void Append(PendingRecord record)
    {
        lock (_gate)
        {
            _pending.Add(record);
            if (_pending.Count == 1)
            {
                _firstAt = Stopwatch.GetTimestamp();
            }

            if (_idle || (_gathering && _pending.Count >= GatherRecords))
            {
                Monitor.Pulse(_gate);
            }
        }
    }

    public void Dispose()
    {
        lock (_gate)
        {
            _stopping = true;
            Monitor.PulseAll(_gate);
        }

        if (_thread.IsAlive)
        {
            _thread.Join();
        }
    }

    private void Run()
    {
        while (TakeGroup(isBusy: _turn?.Invoke() ?? false))
        {
            if (_writing.Count == 0)
            {
                continue;
            }

            try
            {
                WriteGroup();
            }
            catch (Exception error)
            {
                // Whatever it was: a sync that failed may have lost pages, and repeating it would claim success for
                // lost data.
                Failure = error;
                _failed.TrySetResult();
                TurnToTheEnd();
                return;
            }

            _committed(_writing);
            lock (_gate)
            {
                _writing.Clear();
            }
        }
    }

    // What was durable before still goes its way.
    private void TurnToTheEnd()
    {
        while (true)
        {
            _turn?.Invoke();
            lock (_gate)
            {
                if (_stopping)
                {
                    return;
                }

                Monitor.Wait(_gate, GatherMs);
            }
        }
    }

    // False at the end. The group is empty when a turn passed without a record.
    private bool TakeGroup(bool isBusy)
    {
        lock (_gate)
        {
            var mustGather = _pending.Count > 0;
            if (_pending.Count == 0)
            {
                if (_stopping)
                {
                    return false;
                }

                // What comes in a turn gathers in it; what ends an idle time has yet to.
                mustGather = _idle = !isBusy && ++_emptyTurns > TurnsUntilIdle;
                _gathering = !_idle;
                Monitor.Wait(_gate, _idle ? Timeout.Infinite : GatherMs);
                _idle = _gathering = false;
            }

            if (_pending.Count > 0)
            {
                _emptyTurns = 0;
                if (mustGather)
                {
                    Gather();
                }

                (_pending, _writing) = (_writing, _pending);
            }

            return true;
        }
    }

    // The time counts from the first record: what came while the last group was synced has waited already.
    private void Gather()
    {
        _gathering = true;
        while (!_stopping && _pending.Count < GatherRecords)
        {
            var waited = Stopwatch.GetElapsedTime(_firstAt);
            var left = (int)Math.Ceiling(GatherMs - waited.TotalMilliseconds);
            if (left <= 0)
            {
                break;
            }

            Monitor.Wait(_gate, left);
        }

        _gathering = false;
    }

    private void WriteGroup()
    {
        _group.ResetWrittenCount();
        var groupFirst = _files.LastLsn + 1;
        foreach (var record in _writing)
        {
            var length = LogFrame.LengthOf(record.Payload.Length);
            if (!_files.Current.HasRoomFor(_group.WrittenCount + length))
            {
                // The part of the group that fitted becomes durable first: a segment never holds half a group.
                Flush();
                groupFirst = _files.LastLsn + 1;
                _files.Roll(groupFirst);
            }

            record.Lsn = _files.NextLsn();
            LogFrame.Write(_group.GetSpan(length), record.Lsn, groupFirst, record.Payload);
            _group.Advance(length);
        }

        Flush();
    }

    private void Flush()
    {
        if (_group.WrittenCount > 0)
        {
            _files.Current.Append(_group.WrittenSpan);
            _files.Current.Sync();
            _group.ResetWrittenCount();
        }

        _files.PublishDurable();
    }
}
