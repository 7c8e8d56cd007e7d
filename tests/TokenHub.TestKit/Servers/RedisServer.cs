namespace TokenHub.TestKit.Servers;

/// <summary>A private redis-server on a free port, empty, without persistence unless asked for.</summary>
public sealed class RedisServer : IAsyncDisposable
{
    private const int StartsMax = 3;

    private readonly List<string> _arguments;
    private readonly DirectoryInfo _directory;
    private ChildProcess _process;

    private RedisServer(int port, DirectoryInfo directory, List<string> arguments)
    {
        Port = port;
        _directory = directory;
        _arguments = arguments;
        _process = Launch();
    }

    public int Port { get; }

    public string Url => $"redis://127.0.0.1:{Port}";

    public int ProcessId => _process.Id;

    public string DataDirectory => _directory.FullName;

    /// <summary>Further options as on the command line: <c>"--requirepass", "x"</c>.</summary>
    public static async Task<RedisServer> StartAsync(bool appendOnly = false, params string[] options)
    {
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                return await StartAsync(FreePort.Next(), appendOnly, options);
            }
            catch (InvalidOperationException) when (attempt < StartsMax)
            {
                // Something else may have taken the port since it was looked at.
            }
        }
    }

    /// <summary>As above, on a port of the caller's choice.</summary>
    public static async Task<RedisServer> StartAsync(int port, bool appendOnly, params string[] options)
    {
        var directory = Directory.CreateTempSubdirectory("tokenhub-redis-");
        List<string> arguments =
        [
            "--bind", "127.0.0.1", "--port", $"{port}", "--dir", directory.FullName, "--save", "",
            "--appendonly", appendOnly ? "yes" : "no", "--enable-debug-command", "yes", .. options,
        ];
        var server = new RedisServer(port, directory, arguments);
        try
        {
            await server.WaitReadyAsync();
            return server;
        }
        catch
        {
            await server.DisposeAsync();
            throw;
        }
    }

    /// <summary>kill -9, as when the machine takes it.</summary>
    public async Task KillAsync()
    {
        _process.Kill();
        await _process.WaitForExitAsync(TimeSpan.FromSeconds(5));
    }

    /// <summary>
    /// Stops it where it stands, as a partition or a stalled machine does, until <see cref="Resume"/>.
    /// </summary>
    public void Freeze() => _process.Signal(OperatingSystem.IsMacOS() ? 17 : 19);

    public void Resume() => _process.Signal(OperatingSystem.IsMacOS() ? 19 : 18);

    /// <summary>Asks one thing on a connection of its own; the answer as the server writes it.</summary>
    public Task<string> AskAsync(params string[] command) => Probe.AskAsync(Port, "", command);

    /// <summary>Starts it again on the same port and folder.</summary>
    public async Task RestartAsync()
    {
        if (!_process.HasExited)
        {
            await KillAsync();
        }

        _process = Launch();
        await WaitReadyAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await _process.DisposeAsync();
        _directory.Delete(recursive: true);
    }

    /// <summary>False where there is no such server to start.</summary>
    public static bool IsInstalled => TryFindBinary() is not null;

    internal static string FindBinary() => TryFindBinary()
        ?? throw new FileNotFoundException("These tests need redis-server (or valkey-server) on the PATH.");

    private static string? TryFindBinary() =>
        (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':')
            .SelectMany(folder => new[] { "redis-server", "valkey-server" }.Select(name => Path.Combine(folder, name)))
            .FirstOrDefault(File.Exists);

    private ChildProcess Launch() => ChildProcess.Start(FindBinary(), _arguments);

    private Task WaitReadyAsync() => Probe.UntilAsync(
        () => _process.HasExited
            ? throw new InvalidOperationException($"redis-server stopped:\n{_process.Output}")
            : Probe.AnswersAsync(Port, "PING\r\n", ""),
        TimeSpan.FromSeconds(10),
        $"redis-server answers on port {Port}");
}
