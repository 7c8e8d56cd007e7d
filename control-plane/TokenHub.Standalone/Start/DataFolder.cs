namespace TokenHub.Standalone.Start;

/// <summary>
/// The folder of everything that is kept. One instance at a time, held by a lock that dies with the process.
/// </summary>
public sealed class DataFolder : IDisposable
{
    private readonly FileStream _lock;

    private DataFolder(string path, FileStream folderLock)
    {
        Path = path;
        _lock = folderLock;
    }

    public string Path { get; }

    public static DataFolder Open(string path)
    {
        try
        {
            Directory.CreateDirectory(path);
            var file = new FileStream(
                System.IO.Path.Combine(path, "lock"), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
            return new DataFolder(path, file);
        }
        catch (UnauthorizedAccessException)
        {
            throw new StartRefusedException(
                $"the data folder {path} cannot be written to; TOKENHUB_DATA_DIR names another");
        }
        catch (IOException error) when (error is not (DirectoryNotFoundException or PathTooLongException))
        {
            throw new StartRefusedException(
                $"another TokenHub is running on the data folder {path}; "
                + "stop it first, or name another with TOKENHUB_DATA_DIR");
        }
    }

    public string Sub(params string[] names) => System.IO.Path.Combine([Path, .. names]);

    public string EnsureSub(params string[] names) => Directory.CreateDirectory(Sub(names)).FullName;

    public void Dispose() => _lock.Dispose();
}
