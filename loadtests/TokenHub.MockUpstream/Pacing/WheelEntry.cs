namespace TokenHub.MockUpstream.Pacing;

/// <summary>Something that wants to be called at a time; in one wheel, once, until it has been called.</summary>
internal abstract class WheelEntry
{
    internal WheelEntry? Next { get; set; }

    internal long DueMs { get; set; }

    /// <summary>Called on the wheel's own thread, so it must not wait and must not throw.</summary>
    public abstract void Fire();
}
