using System.Security.Cryptography;
using Dapper;
using Npgsql;
using TokenHub.ControlPlane.Problems;

namespace TokenHub.ControlPlane.Idempotency;

internal sealed record KeptAnswer
{
    public byte[] RequestHash { get; init; } = [];
    public int Status { get; init; }
    public string Answer { get; init; } = "";
}

/// <summary>
/// Answers of money-moving calls. The row is written in the transaction that moves the money: either both stand or
/// neither does, and a second call with the same key waits for the first to end.
/// </summary>
internal static class IdempotencyQueries
{
    // The status 0 marks a call under way; nobody else ever sees it, because it is replaced before the commit.
    private const string ClaimSql = """
        insert into idempotency_keys (user_id, key, request_hash, status, answer)
        values (@UserId, @Key, @RequestHash, 0, '')
        on conflict (user_id, key) do nothing
        """;

    private const string FindSql = """
        select request_hash, status, answer from idempotency_keys where user_id = @UserId and key = @Key
        """;

    private const string KeepSql = """
        update idempotency_keys set status = @Status, answer = @Answer where user_id = @UserId and key = @Key
        """;

    /// <summary>Null when this call is the first with its key; else the answer to give again.</summary>
    public static async Task<KeptAnswer?> ClaimAsync(
        NpgsqlTransaction transaction, long userId, IdempotencyKey key, CancellationToken cancellation)
    {
        var parameters = new { UserId = userId, Key = key.Value, key.RequestHash };
        var connection = transaction.Connection!;
        var claimed = await connection.ExecuteAsync(
            new CommandDefinition(ClaimSql, parameters, transaction, cancellationToken: cancellation));
        if (claimed == 1)
        {
            return null;
        }

        var kept = await connection.QuerySingleAsync<KeptAnswer>(
            new CommandDefinition(FindSql, parameters, transaction, cancellationToken: cancellation));
        return CryptographicOperations.FixedTimeEquals(kept.RequestHash, key.RequestHash)
            ? kept
            : throw new RefusedException(
                ProblemCode.IdempotencyKeyReused, "This Idempotency-Key belongs to a request with other content.");
    }

    public static Task KeepAsync(
        NpgsqlTransaction transaction,
        long userId,
        IdempotencyKey key,
        int status,
        string answer,
        CancellationToken cancellation) =>
        transaction.Connection!.ExecuteAsync(new CommandDefinition(
            KeepSql,
            new { UserId = userId, Key = key.Value, Status = status, Answer = answer },
            transaction,
            cancellationToken: cancellation));
}
