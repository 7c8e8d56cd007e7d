using Dapper;
using Npgsql;

namespace TokenHub.Ledger.Migrations;

/// <summary>
/// Gives the role that the control plane runs as what it needs and nothing more: it reads and writes, but cannot change
/// the schema, and rows of money it can only add. Run by the schema's owner after each migration.
/// </summary>
public sealed class RuntimeRole(NpgsqlDataSource owner)
{
    /// <summary>Tables whose rows are never changed or deleted, by nobody.</summary>
    public static readonly IReadOnlyList<string> AppendOnly =
    [
        "transfers", "transfer_seals", "corrections", "usage_events", "usage_attempts", "audit_events", "write_offs",
    ];

    private const string OwnSchema = "schema_migrations";

    private const string JudgeSql = """
        select case
          when rolsuper then 'is a superuser'
          when pg_has_role(oid, current_user, 'member') then 'has the rights of the owner of the schema'
          else '' end
        from pg_roles
        where rolname = @role
        """;

    // Partitions are reached through their parent: they get nothing.
    private const string StatementsSql = """
        with tables as (
          select c.oid::regclass as name, c.relname::text as plain, c.relispartition
          from pg_class c
          where c.relnamespace = current_schema::regnamespace and c.relkind in ('r', 'p')
        )
        select statement
        from (
          select 1 as step, format('revoke create on schema %I from public', current_schema) as statement
          union all
          select 1, format('grant usage on schema %I to %I', current_schema, @role::text)
          union all
          select 2, format('revoke all on table %s from %I', name, @role::text) from tables
          union all
          select 3, format(
            'grant %s on table %s to %I',
            case
              when plain = @ownSchema::text then 'select'
              when plain = any(@appendOnly::text[]) then 'select, insert'
              else 'select, insert, update, delete' end,
            name, @role::text)
          from tables
          where not relispartition
          union all
          select 3, format(
            'grant usage, select on all sequences in schema %I to %I', current_schema, @role::text)
        ) s
        order by step
        """;

    /// <summary>
    /// Does nothing when the role is the owner itself. Throws <see cref="MigrationException"/> when the role could do
    /// more anyway.
    /// </summary>
    public async Task GrantAsync(string role, CancellationToken ct = default)
    {
        await using var connection = await owner.OpenConnectionAsync(ct);
        CommandDefinition Command(string sql, object? parameters = null, NpgsqlTransaction? transaction = null) =>
            new(sql, parameters, transaction, cancellationToken: ct);

        if (await connection.ExecuteScalarAsync<string>(Command("select current_user::text")) == role)
        {
            return;
        }

        var fault = await connection.ExecuteScalarAsync<string>(Command(JudgeSql, new { role }));
        if (fault != "")
        {
            throw new MigrationException(
                $"The role {role} of the database URL {fault ?? "does not exist"}; the control plane cannot be it.");
        }

        await using var transaction = await connection.BeginTransactionAsync(ct);
        var statements = await connection.QueryAsync<string>(Command(
            StatementsSql, new { role, ownSchema = OwnSchema, appendOnly = AppendOnly.ToArray() }, transaction));
        await connection.ExecuteAsync(Command(string.Join(";\n", statements), null, transaction));
        await transaction.CommitAsync(ct);
    }
}
