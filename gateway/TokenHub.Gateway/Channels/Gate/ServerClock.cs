namespace TokenHub.Gateway.Channels.Gate;

/// <summary>
/// The time by Redis' clock, which alone says in which period a window is: as its last answer said, moved on by the
/// gateway's monotonic clock. Before any answer the gateway's own time of day. A jump of that has no effect.
/// </summary>
internal sealed class ServerClock(TimeProvider time)
{
    // Redis' milliseconds less the monotonic ones.
    private long _offset = time.GetUtcNow().ToUnixTimeMilliseconds() - Monotonic(time);

    public long NowMs => Monotonic(time) + Volatile.Read(ref _offset);

    public void Saw(long nowMs) => Volatile.Write(ref _offset, nowMs - Monotonic(time));

    private static long Monotonic(TimeProvider time) =>
        (long)(time.GetTimestamp() * (1000.0 / time.TimestampFrequency));
}
