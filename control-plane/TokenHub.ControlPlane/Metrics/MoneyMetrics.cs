using TokenHub.Ledger.Draining;

namespace TokenHub.ControlPlane.Metrics;

/// <summary>What this control plane has done to the ledger since its start. Thread-safe, without locks.</summary>
internal sealed class MoneyMetrics(TimeProvider time)
{
    private static readonly double[] Seconds = [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 600, 3600];
    private readonly long[] _delays = new long[Seconds.Length + 1];
    private long _delayMs;
    private long _posted;
    private long _parked;
    private long _released;
    private long _fromCopies;

    public static IReadOnlyList<double> DelayBounds => Seconds;

    public long Posted => Volatile.Read(ref _posted);

    public long Parked => Volatile.Read(ref _parked);

    public long Released => Volatile.Read(ref _released);

    public long FromCopies => Volatile.Read(ref _fromCopies);

    /// <summary>Seconds from the end of requests to their commit, by the gateways' clocks.</summary>
    public double DelaySum => Volatile.Read(ref _delayMs) / 1000.0;

    /// <summary>Requests by that time, up to and including each bound.</summary>
    public long[] Delays()
    {
        var total = 0L;
        return [.. _delays.Select((_, i) => total += Volatile.Read(ref _delays[i]))];
    }

    /// <summary>Never waits; called on the way of every commit.</summary>
    public void Note(PostedBatch batch)
    {
        Interlocked.Add(ref _posted, batch.Added);
        Interlocked.Add(ref _parked, batch.Parked);
        var now = time.GetUtcNow().ToUnixTimeMilliseconds();
        foreach (var request in batch.Requests)
        {
            var delay = Math.Max(0, now - request.EndedMs);
            var at = Array.FindIndex(Seconds, bound => delay <= bound * 1000);
            Interlocked.Increment(ref _delays[at < 0 ? Seconds.Length : at]);
            Interlocked.Add(ref _delayMs, delay);
        }
    }

    /// <summary>Holds that nobody worked for any more were given back.</summary>
    public void NoteReleased(int holds) => Interlocked.Add(ref _released, holds);

    /// <summary>Charges that waited in Redis were acknowledged or posted from their copies.</summary>
    public void NoteCopies(int copies) => Interlocked.Add(ref _fromCopies, copies);
}
