using Dapper;
using Npgsql;
using TokenHub.ControlPlane.Wire;

namespace TokenHub.ControlPlane.Users;

internal sealed record UserRow
{
    public long Id { get; init; }
    public string Email { get; init; } = "";
    public string PasswordHash { get; init; } = "";
    public string Role { get; init; } = "";
    public string Status { get; init; } = "";
    public int MaxConcurrency { get; init; }
    public int? Rpm { get; init; }
    public int? Tpm { get; init; }
    public int Weight { get; init; }
    public long Version { get; init; }
    public DateTime CreatedAt { get; init; }

    public bool IsActive => Status == "active";

    public UserView ToView() => new()
    {
        Id = WireId.Format(WireId.User, Id),
        Email = Email,
        Role = Role,
        Status = Status,
        MaxConcurrency = MaxConcurrency,
        Rpm = Rpm,
        Tpm = Tpm,
        Weight = Weight,
        Version = Version,
        CreatedAt = CreatedAt,
    };
}

/// <summary>Users in PostgreSQL.</summary>
internal sealed class UserQueries(NpgsqlDataSource database)
{
    private const string FindSql = """
        select id, email, password_hash, role, status, max_concurrency, rpm, tpm, weight, version, created_at
        from users
        where id = @Id
        """;

    private const string FindByEmailSql = """
        select id, email, password_hash, role, status, max_concurrency, rpm, tpm, weight, version, created_at
        from users
        where email = @Email
        """;

    private const string LockSql = FindSql + " for update";

    private const string ListSql = """
        select id, email, password_hash, role, status, max_concurrency, rpm, tpm, weight, version, created_at
        from users
        where (@After::bigint is null or id < @After)
        order by id desc
        limit @Count
        """;

    private const string AddSql = """
        insert into users (email, password_hash, role, max_concurrency, rpm, tpm, weight)
        values (@Email, @PasswordHash, @Role, @MaxConcurrency, @Rpm, @Tpm, @Weight)
        on conflict (email) do nothing
        returning id, email, password_hash, role, status, max_concurrency, rpm, tpm, weight, version, created_at
        """;

    private const string UpdateSql = """
        update users
        set role = coalesce(@Role, role),
            status = coalesce(@Status, status),
            max_concurrency = coalesce(@MaxConcurrency, max_concurrency),
            rpm = case when @SetsRates then @Rpm::integer else rpm end,
            tpm = case when @SetsRates then @Tpm::integer else tpm end,
            weight = coalesce(@Weight, weight),
            password_hash = coalesce(@PasswordHash, password_hash),
            version = version + 1
        where id = @Id
        returning id, email, password_hash, role, status, max_concurrency, rpm, tpm, weight, version, created_at
        """;

    private const string SetHashSql = "update users set password_hash = @PasswordHash where id = @Id";

    private const string RevokeSessionsSql = """
        update sessions set revoked_at = @Now where user_id = @Id and revoked_at is null
        """;

    private const string OtherAdminsSql = """
        select id from users where role = 'admin' and status = 'active' order by id for update
        """;

    public async Task<UserRow?> FindAsync(long id, CancellationToken cancellation)
    {
        await using var connection = await database.OpenConnectionAsync(cancellation);
        return await connection.QuerySingleOrDefaultAsync<UserRow>(
            new CommandDefinition(FindSql, new { Id = id }, cancellationToken: cancellation));
    }

    public async Task<UserRow?> FindByEmailAsync(string email, CancellationToken cancellation)
    {
        await using var connection = await database.OpenConnectionAsync(cancellation);
        return await connection.QuerySingleOrDefaultAsync<UserRow>(
            new CommandDefinition(FindByEmailSql, new { Email = email }, cancellationToken: cancellation));
    }

    public async Task<IReadOnlyList<UserRow>> ListAsync(PageRequest page, CancellationToken cancellation)
    {
        await using var connection = await database.OpenConnectionAsync(cancellation);
        var rows = await connection.QueryAsync<UserRow>(new CommandDefinition(
            ListSql, new { After = page.AfterNumber, Count = page.Limit + 1 }, cancellationToken: cancellation));
        return rows.AsList();
    }

    public async Task SetHashAsync(long id, string hash, CancellationToken cancellation)
    {
        await using var connection = await database.OpenConnectionAsync(cancellation);
        await connection.ExecuteAsync(new CommandDefinition(
            SetHashSql, new { Id = id, PasswordHash = hash }, cancellationToken: cancellation));
    }

    public static Task<UserRow?> LockAsync(NpgsqlTransaction transaction, long id, CancellationToken cancellation) =>
        transaction.Connection!.QuerySingleOrDefaultAsync<UserRow>(
            new CommandDefinition(LockSql, new { Id = id }, transaction, cancellationToken: cancellation));

    /// <summary>Null when the e-mail is taken. The user's ledger account comes by a trigger.</summary>
    public static Task<UserRow?> AddAsync(
        NpgsqlTransaction transaction, NewUser user, string hash, CancellationToken cancellation) =>
        transaction.Connection!.QuerySingleOrDefaultAsync<UserRow>(new CommandDefinition(
            AddSql,
            new
            {
                user.Email, PasswordHash = hash, user.Role, user.MaxConcurrency, user.Rpm, user.Tpm, user.Weight,
            },
            transaction,
            cancellationToken: cancellation));

    /// <param name="rates">Requests and tokens a minute, whose null is a value; null leaves both.</param>
    public static Task<UserRow> UpdateAsync(
        NpgsqlTransaction transaction,
        long id,
        UpdateUser change,
        (int? Rpm, int? Tpm)? rates,
        string? hash,
        CancellationToken cancellation) =>
        transaction.Connection!.QuerySingleAsync<UserRow>(new CommandDefinition(
            UpdateSql,
            new
            {
                Id = id, change.Role, change.Status, change.MaxConcurrency, change.Weight,
                SetsRates = rates is not null, rates?.Rpm, rates?.Tpm, PasswordHash = hash,
            },
            transaction,
            cancellationToken: cancellation));

    public static Task RevokeSessionsAsync(
        NpgsqlTransaction transaction, long id, DateTime now, CancellationToken cancellation) =>
        transaction.Connection!.ExecuteAsync(new CommandDefinition(
            RevokeSessionsSql, new { Id = id, Now = now }, transaction, cancellationToken: cancellation));

    /// <summary>Active admins, locked, so that two changes at once cannot both take the last but one.</summary>
    public static async Task<IReadOnlyList<long>> LockAdminsAsync(
        NpgsqlTransaction transaction, CancellationToken cancellation)
    {
        var rows = await transaction.Connection!.QueryAsync<long>(
            new CommandDefinition(OtherAdminsSql, null, transaction, cancellationToken: cancellation));
        return rows.AsList();
    }
}
