using TokenHub.Core.Usage;
using TokenHub.Gateway.Settlement.Log;

namespace TokenHub.Gateway.Settlement;

/// <summary>
/// Watches the space of the log. New requests stop at 80 % of what it may have: the stated limit, or all that the file
/// system gives, whichever is less. They stop when the disk has no room for one more segment, and when the blocks set
/// aside no longer hold a record of every open request at its largest, so that what has begun can always be closed.
/// </summary>
public sealed class DiskGuard(LogFiles files, InFlightTable table, string folder, long bytesMax)
{
    private const int CheckEveryMs = 1000;
    private const int UsedPercentMax = 80;
    private static readonly int FrameBytesMax = LogFrame.LengthOf(UsageRecordCodec.BytesMax);
    private long _checkedAtMs = -CheckEveryMs;
    private bool _hasSpace = true;

    /// <summary>True while another request may begin. The file system is looked at once a second at most.</summary>
    public bool HasRoom
    {
        get
        {
            var now = Environment.TickCount64;
            var checkedAt = Volatile.Read(ref _checkedAtMs);
            if (now - checkedAt >= CheckEveryMs
                && Interlocked.CompareExchange(ref _checkedAtMs, now, checkedAt) == checkedAt)
            {
                // Who would be refused looks for himself: after an idle time the last look says nothing.
                if (!Volatile.Read(ref _hasSpace))
                {
                    Check();
                }
                else
                {
                    ThreadPool.UnsafeQueueUserWorkItem(static guard => guard.Check(), this, preferLocal: false);
                }
            }

            return Volatile.Read(ref _hasSpace) && files.RoomBytes >= (table.OpenCount + 1L) * FrameBytesMax;
        }
    }

    /// <summary>Size of segments that fits a log of so many bytes on a file system with so much free.</summary>
    public static long SegmentBytesFor(long bytesMax, long freeBytes)
    {
        const long Least = 1L << 20;
        const long Most = 64L << 20;
        return Math.Clamp(Math.Min(bytesMax, freeBytes) / 16, Least, Most) / Least * Least;
    }

    public void Check()
    {
        try
        {
            files.MakeSpare();
            var used = files.UsedBytes;
            var free = files.Disk.FreeBytes(folder);
            var limit = Math.Min(bytesMax, used + files.RoomBytes + free);
            Volatile.Write(ref _hasSpace, used < limit / 100 * UsedPercentMax && free >= files.SegmentBytes);
        }
        catch (IOException)
        {
            Volatile.Write(ref _hasSpace, false);
        }
    }
}
