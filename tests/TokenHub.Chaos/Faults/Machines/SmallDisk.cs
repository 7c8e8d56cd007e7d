using System.Diagnostics;

namespace TokenHub.Chaos.Faults.Machines;

/// <summary>A file system of a few megabytes that can be filled. Needs the right to mount.</summary>
internal sealed class SmallDisk : IDisposable
{
    private readonly string _filler;

    private SmallDisk(string folder)
    {
        Folder = folder;
        _filler = Path.Combine(folder, "filler");
    }

    public string Folder { get; }

    public long FreeBytes => new DriveInfo(Folder).AvailableFreeSpace;

    public static SmallDisk Create(int megabytes)
    {
        var disk = new SmallDisk(Directory.CreateTempSubdirectory("tokenhub-chaos-disk-").FullName);
        Run("mount", "-t", "tmpfs", "-o", $"size={megabytes}m", "tmpfs", disk.Folder);
        return disk;
    }

    /// <summary>Leaves only so many bytes free.</summary>
    public void FillTo(long freeBytes)
    {
        using var file = new FileStream(_filler, FileMode.Append);
        var block = new byte[64 << 10];
        try
        {
            for (var left = FreeBytes - freeBytes; left > 0; left -= block.Length)
            {
                file.Write(block.AsSpan(0, (int)Math.Min(left, block.Length)));
                file.Flush();
            }
        }
        catch (IOException)
        {
            // Full to the brim.
        }
    }

    public void Empty() => File.Delete(_filler);

    public void Dispose()
    {
        Run("umount", "-l", Folder);
        Directory.Delete(Folder);
    }

    private static void Run(string file, params string[] arguments)
    {
        using var process = Process.Start(file, arguments);
        process.WaitForExit();
        if (process.ExitCode != 0)
        {
            throw new InvalidOperationException($"{file} {string.Join(' ', arguments)} ended with {process.ExitCode}.");
        }
    }
}
