using Dapper;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;

namespace TokenHub.Ledger.Migrations;

/// <summary>
/// Brings a database to the schema of this build: each missing step in a transaction of its own, in order, forward
/// only. Several processes may start at once: one works, the others wait and then find nothing to do.
/// </summary>
public sealed class Migrator(
    NpgsqlDataSource database, IReadOnlyList<Migration>? migrations = null, ILogger<Migrator>? logger = null)
{
    private const string LockSql = $"select pg_advisory_lock({AdvisoryLocks.Migrations})";

    private const string UnlockSql = $"select pg_advisory_unlock({AdvisoryLocks.Migrations})";

    private const string CreateTableSql = """
        create table if not exists schema_migrations (
          name       text primary key,
          sha256     text not null,
          applied_at timestamptz not null default now())
        """;

    private const string ReadAppliedSql = "select name, sha256 from schema_migrations order by name";

    private const string NoteAppliedSql = "insert into schema_migrations (name, sha256) values (@name, @sha256)";

    private readonly IReadOnlyList<Migration> _migrations = migrations ?? Migration.Embedded;
    private readonly ILogger _logger = logger ?? NullLogger<Migrator>.Instance;

    /// <summary>
    /// Returns the number of steps applied. Throws <see cref="MigrationException"/> when it must not go on.
    /// </summary>
    public async Task<int> MigrateAsync(CancellationToken ct = default)
    {
        await using var connection = await database.OpenConnectionAsync(ct);

        // No time-out while waiting: another process may be half-way through a long step.
        await connection.ExecuteAsync(new CommandDefinition(LockSql, commandTimeout: 0, cancellationToken: ct));
        try
        {
            await connection.ExecuteAsync(new CommandDefinition(CreateTableSql, cancellationToken: ct));
            var applied = (await connection.QueryAsync<AppliedRow>(
                new CommandDefinition(ReadAppliedSql, cancellationToken: ct))).AsList();
            var missing = FindMissing(applied);
            foreach (var migration in missing)
            {
                await ApplyAsync(connection, migration, ct);
            }

            return missing.Count;
        }
        finally
        {
            await connection.ExecuteAsync(UnlockSql);
        }
    }

    private List<Migration> FindMissing(List<AppliedRow> applied)
    {
        var known = _migrations.ToDictionary(m => m.Name);
        if (_migrations.GroupBy(m => m.Number).FirstOrDefault(g => g.Count() > 1) is { } twice)
        {
            throw new MigrationException($"Two steps have one number: {string.Join(", ", twice.Select(m => m.Name))}.");
        }

        foreach (var row in applied)
        {
            if (!known.TryGetValue(row.Name, out var migration))
            {
                throw new MigrationException(
                    $"The database has step {row.Name}, which this build does not know: it is of a newer version.");
            }

            if (migration.Sha256 != row.Sha256)
            {
                throw new MigrationException($"Step {row.Name} was changed after it was applied to this database.");
            }
        }

        var done = applied.Select(row => row.Name).ToHashSet();
        var missing = _migrations.Where(m => !done.Contains(m.Name)).OrderBy(m => m.Number).ToList();
        var last = applied.Count == 0 ? 0 : applied.Max(row => known[row.Name].Number);
        return missing.Find(m => m.Number <= last) is { } late
            ? throw new MigrationException($"Step {late.Name} comes before steps that this database already has.")
            : missing;
    }

    private async Task ApplyAsync(NpgsqlConnection connection, Migration migration, CancellationToken ct)
    {
        await using var transaction = await connection.BeginTransactionAsync(ct);
        await connection.ExecuteAsync(
            new CommandDefinition(migration.Sql, transaction: transaction, commandTimeout: 0, cancellationToken: ct));
        await connection.ExecuteAsync(new CommandDefinition(
            NoteAppliedSql,
            new { name = migration.Name, sha256 = migration.Sha256 },
            transaction,
            cancellationToken: ct));
        await transaction.CommitAsync(ct);
        _logger.LogInformation("Applied {Migration}", migration.Name);
    }

    private sealed record AppliedRow(string Name, string Sha256);
}
