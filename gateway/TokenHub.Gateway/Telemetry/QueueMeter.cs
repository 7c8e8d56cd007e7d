using System.Collections.Concurrent;
using System.Runtime.CompilerServices;

namespace TokenHub.Gateway.Telemetry;

/// <summary>What is counted of the lines in front of full channels.</summary>
internal sealed class QueueMeter
{
    private readonly ConcurrentDictionary<string, StrongBox<long>> _ends = new();
    private int _waiting;

    /// <summary>Requests in line now.</summary>
    public int Waiting
    {
        get => Volatile.Read(ref _waiting);
        set => Volatile.Write(ref _waiting, value);
    }

    public Histogram Waits { get; } = new(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60);

    public IEnumerable<KeyValuePair<string, long>> Ends =>
        _ends.Select(end => KeyValuePair.Create(end.Key, Volatile.Read(ref end.Value.Value)));

    /// <param name="end">How it ended, by name.</param>
    /// <param name="waitedMs">0 for one that never stood in line.</param>
    public void Ended(string end, int waitedMs)
    {
        Interlocked.Increment(ref _ends.GetOrAdd(end, static _ => new StrongBox<long>()).Value);
        if (waitedMs > 0)
        {
            Waits.Add(waitedMs / 1000.0);
        }
    }
}
