using Npgsql;
using TokenHub.Ledger.Migrations;
using TokenHub.TestKit.Servers;

[assembly: AssemblyFixture(typeof(TokenHub.Ledger.Tests.Fixtures.LedgerServers))]

namespace TokenHub.Ledger.Tests.Fixtures;

/// <summary>
/// One real PostgreSQL for all tests that do not kill them; each test has its own database.
/// </summary>
public sealed class LedgerServers : IAsyncLifetime
{
    public const string Template = "migrated";
    private int _databases;

    public PostgresServer Postgres { get; private set; } = null!;

    public async ValueTask InitializeAsync()
    {
        Postgres = await PostgresServer.StartAsync();
        await CreateAsync(Template, "template1");
        await using var database = LedgerDatabase.Open(Postgres.ConnectionString(Template) + ";Pooling=false");
        await new Migrator(database).MigrateAsync();
    }

    public ValueTask DisposeAsync() => Postgres.DisposeAsync();

    /// <summary>The connection string of a fresh database with the whole schema.</summary>
    public async Task<string> CreateDatabaseAsync()
    {
        var name = $"ledger_{Interlocked.Increment(ref _databases)}";
        await CreateAsync(name, Template);
        return Postgres.ConnectionString(name);
    }

    private async Task CreateAsync(string name, string template)
    {
        await using var connection = new NpgsqlConnection(Postgres.ConnectionString("postgres"));
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand($"create database {name} template {template}", connection);
        await command.ExecuteNonQueryAsync();
    }
}
