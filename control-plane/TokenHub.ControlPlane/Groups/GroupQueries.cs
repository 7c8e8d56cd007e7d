using Dapper;
using Npgsql;
using TokenHub.ControlPlane.Rules;
using TokenHub.ControlPlane.Wire;

namespace TokenHub.ControlPlane.Groups;

internal sealed record GroupRow
{
    public string Name { get; init; } = "";
    public string Policy { get; init; } = "";
    public int PriceFactorBp { get; init; }
    public long[] UserIds { get; init; } = [];
    public bool InCommon { get; init; }
    public bool Hedges { get; init; }
    public int? Rpm { get; init; }
    public int? Tpm { get; init; }
    public int? QueueMax { get; init; }
    public int? QueueWaitMs { get; init; }
    public long Version { get; init; }
    public DateTime CreatedAt { get; init; }

    public GroupShape ToShape() => new()
    {
        Policy = Policy,
        PriceFactorBp = PriceFactorBp,
        UserIds = UserIds,
        InCommon = InCommon,
        Hedges = Hedges,
        Rpm = Rpm,
        Tpm = Tpm,
        QueueMax = QueueMax,
        QueueWaitMs = QueueWaitMs,
    };

    /// <param name="showsUsers">False for those who may not know who else uses it.</param>
    public GroupView ToView(bool showsUsers) => new()
    {
        Name = Name,
        Policy = Policy,
        PriceFactor = FactorText.Format(PriceFactorBp),
        UserIds = showsUsers ? [.. UserIds.Select(id => WireId.Format(WireId.User, id))] : null,
        InCommon = InCommon,
        Hedges = Hedges,
        Rpm = Rpm,
        Tpm = Tpm,
        QueueMax = QueueMax,
        QueueWaitMs = QueueWaitMs,
        Version = Version,
        CreatedAt = CreatedAt,
    };
}

/// <summary>
/// Channel groups in PostgreSQL. <c>@OnlyUser</c> limits reading to the groups that the caller may use.
/// </summary>
internal sealed class GroupQueries(NpgsqlDataSource database)
{
    private const string Columns = """
        name, policy, price_factor_bp, user_ids, in_common, hedges, rpm, tpm, queue_max, queue_wait_ms, version,
          created_at
        """;

    private const string FindSql = $"""
        select {Columns}
        from channel_groups
        where name = @Name
          and (@OnlyUser::bigint is null or cardinality(user_ids) = 0 or @OnlyUser::bigint = any(user_ids))
        """;

    private const string LockSql = $"select {Columns} from channel_groups where name = @Name for update";

    private const string ListSql = $"""
        select {Columns}
        from channel_groups
        where (@OnlyUser::bigint is null or cardinality(user_ids) = 0 or @OnlyUser::bigint = any(user_ids))
          and (@After::text is null or name > @After::text)
        order by name
        limit @Count
        """;

    private const string CountSql = "select count(*) from channel_groups";

    private const string UnknownUsersSql = """
        select asked.id
        from unnest(@UserIds::bigint[]) as asked (id)
        where not exists (select from users u where u.id = asked.id)
        """;

    private const string IsNamedSql =
        "select exists (select from channels where @Name = any(groups) and status <> 'deleted')";

    private const string AddSql = $"""
        insert into channel_groups (
          name, policy, price_factor_bp, user_ids, in_common, hedges, rpm, tpm, queue_max, queue_wait_ms)
        values (
          @Name, @Policy, @PriceFactorBp, @UserIds, @InCommon, @Hedges, @Rpm, @Tpm, @QueueMax, @QueueWaitMs)
        on conflict (name) do nothing
        returning {Columns}
        """;

    private const string UpdateSql = $"""
        update channel_groups
        set policy = @Policy,
            price_factor_bp = @PriceFactorBp,
            user_ids = @UserIds,
            in_common = @InCommon,
            hedges = @Hedges,
            rpm = @Rpm,
            tpm = @Tpm,
            queue_max = @QueueMax,
            queue_wait_ms = @QueueWaitMs,
            version = version + 1
        where name = @Name
        returning {Columns}
        """;

    private const string DeleteSql = "delete from channel_groups where name = @Name";

    public async Task<GroupRow?> FindAsync(string name, long? onlyUser, CancellationToken cancellation)
    {
        await using var connection = await database.OpenConnectionAsync(cancellation);
        return await connection.QuerySingleOrDefaultAsync<GroupRow>(
            new CommandDefinition(FindSql, new { Name = name, OnlyUser = onlyUser }, cancellationToken: cancellation));
    }

    public async Task<IReadOnlyList<GroupRow>> ListAsync(
        PageRequest page, long? onlyUser, CancellationToken cancellation)
    {
        await using var connection = await database.OpenConnectionAsync(cancellation);
        var rows = await connection.QueryAsync<GroupRow>(new CommandDefinition(
            ListSql,
            new { OnlyUser = onlyUser, page.After, Count = page.Limit + 1 },
            cancellationToken: cancellation));
        return rows.AsList();
    }

    public static Task<GroupRow?> LockAsync(
        NpgsqlTransaction transaction, string name, CancellationToken cancellation) =>
        transaction.Connection!.QuerySingleOrDefaultAsync<GroupRow>(
            new CommandDefinition(LockSql, new { Name = name }, transaction, cancellationToken: cancellation));

    public static Task<long> CountAsync(NpgsqlTransaction transaction, CancellationToken cancellation) =>
        transaction.Connection!.ExecuteScalarAsync<long>(
            new CommandDefinition(CountSql, null, transaction, cancellationToken: cancellation));

    public static async Task<IReadOnlyList<long>> UnknownUsersAsync(
        NpgsqlTransaction transaction, long[] userIds, CancellationToken cancellation)
    {
        var rows = await transaction.Connection!.QueryAsync<long>(new CommandDefinition(
            UnknownUsersSql, new { UserIds = userIds }, transaction, cancellationToken: cancellation));
        return rows.AsList();
    }

    /// <summary>True while a channel is in the group.</summary>
    public static Task<bool> IsNamedAsync(
        NpgsqlTransaction transaction, string name, CancellationToken cancellation) =>
        transaction.Connection!.ExecuteScalarAsync<bool>(
            new CommandDefinition(IsNamedSql, new { Name = name }, transaction, cancellationToken: cancellation));

    /// <summary>Null when there is a group of this name already.</summary>
    public static Task<GroupRow?> AddAsync(
        NpgsqlTransaction transaction, string name, GroupShape shape, CancellationToken cancellation) =>
        transaction.Connection!.QuerySingleOrDefaultAsync<GroupRow>(
            new CommandDefinition(AddSql, Parameters(name, shape), transaction, cancellationToken: cancellation));

    public static Task<GroupRow> UpdateAsync(
        NpgsqlTransaction transaction, string name, GroupShape shape, CancellationToken cancellation) =>
        transaction.Connection!.QuerySingleAsync<GroupRow>(
            new CommandDefinition(UpdateSql, Parameters(name, shape), transaction, cancellationToken: cancellation));

    public static Task DeleteAsync(NpgsqlTransaction transaction, string name, CancellationToken cancellation) =>
        transaction.Connection!.ExecuteAsync(
            new CommandDefinition(DeleteSql, new { Name = name }, transaction, cancellationToken: cancellation));

    private static object Parameters(string name, GroupShape shape) => new
    {
        Name = name,
        shape.Policy,
        shape.PriceFactorBp,
        shape.UserIds,
        shape.InCommon,
        shape.Hedges,
        shape.Rpm,
        shape.Tpm,
        shape.QueueMax,
        shape.QueueWaitMs,
    };
}
