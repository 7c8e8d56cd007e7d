using Npgsql;
using TokenHub.ControlPlane.Access;
using TokenHub.ControlPlane.Audit;
using TokenHub.ControlPlane.Changes;
using TokenHub.ControlPlane.Problems;
using TokenHub.ControlPlane.Wire;

namespace TokenHub.ControlPlane.Groups;

/// <summary>Makes and changes channel groups: one transaction each, then the news to the gateways.</summary>
internal sealed class GroupChange(NpgsqlDataSource database, ChangeNotices changes)
{
    public async Task<GroupRow> CreateAsync(CreateGroup body, Caller caller, CancellationToken cancellation)
    {
        var shape = GroupRules.Check(body);
        await using var connection = await database.OpenConnectionAsync(cancellation);
        await using var transaction = await connection.BeginTransactionAsync(cancellation);
        await RequireUsersAsync(transaction, shape.UserIds, cancellation);
        if (await GroupQueries.CountAsync(transaction, cancellation) >= GroupRules.GroupsMax)
        {
            throw new RefusedException(ProblemCode.LimitReached, $"There are at most {GroupRules.GroupsMax} groups.");
        }

        var row = await GroupQueries.AddAsync(transaction, body.Name, shape, cancellation)
            ?? throw new RefusedException(ProblemCode.Conflict, "There is a group of this name.");
        await AuditLog.AddAsync(transaction, caller.UserId, "group.create", row.Name, cancellation);
        await transaction.CommitAsync(cancellation);
        await changes.GroupChangedAsync(row.Name);
        return row;
    }

    public async Task<GroupRow> UpdateAsync(
        string name, JsonBody<UpdateGroup> body, long? expectedVersion, Caller caller, CancellationToken cancellation)
    {
        await using var connection = await database.OpenConnectionAsync(cancellation);
        await using var transaction = await connection.BeginTransactionAsync(cancellation);
        var before = await LockAsync(transaction, name, cancellation);
        if (expectedVersion is { } version && version != before.Version)
        {
            throw RefusedException.VersionMismatch();
        }

        var shape = GroupRules.Check(body, before.ToShape());
        await RequireUsersAsync(transaction, shape.UserIds, cancellation);
        var after = await GroupQueries.UpdateAsync(transaction, name, shape, cancellation);
        await AuditLog.AddAsync(
            transaction, caller.UserId, "group.update", name, cancellation, AuditLog.Fields(body.Fields));
        await transaction.CommitAsync(cancellation);
        await changes.GroupChangedAsync(name);
        return after;
    }

    /// <summary>
    /// Refused while a channel is in the group: without settings it would be open to everybody, at the plain price.
    /// </summary>
    public async Task DeleteAsync(string name, Caller caller, CancellationToken cancellation)
    {
        await using var connection = await database.OpenConnectionAsync(cancellation);
        await using var transaction = await connection.BeginTransactionAsync(cancellation);
        await LockAsync(transaction, name, cancellation);
        if (await GroupQueries.IsNamedAsync(transaction, name, cancellation))
        {
            throw new RefusedException(ProblemCode.Conflict, "Channels are in this group. Take them out of it first.");
        }

        await GroupQueries.DeleteAsync(transaction, name, cancellation);
        await AuditLog.AddAsync(transaction, caller.UserId, "group.delete", name, cancellation);
        await transaction.CommitAsync(cancellation);
        await changes.GroupChangedAsync(name);
    }

    private static async Task<GroupRow> LockAsync(
        NpgsqlTransaction transaction, string name, CancellationToken cancellation) =>
        await GroupQueries.LockAsync(transaction, name, cancellation) ?? throw RefusedException.NotFound("group");

    private static async Task RequireUsersAsync(
        NpgsqlTransaction transaction, long[] userIds, CancellationToken cancellation)
    {
        var unknown = await GroupQueries.UnknownUsersAsync(transaction, userIds, cancellation);
        if (unknown.Count > 0)
        {
            throw RefusedException.Field(
                "user_ids", "unknown_user", $"there is no user {WireId.Format(WireId.User, unknown[0])}");
        }
    }
}
