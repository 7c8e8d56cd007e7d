namespace TokenHub.Redis.Connections;

/// <summary>
/// Counts the moments after which the servers may know less, or older things, than before. Thread-safe.
/// </summary>
internal sealed class ServerChanges
{
    private long _generation;

    /// <summary>Told on the thread pool, some moments after; also when only the set of servers has changed.</summary>
    public event Action? Changed;

    public long Generation => Interlocked.Read(ref _generation);

    /// <summary>Something may be lost: counted before any call reaches the server as it is now.</summary>
    public void Raise()
    {
        Interlocked.Increment(ref _generation);
        Tell();
    }

    /// <summary>A server came or went, and nothing is lost by that.</summary>
    public void Tell()
    {
        if (Changed is { } changed)
        {
            ThreadPool.UnsafeQueueUserWorkItem(static told => told(), changed, preferLocal: false);
        }
    }
}
