using Npgsql;
using TokenHub.Ledger;
using TokenHub.Ledger.Migrations;
using TokenHub.TestKit.Servers;

[assembly: AssemblyFixture(typeof(TokenHub.ControlPlane.Tests.Internal.PlaneStores))]

namespace TokenHub.ControlPlane.Tests.Internal;

/// <summary>
/// One real PostgreSQL for the tests of what gateways call; each has a migrated database and a Redis of its own.
/// </summary>
public sealed class PlaneStores : IAsyncLifetime
{
    private PostgresServer? _postgres;

    public PostgresServer Postgres => _postgres!;

    public async ValueTask InitializeAsync() => _postgres = await PostgresServer.StartAsync();

    public async ValueTask DisposeAsync()
    {
        if (_postgres is not null)
        {
            await _postgres.DisposeAsync();
        }
    }

    public async Task<NpgsqlDataSource> CreateDatabaseAsync()
    {
        var database = LedgerDatabase.Open(Postgres.ConnectionString(await Postgres.CreateDatabaseAsync()));
        await new Migrator(database).MigrateAsync();
        return database;
    }
}
