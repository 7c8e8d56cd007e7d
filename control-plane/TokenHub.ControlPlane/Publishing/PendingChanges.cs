using Dapper;
using Npgsql;

namespace TokenHub.ControlPlane.Publishing;

/// <summary>A change that triggers noted in the transaction that made it.</summary>
internal sealed record PendingChange
{
    public const string Key = "key";
    public const string User = "user";
    public const string Balance = "balance";

    public long Id { get; init; }
    public string Kind { get; init; } = "";
    public long SubjectId { get; init; }

    /// <summary>For a key, the hash by which gateways knew it before.</summary>
    public byte[]? SecretHash { get; init; }
}

/// <summary>The list of changes that gateways have to hear of.</summary>
internal sealed class PendingChanges
{
    /// <summary>Changes taken at once.</summary>
    public const int PageSize = 200;

    // Newest first: after a long outage, what somebody changes now is not kept waiting.
    private const string TakeSql = """
        select id, kind, subject_id, secret_hash
        from pending_changes
        where published_at is null
        order by id desc
        limit @limit
        for update
        """;

    private const string DoneSql = "update pending_changes set published_at = now() where id = any(@ids)";

    private const string ReopenSql = """
        update pending_changes
        set published_at = null
        where published_at > now() - @within::interval and kind <> 'balance'
        """;

    private const string ForgetSql = "delete from pending_changes where published_at < now() - @after::interval";

    /// <summary>
    /// Locks a page of changes until the transaction ends: who asks meanwhile waits, and then finds them done.
    /// </summary>
    public static async Task<IReadOnlyList<PendingChange>> TakeAsync(
        NpgsqlTransaction transaction, CancellationToken ct) =>
        (await transaction.Connection!.QueryAsync<PendingChange>(new CommandDefinition(
            TakeSql, new { limit = PageSize }, transaction, cancellationToken: ct))).AsList();

    public static Task DoneAsync(
        NpgsqlTransaction transaction, IReadOnlyList<PendingChange> changes, CancellationToken ct) =>
        transaction.Connection!.ExecuteAsync(new CommandDefinition(
            DoneSql, new { ids = changes.Select(change => change.Id).ToArray() }, transaction, cancellationToken: ct));

    /// <summary>Told again: Redis may have come back with an older copy of the keys.</summary>
    public static async Task ReopenAsync(NpgsqlDataSource database, TimeSpan within, CancellationToken ct)
    {
        await using var connection = await database.OpenConnectionAsync(ct);
        await connection.ExecuteAsync(new CommandDefinition(ReopenSql, new { within }, cancellationToken: ct));
    }

    public static async Task ForgetAsync(NpgsqlDataSource database, TimeSpan after, CancellationToken ct)
    {
        await using var connection = await database.OpenConnectionAsync(ct);
        await connection.ExecuteAsync(new CommandDefinition(ForgetSql, new { after }, cancellationToken: ct));
    }
}
