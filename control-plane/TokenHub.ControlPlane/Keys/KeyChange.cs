using Npgsql;
using TokenHub.ControlPlane.Access;
using TokenHub.ControlPlane.Audit;
using TokenHub.ControlPlane.Changes;
using TokenHub.ControlPlane.Problems;
using TokenHub.ControlPlane.Wire;
using TokenHub.Core.Keys;

namespace TokenHub.ControlPlane.Keys;

/// <summary>Makes and changes keys: one transaction each, then the news to the gateways.</summary>
internal sealed class KeyChange(NpgsqlDataSource database, ChangeNotices changes, TimeProvider time)
{
    private DateTime Now => time.GetUtcNow().UtcDateTime;

    public async Task<(KeyRow Key, string Secret)> CreateAsync(
        CreateKey body, Caller caller, CancellationToken cancellation)
    {
        var scope = KeyRules.Check(body, Now);
        var userId = OwnerOf(body, caller);
        var secret = HubKey.Create();
        await using var connection = await database.OpenConnectionAsync(cancellation);
        await using var transaction = await connection.BeginTransactionAsync(cancellation);
        if (await KeyQueries.OwnerStatusAsync(transaction, userId, cancellation) is null)
        {
            throw RefusedException.Field("user_id", "unknown_user", "is not a user");
        }

        await RequireChannelsAsync(transaction, scope.Channels, cancellation);
        if (await KeyQueries.CountAsync(transaction, userId, cancellation) >= KeyRules.PerUserMax)
        {
            throw new RefusedException(
                ProblemCode.LimitReached, $"A user has at most {KeyRules.PerUserMax} keys. Delete some first.");
        }

        var row = await KeyQueries.AddAsync(transaction, userId, scope, secret, cancellation);
        await AuditLog.AddAsync(transaction, caller.UserId, "key.create", row.WireName, cancellation);
        await transaction.CommitAsync(cancellation);
        await changes.KeyChangedAsync(row.Id, row.UserId);
        return (row, secret);
    }

    public async Task<KeyRow> UpdateAsync(
        long id, JsonBody<UpdateKey> body, long? expectedVersion, Caller caller, CancellationToken cancellation)
    {
        await using var connection = await database.OpenConnectionAsync(cancellation);
        await using var transaction = await connection.BeginTransactionAsync(cancellation);
        var before = await LockAsync(transaction, id, caller, cancellation);
        if (expectedVersion is { } version && version != before.Version)
        {
            throw RefusedException.VersionMismatch();
        }

        RequireNotDeleted(before);
        var scope = KeyRules.Check(body, before.ToScope(), Now);
        if (body.Has("channels"))
        {
            await RequireChannelsAsync(transaction, scope.Channels, cancellation);
        }

        var after = await KeyQueries.UpdateAsync(transaction, id, scope, cancellation);
        await AuditLog.AddAsync(
            transaction, caller.UserId, "key.update", after.WireName, cancellation, AuditLog.Fields(body.Fields));
        await transaction.CommitAsync(cancellation);
        await changes.KeyChangedAsync(after.Id, after.UserId);
        return after;
    }

    /// <summary>The row stays, for the ledger's sake; a second deletion finds it done.</summary>
    public async Task DeleteAsync(long id, Caller caller, CancellationToken cancellation)
    {
        await using var connection = await database.OpenConnectionAsync(cancellation);
        await using var transaction = await connection.BeginTransactionAsync(cancellation);
        var before = await LockAsync(transaction, id, caller, cancellation);
        if (before.IsDeleted)
        {
            return;
        }

        var scope = before.ToScope() with { Status = "deleted" };
        await KeyQueries.UpdateAsync(transaction, id, scope, cancellation);
        await AuditLog.AddAsync(transaction, caller.UserId, "key.delete", before.WireName, cancellation);
        await transaction.CommitAsync(cancellation);
        await changes.KeyChangedAsync(before.Id, before.UserId);
    }

    public async Task<(KeyRow Key, string Secret)> RotateAsync(long id, Caller caller, CancellationToken cancellation)
    {
        var secret = HubKey.Create();
        await using var connection = await database.OpenConnectionAsync(cancellation);
        await using var transaction = await connection.BeginTransactionAsync(cancellation);
        RequireNotDeleted(await LockAsync(transaction, id, caller, cancellation));
        var after = await KeyQueries.RotateAsync(transaction, id, secret, cancellation);
        await AuditLog.AddAsync(transaction, caller.UserId, "key.rotate", after.WireName, cancellation);
        await transaction.CommitAsync(cancellation);
        await changes.KeyChangedAsync(after.Id, after.UserId);
        return (after, secret);
    }

    private static long OwnerOf(CreateKey body, Caller caller)
    {
        if (body.UserId is null)
        {
            return caller.UserId;
        }

        if (!WireId.TryParse(WireId.User, body.UserId, out var userId))
        {
            throw RefusedException.Field("user_id", "bad_id", "must be a user id such as usr_1001");
        }

        return caller.OnlyUser is null || userId == caller.UserId
            ? userId
            : throw new RefusedException(ProblemCode.Forbidden, "Only an admin makes keys for others.");
    }

    private static async Task<KeyRow> LockAsync(
        NpgsqlTransaction transaction, long id, Caller caller, CancellationToken cancellation) =>
        await KeyQueries.LockAsync(transaction, id, caller.OnlyUser, cancellation)
            ?? throw RefusedException.NotFound("key");

    private static void RequireNotDeleted(KeyRow row)
    {
        if (row.IsDeleted)
        {
            throw new RefusedException(ProblemCode.Conflict, "The key is deleted; it is only kept for the ledger.");
        }
    }

    private static async Task RequireChannelsAsync(
        NpgsqlTransaction transaction, long[] channels, CancellationToken cancellation)
    {
        if (channels.Length == 0)
        {
            return;
        }

        var unknown = await KeyQueries.UnknownChannelsAsync(transaction, channels, cancellation);
        if (unknown.Count > 0)
        {
            throw RefusedException.Field(
                "channels", "unknown_channel", $"there is no channel {WireId.Format(WireId.Channel, unknown[0])}");
        }
    }
}
