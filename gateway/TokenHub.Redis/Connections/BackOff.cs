namespace TokenHub.Redis.Connections;

/// <summary>
/// Pauses between attempts: doubling, bounded, with jitter so that many clients do not come back at one instant.
/// </summary>
internal sealed class BackOff(TimeSpan delayMax)
{
    private const int FirstMs = 20;
    private const int DoublingsMax = 16;

    // A connection that did not live this long counts as one more failure.
    private const int StableMs = 2_000;

    private int _failures;
    private long _connectedMs;

    public TimeSpan Next()
    {
        var doubledMs = (double)FirstMs * (1 << Math.Min(_failures, DoublingsMax));
        var ceilingMs = Math.Min(delayMax.TotalMilliseconds, doubledMs);
        _failures++;
        return TimeSpan.FromMilliseconds(ceilingMs * (0.5 + (Random.Shared.NextDouble() / 2)));
    }

    public void Connected() => _connectedMs = Environment.TickCount64;

    public void Lost()
    {
        if (Environment.TickCount64 - _connectedMs >= StableMs)
        {
            _failures = 0;
        }
    }
}
