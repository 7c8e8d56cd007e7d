using Npgsql;
using TokenHub.TestKit.Servers;

namespace TokenHub.Chaos.Rigs;

/// <summary>The rig's own PostgreSQL cluster: everything a machine or an operator can do to it.</summary>
internal sealed class Database : IAsyncDisposable
{
    private readonly List<string> _pastOutputs = [];
    private readonly PostgresServer _server;
    private readonly string _name;

    private Database(PostgresServer server, string name) => (_server, _name) = (server, name);

    public int Port => _server.Port;

    public int ProcessId => _server.ProcessId;

    public string Name => _name;

    public SemaphoreSlim Gate { get; } = new(1);

    public string Output => string.Concat(_pastOutputs) + _server.Output;

    public Dictionary<string, string> Variables => _server.Variables;

    public bool IsRunning => !_server.HasExited;

    /// <param name="folder">Where it keeps its data; null for a temporary folder.</param>
    public static async Task<Database> StartAsync(string? folder)
    {
        var server = await PostgresServer.StartInAsync(folder);
        return new Database(server, await server.CreateDatabaseAsync());
    }

    public string UrlThrough(int edgePort) => $"postgres://tokenhub:canary-database@127.0.0.1:{edgePort}/{_name}";

    public Task KillAsync() => _server.KillAsync();

    /// <summary>As <c>pg_ctl stop -m immediate</c>.</summary>
    public async Task StopAtOnceAsync()
    {
        Signal(3);
        await Probe.UntilAsync(() => _server.HasExited, TimeSpan.FromSeconds(10), "PostgreSQL has stopped");
    }

    public void Signal(int signal)
    {
        using var kill = System.Diagnostics.Process.Start("/bin/kill", [$"-{signal}", $"{ProcessId}"]);
        kill.WaitForExit();
    }

    public async Task StartAgainAsync()
    {
        _pastOutputs.Add(_server.Output);
        NpgsqlConnection.ClearAllPools();
        await _server.RestartAsync();
    }

    /// <summary>A session of one's own, past all edges.</summary>
    public async Task<NpgsqlConnection> OpenAsync()
    {
        var connection = new NpgsqlConnection(_server.ConnectionString(_name) + ";Pooling=false;Timeout=5;Command Timeout=60");
        await connection.OpenAsync();
        return connection;
    }

    public async Task ExecuteAsync(string sql)
    {
        await using var connection = await OpenAsync();
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync();
    }

    public static async Task ExecuteOnAsync(NpgsqlConnection session, string sql)
    {
        await using var command = new NpgsqlCommand(sql, session);
        await command.ExecuteNonQueryAsync();
    }

    public async Task<List<T>> ReadAsync<T>(string sql, Func<NpgsqlDataReader, T> row)
    {
        await using var connection = await OpenAsync();
        await using var command = new NpgsqlCommand(sql, connection);
        await using var reader = await command.ExecuteReaderAsync();
        var rows = new List<T>();
        while (await reader.ReadAsync())
        {
            rows.Add(row(reader));
        }

        return rows;
    }

    public async ValueTask DisposeAsync()
    {
        Gate.Dispose();
        await _server.DisposeAsync();
    }
}
