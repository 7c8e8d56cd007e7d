namespace TokenHub.ControlPlane.Tests.Support;

/// <summary>A clock that stands at the moment of its making, moved forward as far as a test wants.</summary>
internal sealed class ShiftedClock : TimeProvider
{
    private readonly DateTimeOffset _start = DateTimeOffset.UtcNow;
    private long _shiftTicks;

    public void Advance(TimeSpan by) => Interlocked.Add(ref _shiftTicks, by.Ticks);

    public override DateTimeOffset GetUtcNow() => _start + new TimeSpan(Interlocked.Read(ref _shiftTicks));
}
