namespace TokenHub.Gateway.Exchanges;

/// <summary>
/// Lets answers be read on whose client has left: so many at a time, each for so long, none once the gateway stops.
/// </summary>
internal sealed class DrainGate(int countMax, TimeSpan limit)
{
    private readonly Lock _gate = new();
    private readonly List<CancellationTokenSource> _running = [];
    private bool _isClosed;

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

    /// <summary>Takes one of the places; <paramref name="stop"/> is cancelled when its time is over.</summary>
    public bool TryEnter(CancellationTokenSource stop)
    {
        lock (_gate)
        {
            if (_isClosed || _running.Count >= countMax || stop.IsCancellationRequested)
            {
                return false;
            }

            _running.Add(stop);
        }

        stop.CancelAfter(limit);
        return true;
    }

    public void Leave(CancellationTokenSource stop)
    {
        stop.CancelAfter(Timeout.InfiniteTimeSpan);
        lock (_gate)
        {
            _running.Remove(stop);
        }
    }

    /// <summary>The gateway stops: what is still being read on ends now.</summary>
    public void Close()
    {
        CancellationTokenSource[] running;
        lock (_gate)
        {
            _isClosed = true;
            running = [.. _running];
        }

        foreach (var stop in running)
        {
            stop.Cancel();
        }
    }
}
