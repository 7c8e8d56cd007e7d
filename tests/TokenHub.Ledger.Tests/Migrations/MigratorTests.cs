using Npgsql;
using TokenHub.Ledger.Migrations;
using TokenHub.Ledger.Tests.Fixtures;

namespace TokenHub.Ledger.Tests.Migrations;

[Trait("needs", "postgres")]
public sealed class MigratorTests(LedgerServers servers)
{
    private static readonly Migration First = Migration.Create("0001_first.sql", "create table a (id integer);");
    private static readonly Migration Second = Migration.Create("0002_second.sql", "create table b (id integer);");

    [Fact]
    public async Task Each_step_is_applied_once_and_in_order()
    {
        await using var database = await EmptyAsync();

        Assert.Equal(1, await new Migrator(database, [First]).MigrateAsync());
        Assert.Equal(1, await new Migrator(database, [Second, First]).MigrateAsync());
        Assert.Equal(0, await new Migrator(database, [First, Second]).MigrateAsync());
    }

    [Fact]
    public async Task Processes_that_start_at_once_share_the_work()
    {
        await using var database = await EmptyAsync();

        var applied = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => new Migrator(database).MigrateAsync()));

        Assert.Equal(Migration.Embedded.Count, applied.Sum());
        Assert.Equal(1, applied.Count(count => count > 0));
    }

    [Fact]
    public async Task Changed_step_stops_the_start()
    {
        await using var database = await EmptyAsync();
        await new Migrator(database, [First]).MigrateAsync();
        var changed = Migration.Create(First.Name, First.Sql + " ");

        var fault = await Assert.ThrowsAsync<MigrationException>(
            () => new Migrator(database, [changed, Second]).MigrateAsync());

        Assert.Contains("was changed", fault.Message);
    }

    [Fact]
    public async Task Newer_database_stops_the_start()
    {
        await using var database = await EmptyAsync();
        await new Migrator(database, [First, Second]).MigrateAsync();

        var fault = await Assert.ThrowsAsync<MigrationException>(() => new Migrator(database, [First]).MigrateAsync());

        Assert.Contains("newer version", fault.Message);
    }

    [Fact]
    public async Task Step_below_one_already_applied_stops_the_start()
    {
        await using var database = await EmptyAsync();
        await new Migrator(database, [Second]).MigrateAsync();

        var fault = await Assert.ThrowsAsync<MigrationException>(
            () => new Migrator(database, [First, Second]).MigrateAsync());

        Assert.Contains("comes before", fault.Message);
    }

    [Fact]
    public async Task Failing_step_leaves_nothing_of_itself_and_all_before_it()
    {
        await using var database = await EmptyAsync();
        var broken = Migration.Create("0002_broken.sql", "create table c (id integer); select nonsense;");

        await Assert.ThrowsAsync<PostgresException>(() => new Migrator(database, [First, broken]).MigrateAsync());

        await using var command = database.CreateCommand(
            "select to_regclass('a') is not null and to_regclass('c') is null");
        Assert.Equal(true, await command.ExecuteScalarAsync());
        Assert.Equal(1, await new Migrator(database, [First, Second]).MigrateAsync());
    }

    [Theory]
    [InlineData("1_a.sql")]
    [InlineData("00001_a.sql")]
    [InlineData("0001-a.sql")]
    [InlineData("0001_A.sql")]
    public void Badly_named_step_is_refused(string name) =>
        Assert.Throws<MigrationException>(() => Migration.Create(name, ""));

    [Fact]
    public void Line_ends_do_not_change_the_hash() =>
        Assert.Equal(
            Migration.Create("0001_a.sql", "a\nb\n").Sha256, Migration.Create("0001_a.sql", "a\r\nb\r\n").Sha256);

    private async Task<NpgsqlDataSource> EmptyAsync() =>
        LedgerDatabase.Open(servers.Postgres.ConnectionString(await servers.Postgres.CreateDatabaseAsync()));
}
