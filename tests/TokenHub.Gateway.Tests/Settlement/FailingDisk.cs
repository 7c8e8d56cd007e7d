using Microsoft.Win32.SafeHandles;
using TokenHub.Gateway.Settlement.Log;

namespace TokenHub.Gateway.Tests.Settlement;

/// <summary>A real disk whose calls fail when they are told to.</summary>
internal sealed class FailingDisk : LogDisk
{
    private int _syncs;

    public bool FailsSync { get; set; }

    public bool FailsWrite { get; set; }

    public bool FailsCreate { get; set; }

    /// <summary>Null asks the real file system.</summary>
    public long? Free { get; set; }

    /// <summary>Syncs that were tried after the first that failed.</summary>
    public int SyncsAfterFailure => Volatile.Read(ref _syncs);

    public override SafeFileHandle Create(string path, long length) =>
        FailsCreate ? throw new IOException("No space left on device.") : base.Create(path, length);

    public override void Write(SafeFileHandle file, ReadOnlySpan<byte> bytes, long offset)
    {
        if (FailsWrite)
        {
            throw new IOException("Input/output error.");
        }

        base.Write(file, bytes, offset);
    }

    public override void Sync(SafeFileHandle file)
    {
        if (FailsSync)
        {
            Interlocked.Increment(ref _syncs);
            throw new IOException("Input/output error.");
        }

        base.Sync(file);
    }

    public override long FreeBytes(string folder) => Free ?? base.FreeBytes(folder);
}
