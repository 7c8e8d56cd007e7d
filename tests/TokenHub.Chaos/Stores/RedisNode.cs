using System.Diagnostics;
using TokenHub.TestKit.Servers;

namespace TokenHub.Chaos.Stores;

/// <summary>
/// One redis-server with an append-only file that is synced each second, and a memory of how long that file was.
/// </summary>
internal sealed class RedisNode : IAsyncDisposable
{
    private static readonly TimeSpan StartsWithin = TimeSpan.FromSeconds(15);
    private readonly DirectoryInfo _folder;
    private readonly List<(long AtMs, string File, long Bytes)> _lengths = [];
    private readonly Timer _watch;
    private readonly string[] _options;
    private ChildProcess _process;

    private RedisNode(string? folder, int port, string[] options)
    {
        (Port, _options) = (port, options);
        _folder = folder is null
            ? Directory.CreateTempSubdirectory("tokenhub-chaos-redis-")
            : Directory.CreateDirectory(Path.Combine(folder, $"redis-{port}"));
        _process = Launch([]);
        _watch = new Timer(_ => NoteLength(), null, 100, 100);
    }

    public int Port { get; }

    public string Output => _process.Output;

    /// <summary>Variables for every start from now on.</summary>
    public Dictionary<string, string> Variables { get; } = [];

    public int ProcessId => _process.Id;

    private string Data => Path.Combine(_folder.FullName, "data");

    private string Copy => Path.Combine(_folder.FullName, "copy");

    public static Task<RedisNode> StartAsync(int port, params string[] options) => StartInAsync(null, port, options);

    /// <param name="folder">Where it keeps its data; null for a temporary folder.</param>
    public static async Task<RedisNode> StartInAsync(string? folder, int port, params string[] options)
    {
        var node = new RedisNode(folder, port, options);
        await node.WaitReadyAsync();
        return node;
    }

    public async Task KillAsync()
    {
        _process.Kill();
        await _process.WaitForExitAsync(TimeSpan.FromSeconds(5));
    }

    public Task StartAgainAsync()
    {
        _process = Launch([]);
        return WaitReadyAsync();
    }

    /// <summary>
    /// Starts what was killed so that it takes about so long to read its file, and says meanwhile that it is loading.
    /// </summary>
    public void StartLoading(TimeSpan takes)
    {
        long bytes;
        lock (_lengths)
        {
            bytes = _lengths.Count > 0 ? _lengths[^1].Bytes : 0;
        }

        // A command in the file has some 40 bytes at least; the delay is one for each, in microseconds.
        var delay = Math.Max(1, (long)takes.TotalMicroseconds / Math.Max(1, bytes / 40));
        _process = Launch(["--key-load-delay", $"{delay}"]);
    }

    public void Signal(int signal) => _process.Signal(signal);

    public void CutTail(TimeSpan back)
    {
        var until = Now() - (long)back.TotalMilliseconds;
        lock (_lengths)
        {
            var then = _lengths.LastOrDefault(length => length.AtMs <= until);
            if (then.File is not null && File.Exists(then.File))
            {
                using var file = new FileStream(then.File, FileMode.Open);
                file.SetLength(Math.Min(then.Bytes, file.Length));
            }
        }
    }

    public void Wipe()
    {
        Directory.Delete(Data, recursive: true);
        Forget();
    }

    public void KeepCopy() => CopyFolder(Data, Copy);

    public void RestoreCopy()
    {
        CopyFolder(Copy, Data);
        Forget();
    }

    public async ValueTask DisposeAsync()
    {
        await _watch.DisposeAsync();
        await _process.DisposeAsync();
        _folder.Delete(recursive: true);
    }

    private ChildProcess Launch(string[] more)
    {
        Directory.CreateDirectory(Data);
        return ChildProcess.Start(
            "redis-server",
            [
                "--bind", "127.0.0.1", "--port", $"{Port}", "--dir", Data, "--save", "", "--appendonly", "yes",
                "--appendfsync", "everysec", "--auto-aof-rewrite-percentage", "0", "--enable-debug-command", "yes",
                "--repl-diskless-sync-delay", "0", .. _options, .. more,
            ],
            Variables);
    }

    public Task WaitReadyAsync() => Probe.UntilAsync(
        async () => !_process.HasExited
            ? await Probe.AnswersAsync(Port, "PING\r\n", "+PONG")
            : throw new InvalidOperationException($"redis-server ended:\n{_process.Output}"),
        StartsWithin,
        $"redis-server answers on port {Port}");

    private void NoteLength()
    {
        try
        {
            var newest = new DirectoryInfo(Path.Combine(Data, "appendonlydir")).GetFiles("*.incr.aof").MaxBy(f => f.Name);
            if (newest is not null && !_process.HasExited)
            {
                lock (_lengths)
                {
                    _lengths.Add((Now(), newest.FullName, newest.Length));
                    _lengths.RemoveRange(0, Math.Max(0, _lengths.Count - 600));
                }
            }
        }
        catch (Exception error) when (error is IOException or InvalidOperationException)
        {
            // The folder is being exchanged, or the server ends.
        }
    }

    private void Forget()
    {
        lock (_lengths)
        {
            _lengths.Clear();
        }
    }

    private static void CopyFolder(string from, string to)
    {
        if (Directory.Exists(to))
        {
            Directory.Delete(to, recursive: true);
        }

        foreach (var file in Directory.GetFiles(from, "*", SearchOption.AllDirectories))
        {
            var target = Path.Combine(to, Path.GetRelativePath(from, file));
            Directory.CreateDirectory(Path.GetDirectoryName(target)!);
            File.Copy(file, target);
        }
    }

    private static long Now() => Stopwatch.GetTimestamp() / (Stopwatch.Frequency / 1000);
}
