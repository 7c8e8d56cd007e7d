using Microsoft.Win32.SafeHandles;
using TokenHub.Gateway.Settlement.Log;

namespace TokenHub.Bench.Settling;

/// <summary>A disk each of whose syncs takes so much longer.</summary>
internal sealed class StallingDisk(TimeSpan stall) : LogDisk
{
    private int _syncs;

    public int Syncs => Volatile.Read(ref _syncs);

    public override void Sync(SafeFileHandle file)
    {
        Interlocked.Increment(ref _syncs);
        Thread.Sleep(stall);
        base.Sync(file);
    }
}
