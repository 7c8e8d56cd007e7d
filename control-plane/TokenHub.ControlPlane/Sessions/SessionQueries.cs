using Dapper;
using Npgsql;

namespace TokenHub.ControlPlane.Sessions;

internal sealed record SessionRow
{
    public long UserId { get; init; }
    public string Email { get; init; } = "";
    public string Role { get; init; } = "";
    public DateTime LastSeenAt { get; init; }
}

/// <summary>Sessions in PostgreSQL.</summary>
internal sealed class SessionQueries(NpgsqlDataSource database)
{
    private const string FindSql = """
        select s.user_id, u.email, u.role, s.last_seen_at
        from sessions s
        join users u on u.id = s.user_id
        where s.token_hash = @Hash
          and s.revoked_at is null
          and s.expires_at > @Now
          and s.last_seen_at > @IdleSince
          and u.status = 'active'
        """;

    private const string TouchSql = """
        update sessions set last_seen_at = @Now where token_hash = @Hash and last_seen_at < @Now
        """;

    private const string AddSql = """
        insert into sessions (token_hash, user_id, created_at, last_seen_at, expires_at)
        values (@Hash, @UserId, @Now, @Now, @ExpiresAt)
        """;

    private const string TrimSql = """
        delete from sessions
        where token_hash in (
          select token_hash from sessions where user_id = @UserId order by created_at desc offset @Keep)
        """;

    private const string RevokeSql = """
        update sessions set revoked_at = @Now where token_hash = @Hash and revoked_at is null
        """;

    private const string RevokeOthersSql = """
        update sessions set revoked_at = @Now
        where user_id = @UserId and token_hash <> @Hash and revoked_at is null
        """;

    public async Task<SessionRow?> FindAsync(byte[] hash, DateTime now, CancellationToken cancellation)
    {
        await using var connection = await database.OpenConnectionAsync(cancellation);
        return await connection.QuerySingleOrDefaultAsync<SessionRow>(new CommandDefinition(
            FindSql,
            new { Hash = hash, Now = now, IdleSince = now - SessionRules.IdleMax },
            cancellationToken: cancellation));
    }

    public async Task TouchAsync(byte[] hash, DateTime now, CancellationToken cancellation)
    {
        await using var connection = await database.OpenConnectionAsync(cancellation);
        await connection.ExecuteAsync(
            new CommandDefinition(TouchSql, new { Hash = hash, Now = now }, cancellationToken: cancellation));
    }

    public async Task AddAsync(
        byte[] hash, long userId, DateTime now, DateTime expiresAt, CancellationToken cancellation)
    {
        await using var connection = await database.OpenConnectionAsync(cancellation);
        await connection.ExecuteAsync(new CommandDefinition(
            AddSql,
            new { Hash = hash, UserId = userId, Now = now, ExpiresAt = expiresAt },
            cancellationToken: cancellation));
        await connection.ExecuteAsync(new CommandDefinition(
            TrimSql, new { UserId = userId, Keep = SessionRules.PerUserMax }, cancellationToken: cancellation));
    }

    public async Task RevokeAsync(byte[] hash, DateTime now, CancellationToken cancellation)
    {
        await using var connection = await database.OpenConnectionAsync(cancellation);
        await connection.ExecuteAsync(
            new CommandDefinition(RevokeSql, new { Hash = hash, Now = now }, cancellationToken: cancellation));
    }

    /// <summary>Ends every session of the user but one; inside the caller's transaction.</summary>
    public static Task RevokeOthersAsync(
        NpgsqlTransaction transaction, long userId, byte[] keep, DateTime now, CancellationToken cancellation) =>
        transaction.Connection!.ExecuteAsync(new CommandDefinition(
            RevokeOthersSql,
            new { UserId = userId, Hash = keep, Now = now },
            transaction,
            cancellationToken: cancellation));
}
