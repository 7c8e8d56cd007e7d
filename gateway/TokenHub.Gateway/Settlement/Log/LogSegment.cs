using Microsoft.Win32.SafeHandles;

namespace TokenHub.Gateway.Settlement.Log;

/// <summary>
/// One file of the log, preallocated so that a record that fits always has room: <c>log-{first LSN, hex}.wal</c>.
/// </summary>
public sealed class LogSegment : IDisposable
{
    private readonly LogDisk _disk;
    private readonly SafeFileHandle _file;

    private LogSegment(LogDisk disk, string path, long firstLsn, SafeFileHandle file, long length)
    {
        _disk = disk;
        Path = path;
        FirstLsn = firstLsn;
        Length = length;
        _file = file;
    }

    public string Path { get; }

    public long FirstLsn { get; }

    public long Length { get; }

    /// <summary>Where the next frame goes.</summary>
    public long End { get; private set; }

    public static LogSegment Create(string folder, long firstLsn, long length, LogDisk? disk = null)
    {
        disk ??= LogDisk.Real;
        var path = PathOf(folder, firstLsn);
        return new LogSegment(disk, path, firstLsn, disk.Create(path, length), length);
    }

    /// <summary>Takes a file that was set aside: nothing is allocated any more, so this works on a full disk.</summary>
    public static LogSegment Take(string folder, string spare, long firstLsn, LogDisk disk)
    {
        var path = PathOf(folder, firstLsn);
        disk.Rename(spare, path);
        return Open(path, disk);
    }

    public static LogSegment Open(string path) => Open(path, LogDisk.Real);

    public static LogSegment Open(string path, LogDisk disk)
    {
        var name = System.IO.Path.GetFileNameWithoutExtension(path);
        var firstLsn = Convert.ToInt64(name["log-".Length..], 16);
        var file = File.OpenHandle(path, FileMode.Open, FileAccess.ReadWrite, FileShare.Read);
        return new LogSegment(disk, path, firstLsn, file, RandomAccess.GetLength(file));
    }

    public static IEnumerable<string> PathsIn(string folder) =>
        Directory.GetFiles(folder, "log-*.wal").Order(StringComparer.Ordinal);

    public bool HasRoomFor(int bytes) => End + bytes <= Length;

    /// <summary>Writes whole frames at the end. They are durable only after <see cref="Sync"/>.</summary>
    public void Append(ReadOnlySpan<byte> frames)
    {
        _disk.Write(_file, frames, End);
        End += frames.Length;
    }

    public void Sync() => _disk.Sync(_file);

    public int Read(Span<byte> destination, long offset) => RandomAccess.Read(_file, destination, offset);

    /// <summary>Sets the end found by reading, and clears what a torn last write left behind it.</summary>
    public void TruncateTo(long end)
    {
        End = end;
        Span<byte> zeros = new byte[64 * 1024];
        for (var at = end; at < Length; at += zeros.Length)
        {
            _disk.Write(_file, zeros[..(int)Math.Min(zeros.Length, Length - at)], at);
        }

        Sync();
    }

    public void SetEnd(long end) => End = end;

    public void Dispose() => _file.Dispose();

    private static string PathOf(string folder, long firstLsn) =>
        System.IO.Path.Combine(folder, $"log-{firstLsn:x16}.wal");
}
