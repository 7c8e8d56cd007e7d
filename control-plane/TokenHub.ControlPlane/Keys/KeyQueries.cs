using Dapper;
using Npgsql;
using TokenHub.ControlPlane.Wire;
using TokenHub.Core.Keys;
using TokenHub.Core.Money;

namespace TokenHub.ControlPlane.Keys;

internal sealed record KeyRow
{
    public long Id { get; init; }
    public long UserId { get; init; }
    public string Name { get; init; } = "";
    public string Shown { get; init; } = "";
    public string[] Models { get; init; } = [];
    public long[] ChannelIds { get; init; } = [];
    public string[] Groups { get; init; } = [];
    public DateTime? ExpiresAt { get; init; }
    public long? SpendLimitUnits { get; init; }
    public int? Rpm { get; init; }
    public int? Tpm { get; init; }
    public int? MaxConcurrency { get; init; }
    public string[] IpAllow { get; init; } = [];
    public string Unsupported { get; init; } = "";
    public string Status { get; init; } = "";
    public long SpentUnits { get; init; }
    public long Version { get; init; }
    public DateTime CreatedAt { get; init; }

    public bool IsDeleted => Status == "deleted";

    public string WireName => WireId.Format(WireId.Key, Id);

    public KeyScope ToScope() => new()
    {
        Name = Name,
        Models = Models,
        Channels = ChannelIds,
        Groups = Groups,
        ExpiresAt = ExpiresAt,
        SpendLimit = SpendLimitUnits is { } units ? new Usd(units) : null,
        Rpm = Rpm,
        Tpm = Tpm,
        MaxConcurrency = MaxConcurrency,
        IpAllow = IpAllow,
        Unsupported = Unsupported,
        Status = Status,
    };
}

/// <summary>Client keys in PostgreSQL. <c>@OnlyUser</c> limits every statement to what the caller may see.</summary>
internal sealed class KeyQueries(NpgsqlDataSource database)
{
    private const string Columns = """
        id, user_id, name, shown, models, channel_ids, groups, expires_at, spend_limit_units, rpm, tpm,
        max_concurrency, ip_allow, unsupported, status, spent_units, version, created_at
        """;

    private const string FindSql = $"""
        select {Columns}
        from api_keys
        where id = @Id and (@OnlyUser::bigint is null or user_id = @OnlyUser)
        """;

    private const string LockSql = FindSql + "\nfor update";

    private const string ListSql = $"""
        select {Columns}
        from api_keys
        where (@OnlyUser::bigint is null or user_id = @OnlyUser)
          and (@UserId::bigint is null or user_id = @UserId)
          and case when @Status::text is null then status <> 'deleted' else status = @Status end
          and (@After::bigint is null or id < @After)
        order by id desc
        limit @Count
        """;

    private const string OwnerSql = "select status from users where id = @UserId for share";

    private const string CountSql = "select count(*) from api_keys where user_id = @UserId and status <> 'deleted'";

    private const string UnknownChannelsSql = """
        select asked.id
        from unnest(@Channels::bigint[]) as asked (id)
        where not exists (select from channels c where c.id = asked.id and c.status <> 'deleted')
        """;

    private const string AddSql = $"""
        insert into api_keys (
          user_id, name, secret_hash, shown, models, channel_ids, groups, expires_at, spend_limit_units, rpm, tpm,
          max_concurrency, ip_allow, unsupported)
        values (
          @UserId, @Name, @SecretHash, @Shown, @Models, @Channels, @Groups, @ExpiresAt, @SpendLimit, @Rpm, @Tpm,
          @MaxConcurrency, @IpAllow, @Unsupported)
        returning {Columns}
        """;

    private const string UpdateSql = $"""
        update api_keys
        set name = @Name,
            models = @Models,
            channel_ids = @Channels,
            groups = @Groups,
            expires_at = @ExpiresAt,
            spend_limit_units = @SpendLimit,
            rpm = @Rpm,
            tpm = @Tpm,
            max_concurrency = @MaxConcurrency,
            ip_allow = @IpAllow,
            unsupported = @Unsupported,
            status = @Status,
            version = version + 1
        where id = @Id
        returning {Columns}
        """;

    private const string RotateSql = $"""
        update api_keys
        set secret_hash = @SecretHash, shown = @Shown, version = version + 1
        where id = @Id
        returning {Columns}
        """;

    public async Task<KeyRow?> FindAsync(long id, long? onlyUser, CancellationToken cancellation)
    {
        await using var connection = await database.OpenConnectionAsync(cancellation);
        return await connection.QuerySingleOrDefaultAsync<KeyRow>(
            new CommandDefinition(FindSql, new { Id = id, OnlyUser = onlyUser }, cancellationToken: cancellation));
    }

    public async Task<IReadOnlyList<KeyRow>> ListAsync(
        PageRequest page, long? onlyUser, long? userId, string? status, CancellationToken cancellation)
    {
        await using var connection = await database.OpenConnectionAsync(cancellation);
        var rows = await connection.QueryAsync<KeyRow>(new CommandDefinition(
            ListSql,
            new
            {
                OnlyUser = onlyUser,
                UserId = userId,
                Status = status,
                After = page.AfterNumber,
                Count = page.Limit + 1,
            },
            cancellationToken: cancellation));
        return rows.AsList();
    }

    public static Task<KeyRow?> LockAsync(
        NpgsqlTransaction transaction, long id, long? onlyUser, CancellationToken cancellation) =>
        transaction.Connection!.QuerySingleOrDefaultAsync<KeyRow>(new CommandDefinition(
            LockSql, new { Id = id, OnlyUser = onlyUser }, transaction, cancellationToken: cancellation));

    /// <summary>
    /// The owner's status, or null when there is no such user; holds the user's row against a change.
    /// </summary>
    public static Task<string?> OwnerStatusAsync(
        NpgsqlTransaction transaction, long userId, CancellationToken cancellation) =>
        transaction.Connection!.QuerySingleOrDefaultAsync<string>(new CommandDefinition(
            OwnerSql, new { UserId = userId }, transaction, cancellationToken: cancellation));

    public static Task<long> CountAsync(NpgsqlTransaction transaction, long userId, CancellationToken cancellation) =>
        transaction.Connection!.ExecuteScalarAsync<long>(
            new CommandDefinition(CountSql, new { UserId = userId }, transaction, cancellationToken: cancellation));

    public static async Task<IReadOnlyList<long>> UnknownChannelsAsync(
        NpgsqlTransaction transaction, long[] channels, CancellationToken cancellation)
    {
        var rows = await transaction.Connection!.QueryAsync<long>(new CommandDefinition(
            UnknownChannelsSql, new { Channels = channels }, transaction, cancellationToken: cancellation));
        return rows.AsList();
    }

    public static Task<KeyRow> AddAsync(
        NpgsqlTransaction transaction, long userId, KeyScope scope, string secret, CancellationToken cancellation) =>
        transaction.Connection!.QuerySingleAsync<KeyRow>(
            new CommandDefinition(
                AddSql, Parameters(scope, 0, userId, secret), transaction, cancellationToken: cancellation));

    public static Task<KeyRow> UpdateAsync(
        NpgsqlTransaction transaction, long id, KeyScope scope, CancellationToken cancellation) =>
        transaction.Connection!.QuerySingleAsync<KeyRow>(
            new CommandDefinition(
                UpdateSql, Parameters(scope, id, 0, null), transaction, cancellationToken: cancellation));

    public static Task<KeyRow> RotateAsync(
        NpgsqlTransaction transaction, long id, string secret, CancellationToken cancellation) =>
        transaction.Connection!.QuerySingleAsync<KeyRow>(new CommandDefinition(
            RotateSql,
            new { Id = id, SecretHash = HubKeyHash.Of(secret).ToBytes(), Shown = secret[..HubKey.ShownLength] },
            transaction,
            cancellationToken: cancellation));

    private static object Parameters(KeyScope scope, long id, long userId, string? secret) => new
    {
        Id = id,
        UserId = userId,
        scope.Name,
        SecretHash = secret is null ? null : HubKeyHash.Of(secret).ToBytes(),
        Shown = secret?[..HubKey.ShownLength],
        scope.Models,
        scope.Channels,
        scope.Groups,
        scope.ExpiresAt,
        SpendLimit = scope.SpendLimit?.Units,
        scope.Rpm,
        scope.Tpm,
        scope.MaxConcurrency,
        scope.IpAllow,
        scope.Unsupported,
        scope.Status,
    };
}
