using Dapper;
using Npgsql;
using TokenHub.ControlPlane.Wire;
using TokenHub.Core.Snapshots;

namespace TokenHub.ControlPlane.Affinity;

internal sealed record AffinityRuleRow
{
    public long Id { get; init; }
    public string Name { get; init; } = "";
    public int Position { get; init; }
    public string? Path { get; init; }
    public string? Model { get; init; }
    public string Source { get; init; } = "";
    public int TtlSeconds { get; init; }
    public bool Pinned { get; init; }
    public int? UnbindAfterMs { get; init; }
    public string Status { get; init; } = "";
    public long Generation { get; init; }
    public DateTime? FlushedAt { get; init; }
    public long Version { get; init; }
    public DateTime CreatedAt { get; init; }

    public string WireName => WireId.Format(WireId.AffinityRule, Id);

    public AffinityRuleShape ToShape() => new()
    {
        Name = Name,
        Position = Position,
        Path = Path,
        Model = Model,
        Source = Source,
        TtlSeconds = TtlSeconds,
        Pinned = Pinned,
        UnbindAfterMs = UnbindAfterMs,
        Status = Status,
    };

    /// <summary>The rule as gateways are told of it.</summary>
    public AffinityRule ToRule() => new()
    {
        Id = Id,
        Name = Name,
        Path = Path,
        Model = Model,
        Source = Source,
        TtlSeconds = TtlSeconds,
        IsPinned = Pinned,
        UnbindAfterMs = UnbindAfterMs,
        Generation = Generation,
    };

    public AffinityRuleView ToView() => new()
    {
        Id = WireName,
        Name = Name,
        Position = Position,
        Path = Path,
        Model = Model,
        Source = Source,
        TtlSeconds = TtlSeconds,
        Pinned = Pinned,
        UnbindAfterMs = UnbindAfterMs,
        Status = Status,
        Enabled = Status == "active",
        FlushedAt = FlushedAt,
        Version = Version,
        CreatedAt = CreatedAt,
    };
}

/// <summary>Affinity rules in PostgreSQL, and the generations that flushes raise.</summary>
internal sealed class AffinityRuleQueries(NpgsqlDataSource database)
{
    private const string Columns = """
        id, name, position, path, model, source, ttl_seconds, pinned, unbind_after_ms, status, generation, flushed_at,
        version, created_at
        """;

    /// <summary>The rules in force, in their order.</summary>
    public const string ActiveSql = $"""
        select {Columns} from affinity_rules where status = 'active' order by position, id
        """;

    private const string ListSql = $"select {Columns} from affinity_rules order by position, id";

    private const string LockSql = $"select {Columns} from affinity_rules where id = @Id for update";

    // One writer at a time, or two would both see room for one more.
    private const string CountSql = """
        with locked as (select pg_advisory_xact_lock(730658365)) select count(a.id) from locked, affinity_rules a
        """;

    private const string AddSql = $"""
        insert into affinity_rules (
          name, position, path, model, source, ttl_seconds, pinned, unbind_after_ms, status)
        values (
          @Name, coalesce(@Position, (select least(coalesce(max(position), 0) + 10, 1000000) from affinity_rules)),
          @Path, @Model, @Source, @TtlSeconds, @Pinned, @UnbindAfterMs, @Status)
        returning {Columns}
        """;

    private const string UpdateSql = $"""
        update affinity_rules
        set name = @Name, position = @Position, path = @Path, model = @Model, source = @Source,
            ttl_seconds = @TtlSeconds, pinned = @Pinned, unbind_after_ms = @UnbindAfterMs, status = @Status,
            version = version + 1
        where id = @Id
        returning {Columns}
        """;

    private const string DeleteSql = "delete from affinity_rules where id = @Id";

    private const string FlushSql = $"""
        update affinity_rules set generation = generation + 1, flushed_at = now() where id = @Id returning {Columns}
        """;

    private const string FlushChannelSql = """
        update channels set affinity_generation = affinity_generation + 1
        where id = @Id and (@OnlyUser::bigint is null or owner_user_id = @OnlyUser) and status <> 'deleted'
        returning owner_user_id
        """;

    public async Task<IReadOnlyList<AffinityRuleRow>> ListAsync(CancellationToken cancellation)
    {
        await using var connection = await database.OpenConnectionAsync(cancellation);
        var rows = await connection.QueryAsync<AffinityRuleRow>(
            new CommandDefinition(ListSql, cancellationToken: cancellation));
        return rows.AsList();
    }

    public static Task<long> CountAsync(NpgsqlTransaction transaction, CancellationToken cancellation) =>
        transaction.Connection!.ExecuteScalarAsync<long>(
            new CommandDefinition(CountSql, null, transaction, cancellationToken: cancellation));

    public static Task<AffinityRuleRow?> LockAsync(
        NpgsqlTransaction transaction, long id, CancellationToken cancellation) =>
        transaction.Connection!.QuerySingleOrDefaultAsync<AffinityRuleRow>(
            new CommandDefinition(LockSql, new { Id = id }, transaction, cancellationToken: cancellation));

    public static Task<AffinityRuleRow> AddAsync(
        NpgsqlTransaction transaction, AffinityRuleShape shape, CancellationToken cancellation) =>
        transaction.Connection!.QuerySingleAsync<AffinityRuleRow>(
            new CommandDefinition(AddSql, Parameters(0, shape), transaction, cancellationToken: cancellation));

    public static Task<AffinityRuleRow> UpdateAsync(
        NpgsqlTransaction transaction, long id, AffinityRuleShape shape, CancellationToken cancellation) =>
        transaction.Connection!.QuerySingleAsync<AffinityRuleRow>(
            new CommandDefinition(UpdateSql, Parameters(id, shape), transaction, cancellationToken: cancellation));

    public static Task<int> DeleteAsync(NpgsqlTransaction transaction, long id, CancellationToken cancellation) =>
        transaction.Connection!.ExecuteAsync(
            new CommandDefinition(DeleteSql, new { Id = id }, transaction, cancellationToken: cancellation));

    /// <summary>Null when there is no such rule.</summary>
    public static Task<AffinityRuleRow?> FlushAsync(
        NpgsqlTransaction transaction, long id, CancellationToken cancellation) =>
        transaction.Connection!.QuerySingleOrDefaultAsync<AffinityRuleRow>(
            new CommandDefinition(FlushSql, new { Id = id }, transaction, cancellationToken: cancellation));

    /// <summary>The channel's owner, null within for the platform; none when the caller sees no such channel.</summary>
    public static async Task<IReadOnlyList<long?>> FlushChannelAsync(
        NpgsqlTransaction transaction, long id, long? onlyUser, CancellationToken cancellation)
    {
        var owners = await transaction.Connection!.QueryAsync<long?>(new CommandDefinition(
            FlushChannelSql, new { Id = id, OnlyUser = onlyUser }, transaction, cancellationToken: cancellation));
        return owners.AsList();
    }

    private static object Parameters(long id, AffinityRuleShape shape) => new
    {
        Id = id,
        shape.Name,
        shape.Position,
        shape.Path,
        shape.Model,
        shape.Source,
        shape.TtlSeconds,
        shape.Pinned,
        shape.UnbindAfterMs,
        shape.Status,
    };
}
