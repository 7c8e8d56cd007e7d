using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace TokenHub.Gateway.Settlement.Log;

/// <summary>
/// The calls with which the log reaches its disk, in one place so that a test can let each of them fail.
/// </summary>
public partial class LogDisk
{
    // EINTR
    private const int Interrupted = 4;

    public static LogDisk Real { get; } = new();

    /// <summary>Makes a file of this length whose blocks are all there, durably.</summary>
    public virtual SafeFileHandle Create(string path, long length)
    {
        var file = File.OpenHandle(
            path, FileMode.CreateNew, FileAccess.ReadWrite, FileShare.Read, preallocationSize: length);
        try
        {
            // The length itself has to be durable before a record relies on it.
            RandomAccess.SetLength(file, length);
            RandomAccess.FlushToDisk(file);
            SyncFolder(Path.GetDirectoryName(path)!);
            return file;
        }
        catch
        {
            file.Dispose();
            File.Delete(path);
            throw;
        }
    }

    public virtual void Rename(string path, string newPath)
    {
        File.Move(path, newPath);
        SyncFolder(Path.GetDirectoryName(newPath)!);
    }

    public virtual void Write(SafeFileHandle file, ReadOnlySpan<byte> bytes, long offset) =>
        RandomAccess.Write(file, bytes, offset);

    /// <summary>
    /// Makes what was written durable, and no more: the length is fixed at the start, and a full sync would also write
    /// the file's times through the file system's journal, which doubles what it costs.
    /// </summary>
    public virtual void Sync(SafeFileHandle file)
    {
        if (!OperatingSystem.IsLinux())
        {
            RandomAccess.FlushToDisk(file);
            return;
        }

        int error;
        do
        {
            error = FdataSync(file) == 0 ? 0 : Marshal.GetLastPInvokeError();
        }
        while (error == Interrupted);

        if (error != 0)
        {
            throw new IOException($"The log could not be synced to its disk (error {error}).", error);
        }
    }

    /// <summary>Bytes that the file system still gives to this process.</summary>
    public virtual long FreeBytes(string folder) => new DriveInfo(Path.GetFullPath(folder)).AvailableFreeSpace;

    // A new name is durable only when its folder is; the base library has no call for that.
    private static void SyncFolder(string folder)
    {
        if (OperatingSystem.IsWindows())
        {
            return;
        }

        var descriptor = Open(folder, 0);
        if (descriptor < 0)
        {
            return;
        }

        _ = Fsync(descriptor);
        _ = Close(descriptor);
    }

    [LibraryImport("libc", EntryPoint = "open", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Open(string path, int flags);

    [LibraryImport("libc", EntryPoint = "fdatasync", SetLastError = true)]
    private static partial int FdataSync(SafeFileHandle file);

    [LibraryImport("libc", EntryPoint = "fsync")]
    private static partial int Fsync(int descriptor);

    [LibraryImport("libc", EntryPoint = "close")]
    private static partial int Close(int descriptor);
}
