namespace TokenHub.Standalone.Processes;

/// <summary>A child's output: in a file of bounded size, and its last lines in memory for a message.</summary>
public sealed class ProcessLog(string path, Action<string>? onLine = null) : IDisposable
{
    private const long FileBytesMax = 16 * 1024 * 1024;
    private const int RecentLinesMax = 20;
    private readonly Queue<string> _recent = new();
    private readonly object _gate = new();
    private StreamWriter _file = Open(path);

    public string Recent
    {
        get
        {
            lock (_gate)
            {
                return string.Join('\n', _recent);
            }
        }
    }

    public void Write(string? line)
    {
        if (line is null)
        {
            return;
        }

        lock (_gate)
        {
            if (_file.BaseStream.Position > FileBytesMax)
            {
                _file.Dispose();
                File.Move(path, path + ".1", overwrite: true);
                _file = Open(path);
            }

            _file.WriteLine(line);
            _recent.Enqueue(line);
            if (_recent.Count > RecentLinesMax)
            {
                _recent.Dequeue();
            }
        }

        onLine?.Invoke(line);
    }

    public void Dispose()
    {
        lock (_gate)
        {
            _file.Dispose();
        }
    }

    private static StreamWriter Open(string path) => new(path, append: true) { AutoFlush = true };
}
