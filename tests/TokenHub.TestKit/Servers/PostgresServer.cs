using Npgsql;

namespace TokenHub.TestKit.Servers;

/// <summary>
/// A private PostgreSQL cluster in a temporary folder, on a free port, with a fresh database for whoever asks.
/// </summary>
public sealed class PostgresServer : IAsyncDisposable
{
    private readonly DirectoryInfo _directory;
    private ChildProcess _process;
    private int _databases;

    private readonly string[] _settings;

    private PostgresServer(int port, DirectoryInfo directory, string[] settings)
    {
        _settings = settings;
        Port = port;
        _directory = directory;
        _process = Launch();
    }

    public int Port { get; }

    public int ProcessId => _process.Id;

    /// <summary>What the running server has written to its log.</summary>
    public string Output => _process.Output;

    /// <summary>Variables for every start from now on.</summary>
    public Dictionary<string, string> Variables { get; } = [];

    public bool HasExited => _process.HasExited;

    /// <param name="settings">More settings, as <c>max_connections=5</c>.</param>
    public static Task<PostgresServer> StartAsync(params string[] settings) => StartInAsync(null, settings);

    /// <param name="folder">Where it keeps its data; null for a temporary folder.</param>
    public static async Task<PostgresServer> StartInAsync(string? folder, params string[] settings)
    {
        var directory = folder is null
            ? Directory.CreateTempSubdirectory("tokenhub-pg-")
            : Directory.CreateDirectory(Path.Combine(folder, "postgres"));
        if (Environment.UserName == "root")
        {
            await RunAsync("chown", ["nobody", directory.FullName], asNobody: false);
        }

        var data = Path.Combine(directory.FullName, "data");
        await RunAsync(
            Binary("initdb"),
            ["-D", data, "-U", "tokenhub", "--auth=trust", "--no-sync", "--encoding=UTF8", "--no-locale"],
            asNobody: true);
        var server = new PostgresServer(FreePort.Next(), directory, settings);
        await server.WaitReadyAsync();
        return server;
    }

    public string ConnectionString(string database) =>
        $"Host=127.0.0.1;Port={Port};Username=tokenhub;Database={database};Include Error Detail=true";

    /// <summary>The same address as a URL, as <c>TOKENHUB_DATABASE_URL</c> takes it.</summary>
    public string Url(string database) => $"postgres://tokenhub:unused@127.0.0.1:{Port}/{database}";

    /// <summary>Makes an empty database and returns its name.</summary>
    public async Task<string> CreateDatabaseAsync()
    {
        var name = $"test_{Interlocked.Increment(ref _databases)}";
        await using var connection = new NpgsqlConnection(ConnectionString("postgres"));
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand($"create database {name}", connection);
        await command.ExecuteNonQueryAsync();
        return name;
    }

    /// <summary>Makes a role that may sign in and nothing else.</summary>
    public async Task CreateRoleAsync(string name)
    {
        await using var connection = new NpgsqlConnection(ConnectionString("postgres"));
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand($"create role {name} login", connection);
        await command.ExecuteNonQueryAsync();
    }

    /// <summary>
    /// kill -9 of the postmaster; its children, which hold its output open, follow when they notice.
    /// </summary>
    public async Task KillAsync()
    {
        _process.Kill();
        await _process.WaitForExitAsync(TimeSpan.FromSeconds(30));
    }

    /// <summary>Starts it again, as often as it takes for the children of a killed one to be gone.</summary>
    public async Task RestartAsync()
    {
        if (!_process.HasExited)
        {
            await KillAsync();
        }

        await Probe.UntilAsync(
            async () =>
            {
                _process = Launch();
                return await ReadyOrExitedAsync();
            },
            TimeSpan.FromSeconds(30),
            "PostgreSQL starts again");
    }

    public async ValueTask DisposeAsync()
    {
        await _process.DisposeAsync();
        NpgsqlConnection.ClearAllPools();
        await Probe.UntilAsync(TryDelete, TimeSpan.FromSeconds(30), "the database folder can be deleted");
    }

    private bool TryDelete()
    {
        try
        {
            _directory.Delete(recursive: true);
            return true;
        }
        catch (IOException)
        {
            // A child of the killed postmaster is still writing there.
            return !_directory.Exists;
        }
    }

    // Variables are set by env, after the rights are dropped: what a preloaded library shares must not be root's.
    private ChildProcess Launch() => ChildProcess.Start(
        "/usr/bin/env",
        [
            .. Variables.Select(variable => $"{variable.Key}={variable.Value}"), Binary("postgres"),
            "-D", Path.Combine(_directory.FullName, "data"), "-p", $"{Port}", "-c", "listen_addresses=127.0.0.1",
            "-c", $"unix_socket_directories={_directory.FullName}", "-c", "max_connections=200", "-c", "shared_buffers=64MB",
            .. _settings.SelectMany(setting => new[] { "-c", setting }),
        ],
        asNobody: true);

    private async Task WaitReadyAsync()
    {
        if (!await ReadyOrExitedAsync())
        {
            throw new InvalidOperationException($"PostgreSQL did not start:\n{_process.Output}");
        }
    }

    private async Task<bool> ReadyOrExitedAsync()
    {
        var ready = false;
        await Probe.UntilAsync(
            async () => (ready = await CanConnectAsync()) || _process.HasExited, TimeSpan.FromSeconds(30), "PostgreSQL answers");
        return ready;
    }

    private async Task<bool> CanConnectAsync()
    {
        try
        {
            await using var connection = new NpgsqlConnection(ConnectionString("postgres") + ";Pooling=false;Timeout=2");
            await connection.OpenAsync();
            return true;
        }
        catch (Exception error) when (error is NpgsqlException or TimeoutException)
        {
            return false;
        }
    }

    private static string Binary(string name)
    {
        const string Debian = "/usr/lib/postgresql";
        var versions = Directory.Exists(Debian)
            ? Directory.GetDirectories(Debian).OrderByDescending(d => int.TryParse(Path.GetFileName(d), out var v) ? v : 0)
                .Select(d => Path.Combine(d, "bin"))
            : [];
        return versions.Concat((Environment.GetEnvironmentVariable("PATH") ?? "").Split(':'))
            .Select(folder => Path.Combine(folder, name))
            .FirstOrDefault(File.Exists)
            ?? throw new FileNotFoundException($"These tests need PostgreSQL's {name}.");
    }

    private static async Task RunAsync(string file, string[] arguments, bool asNobody)
    {
        await using var process = ChildProcess.Start(file, arguments, asNobody: asNobody);
        if (await process.WaitForExitAsync(TimeSpan.FromSeconds(60)) != 0)
        {
            throw new InvalidOperationException($"{file} failed:\n{process.Output}");
        }
    }
}
