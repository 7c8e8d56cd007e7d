namespace TokenHub.Gateway.Exchanges;

/// <summary>What a request is waiting for; names the reason when the wait was too long.</summary>
internal enum Wait : byte
{
    None = 0,
    Head,
    FirstContent,
    UpstreamBytes,
    ClientWrite,
}

/// <summary>
/// The one limit under which a request currently waits. Setting it is a field write: streams do so for every chunk. A
/// clock shared by all looks at them a few times a second.
/// </summary>
internal sealed class Deadline
{
    private CancellationTokenSource? _stop;
    private long _dueMs = long.MaxValue;

    /// <summary>What was waited for in vain, or none.</summary>
    public Wait Missed { get; private set; }

    public Wait Current { get; private set; }

    /// <summary>Is called with every look of the clock, from its thread; null for nobody.</summary>
    public Action<long>? OnTick { get; set; }

    internal int Index { get; set; } = -1;

    /// <summary>From now on a missed limit cancels <paramref name="stop"/>.</summary>
    public void Begin(CancellationTokenSource stop)
    {
        Missed = Wait.None;
        Volatile.Write(ref _dueMs, long.MaxValue);
        _stop = stop;
    }

    public void Set(Wait wait, TimeSpan limit)
    {
        Current = wait;
        Volatile.Write(ref _dueMs, Environment.TickCount64 + (long)limit.TotalMilliseconds);
    }

    public void Clear()
    {
        Current = Wait.None;
        Volatile.Write(ref _dueMs, long.MaxValue);
    }

    /// <summary>Cancels when the limit has passed. What is read before the exchange belongs to the same wait.</summary>
    internal void Check(long nowMs)
    {
        var due = Volatile.Read(ref _dueMs);
        if (due > nowMs)
        {
            return;
        }

        var (stop, wait) = (_stop, Current);
        if (Interlocked.CompareExchange(ref _dueMs, long.MaxValue, due) == due)
        {
            Missed = wait;
            stop?.Cancel();
        }
    }
}

/// <summary>Looks after the deadlines of all running requests.</summary>
internal sealed class Deadlines : IDisposable
{
    private readonly Lock _gate = new();
    private readonly List<Deadline> _running = [];
    private readonly List<Deadline> _looked = [];
    private readonly Timer _timer;
    private int _isLooking;

    public Deadlines(TimeSpan tick)
    {
        _timer = new Timer(static state => ((Deadlines)state!).Look(), this, tick, tick);
    }

    public int Count
    {
        get
        {
            lock (_gate)
            {
                return _running.Count;
            }
        }
    }

    public void Add(Deadline deadline)
    {
        lock (_gate)
        {
            deadline.Index = _running.Count;
            _running.Add(deadline);
        }
    }

    public void Remove(Deadline deadline)
    {
        deadline.Clear();
        lock (_gate)
        {
            var last = _running[^1];
            _running[deadline.Index] = last;
            last.Index = deadline.Index;
            _running.RemoveAt(_running.Count - 1);
            deadline.Index = -1;
        }
    }

    public void Dispose() => _timer.Dispose();

    // Cancelling runs the request's continuation, so it happens outside the lock, on a copy.
    private void Look()
    {
        if (Interlocked.Exchange(ref _isLooking, 1) == 1)
        {
            return;
        }

        lock (_gate)
        {
            _looked.AddRange(_running);
        }

        var now = Environment.TickCount64;
        foreach (var deadline in _looked)
        {
            deadline.Check(now);
            deadline.OnTick?.Invoke(now);
        }

        _looked.Clear();
        Volatile.Write(ref _isLooking, 0);
    }
}
