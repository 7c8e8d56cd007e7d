namespace TokenHub.Load.Results;

/// <summary>
/// What the callers of one run count together. Faults are never forgotten; times only count while it is on.
/// </summary>
internal sealed class Meter
{
    private long _calls;
    private long _chunks;
    private volatile bool _isOn;

    public Faults Faults { get; } = new();

    /// <summary>Whole calls, from the first byte sent to the last received.</summary>
    public Histogram Latency { get; } = new();

    /// <summary>From the first byte sent to the first byte of the body.</summary>
    public Histogram FirstByte { get; } = new();

    /// <summary>One way, from the upstream's send to the client's receive.</summary>
    public Histogram Transit { get; } = new();

    public long Calls => Interlocked.Read(ref _calls);

    public long Chunks => Interlocked.Read(ref _chunks);

    public void TurnOn() => _isOn = true;

    public void TurnOff() => _isOn = false;

    public void Call(long latencyNs, long firstByteNs)
    {
        Interlocked.Increment(ref _calls);
        if (_isOn)
        {
            Latency.Add(latencyNs);
            FirstByte.Add(firstByteNs);
        }
    }

    /// <param name="transitNs">Negative when the chunk carries no send time.</param>
    public void Chunk(long transitNs)
    {
        Interlocked.Increment(ref _chunks);
        if (_isOn && transitNs >= 0)
        {
            Transit.Add(transitNs);
        }
    }
}
