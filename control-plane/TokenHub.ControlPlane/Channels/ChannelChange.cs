using Npgsql;
using TokenHub.ControlPlane.Access;
using TokenHub.ControlPlane.Audit;
using TokenHub.ControlPlane.Changes;
using TokenHub.ControlPlane.Problems;
using TokenHub.ControlPlane.Wire;

namespace TokenHub.ControlPlane.Channels;

/// <summary>Makes and changes channels: one transaction each, then the news to the gateways.</summary>
internal sealed class ChannelChange(
    NpgsqlDataSource database, ChannelRules rules, CredentialSeal seal, ChangeNotices changes)
{
    public async Task<ChannelRow> CreateAsync(CreateChannel body, Caller caller, CancellationToken cancellation)
    {
        var shape = rules.Check(body, caller);
        var owner = OwnerOf(body, caller);
        await using var connection = await database.OpenConnectionAsync(cancellation);
        await using var transaction = await connection.BeginTransactionAsync(cancellation);
        if (owner is { } userId && !await ChannelQueries.UserExistsAsync(transaction, userId, cancellation))
        {
            throw RefusedException.Field("owner_user_id", "unknown_user", "is not a user");
        }

        if (await ChannelQueries.CountAsync(transaction, owner, cancellation) >= ChannelRules.PerOwnerMax)
        {
            throw new RefusedException(
                ProblemCode.LimitReached, $"An owner has at most {ChannelRules.PerOwnerMax} channels.");
        }

        var id = await ChannelQueries.NextIdAsync(transaction, cancellation);
        var credential = seal.Seal(id, owner, body.Credential);
        var headers = body.Headers is { } given ? seal.Seal(id, owner, given, stored: null) : null;
        var row = await ChannelQueries.AddAsync(transaction, id, owner, shape, credential, headers, cancellation);
        await AuditLog.AddAsync(transaction, caller.UserId, "channel.create", row.WireName, cancellation);
        await transaction.CommitAsync(cancellation);
        await changes.ChannelChangedAsync(row.Id, row.OwnerUserId);
        return row;
    }

    public async Task<ChannelRow> UpdateAsync(
        long id, JsonBody<UpdateChannel> body, long? expectedVersion, Caller caller, CancellationToken cancellation)
    {
        await using var connection = await database.OpenConnectionAsync(cancellation);
        await using var transaction = await connection.BeginTransactionAsync(cancellation);
        var before = await LockAsync(transaction, id, caller, cancellation);
        if (expectedVersion is { } version && version != before.Version)
        {
            throw RefusedException.VersionMismatch();
        }

        if (before.IsDeleted)
        {
            throw new RefusedException(ProblemCode.Conflict, "The channel is deleted; it is only kept for the ledger.");
        }

        var shape = rules.Check(body, before.ToShape(), before.HeaderNames, caller);
        RequireFreshSecrets(body.Value, before, shape);
        var credential = body.Value.Credential is { } given ? seal.Seal(id, before.OwnerUserId, given) : null;
        var headers = body.Value.Headers is { } changed
            ? seal.Seal(id, before.OwnerUserId, changed, before) : null;
        var after = await ChannelQueries.UpdateAsync(transaction, id, shape, credential, headers, cancellation);
        await AuditLog.AddAsync(
            transaction, caller.UserId, "channel.update", after.WireName, cancellation, AuditLog.Fields(body.Fields));
        await transaction.CommitAsync(cancellation);
        await changes.ChannelChangedAsync(after.Id, after.OwnerUserId);
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

        var shape = before.ToShape() with { Status = "deleted" };
        await ChannelQueries.UpdateAsync(transaction, id, shape, credential: null, headers: null, cancellation);
        await AuditLog.AddAsync(transaction, caller.UserId, "channel.delete", before.WireName, cancellation);
        await transaction.CommitAsync(cancellation);
        await changes.ChannelChangedAsync(before.Id, before.OwnerUserId);
    }

    // A stored secret goes only to the host it was given for: whoever moves the channel must show the secret again.
    private static void RequireFreshSecrets(UpdateChannel change, ChannelRow before, ChannelShape after)
    {
        if (new Uri(after.BaseUrl).GetLeftPart(UriPartial.Authority).Equals(
            new Uri(before.BaseUrl).GetLeftPart(UriPartial.Authority), StringComparison.OrdinalIgnoreCase))
        {
            return;
        }

        if (change.Credential is null)
        {
            throw RefusedException.Field(
                "credential", "required", "is required when base_url moves to another host");
        }

        if (before.HeaderNames.Length > 0 && (change.Headers is not { } headers || headers.Values.Contains("")))
        {
            throw RefusedException.Field(
                "headers", "required", "are required with their values when base_url moves to another host");
        }
    }

    private static long? OwnerOf(CreateChannel body, Caller caller)
    {
        if (body.OwnerUserId is null)
        {
            return caller.OnlyUser;
        }

        if (!WireId.TryParse(WireId.User, body.OwnerUserId, out var userId))
        {
            throw RefusedException.Field("owner_user_id", "bad_id", "must be a user id such as usr_1001");
        }

        return caller.OnlyUser is null || userId == caller.UserId
            ? userId
            : throw new RefusedException(ProblemCode.Forbidden, "Only an admin makes channels for others.");
    }

    private static async Task<ChannelRow> LockAsync(
        NpgsqlTransaction transaction, long id, Caller caller, CancellationToken cancellation) =>
        await ChannelQueries.LockAsync(transaction, id, caller.OnlyUser, cancellation)
            ?? throw RefusedException.NotFound("channel");
}
