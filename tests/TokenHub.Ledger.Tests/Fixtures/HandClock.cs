namespace TokenHub.Ledger.Tests.Fixtures;

/// <summary>A monotonic clock that stands still until it is moved; the wall clock may jump apart from it.</summary>
public sealed class HandClock : TimeProvider
{
    private long _ticks = 1;

    public TimeSpan WallJump { get; set; }

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    public override long GetTimestamp() => Volatile.Read(ref _ticks);

    public override DateTimeOffset GetUtcNow() => base.GetUtcNow() + WallJump;

    public void Advance(TimeSpan by) => Interlocked.Add(ref _ticks, by.Ticks);
}
