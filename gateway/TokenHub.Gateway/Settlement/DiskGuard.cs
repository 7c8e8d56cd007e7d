namespace TokenHub.Gateway.Settlement;

/// <summary>
/// Watches the space left for the log. What is open always fits; new requests stop while there is little left.
/// </summary>
public sealed class DiskGuard(string folder, long segmentBytes)
{
    private const int CheckEveryMs = 1000;
    private readonly DriveInfo _drive = new(Path.GetFullPath(folder));
    private long _checkedAtMs = -CheckEveryMs;
    private bool _hasRoom = true;

    /// <summary>True while two more segments would fit. Looked up at most once a second.</summary>
    public bool HasRoom
    {
        get
        {
            var now = Environment.TickCount64;
            var checkedAt = Volatile.Read(ref _checkedAtMs);
            if (now - checkedAt >= CheckEveryMs
                && Interlocked.CompareExchange(ref _checkedAtMs, now, checkedAt) == checkedAt)
            {
                ThreadPool.UnsafeQueueUserWorkItem(static guard => guard.Check(), this, preferLocal: false);
            }

            return Volatile.Read(ref _hasRoom);
        }
    }

    private void Check()
    {
        try
        {
            Volatile.Write(ref _hasRoom, _drive.AvailableFreeSpace > 2 * segmentBytes);
        }
        catch (IOException)
        {
            Volatile.Write(ref _hasRoom, false);
        }
    }
}
