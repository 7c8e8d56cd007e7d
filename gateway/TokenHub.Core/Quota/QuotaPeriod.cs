namespace TokenHub.Core.Quota;

/// <summary>
/// One period of a quota window, in milliseconds since 1970: from its start until just before its end.
/// </summary>
public readonly record struct QuotaPeriod(long StartMs, long EndMs)
{
    public long LengthMs => EndMs - StartMs;

    public bool Contains(long instantMs) => StartMs <= instantMs && instantMs < EndMs;
}
