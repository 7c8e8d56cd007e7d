using System.Diagnostics;

namespace TokenHub.MockUpstream.Pacing;

/// <summary>
/// One thread and a ring of millisecond slots drive every paced stream: putting an entry in costs a list insertion,
/// where a timer each would cost allocations and a pool hand-over for every chunk of thousands of streams.
/// </summary>
internal sealed class TimerWheel : IDisposable
{
    private const int Slots = 4096;
    private readonly WheelEntry?[] _slots = new WheelEntry?[Slots];
    private readonly object _gate = new();
    private readonly Thread _thread;
    private WheelEntry? _incoming;
    private long _wakeMs;
    private long _doneMs;
    private bool _isStopping;

    public TimerWheel()
    {
        _doneMs = NowMs();
        _thread = new Thread(Run) { IsBackground = true, Name = "wheel" };
        _thread.Start();
    }

    public static long NowMs() => Stopwatch.GetTimestamp() / (Stopwatch.Frequency / 1000);

    /// <summary>Calls the entry at a time, or at once when that time has passed.</summary>
    public void Add(WheelEntry entry, long dueMs)
    {
        entry.DueMs = dueMs;
        lock (_gate)
        {
            entry.Next = _incoming;
            _incoming = entry;
            if (dueMs < _wakeMs)
            {
                Monitor.Pulse(_gate);
            }
        }
    }

    public void Dispose()
    {
        lock (_gate)
        {
            _isStopping = true;
            Monitor.Pulse(_gate);
        }

        _thread.Join();
    }

    private void Run()
    {
        while (true)
        {
            WheelEntry? incoming;
            lock (_gate)
            {
                if (_incoming is null && !_isStopping)
                {
                    Sleep();
                }

                if (_isStopping)
                {
                    return;
                }

                incoming = _incoming;
                _incoming = null;
            }

            Turn(incoming, NowMs());
        }
    }

    // Under the gate, which waiting gives free.
    private void Sleep()
    {
        var now = NowMs();
        var next = _doneMs + 1;
        while (next <= _doneMs + Slots && _slots[next % Slots] is null)
        {
            next++;
        }

        if (next > now)
        {
            _wakeMs = next;
            Monitor.Wait(_gate, (int)(next - now));
            _wakeMs = 0;
        }
    }

    private void Turn(WheelEntry? incoming, long now)
    {
        for (var entry = incoming; entry is not null;)
        {
            var next = entry.Next;
            // What is late goes into the first slot that is not yet done.
            Place(entry, Math.Max(entry.DueMs, _doneMs + 1));
            entry = next;
        }

        // After a pause longer than the ring each slot is looked at once.
        for (var at = Math.Max(_doneMs + 1, now - Slots + 1); at <= now; at++)
        {
            var entry = _slots[at % Slots];
            _slots[at % Slots] = null;
            while (entry is not null)
            {
                var next = entry.Next;
                if (entry.DueMs <= now)
                {
                    entry.Fire();
                }
                else
                {
                    Place(entry, entry.DueMs);
                }

                entry = next;
            }
        }

        _doneMs = Math.Max(_doneMs, now);
    }

    private void Place(WheelEntry entry, long slotMs)
    {
        entry.Next = _slots[slotMs % Slots];
        _slots[slotMs % Slots] = entry;
    }
}
