using Npgsql;
using TokenHub.ControlPlane.Access;
using TokenHub.ControlPlane.Audit;
using TokenHub.ControlPlane.Problems;
using TokenHub.ControlPlane.Sessions;
using TokenHub.ControlPlane.Wire;

namespace TokenHub.ControlPlane.Users;

/// <summary>
/// Applies a change of a user in one transaction: one active admin always remains, and lost rights end sessions.
/// </summary>
internal sealed class UserChange(NpgsqlDataSource database, Passwords passwords, TimeProvider time)
{
    public async Task<UserRow> ApplyAsync(
        long id, JsonBody<UpdateUser> body, long? expectedVersion, Caller caller, CancellationToken cancellation)
    {
        var change = body.Value;
        var hash = change.Password is null ? null : await passwords.HashAsync(change.Password, cancellation);
        await using var connection = await database.OpenConnectionAsync(cancellation);
        await using var transaction = await connection.BeginTransactionAsync(cancellation);

        // Admins are locked before the user, by everyone, so that two changes never wait for each other in a circle.
        var admins = change.Role is null && change.Status is null
            ? []
            : await UserQueries.LockAdminsAsync(transaction, cancellation);
        var before = await UserQueries.LockAsync(transaction, id, cancellation) ?? throw UserEndpoints.NotFound();
        if (expectedVersion is { } version && version != before.Version)
        {
            throw RefusedException.VersionMismatch();
        }

        var rates = (
            body.Has("rpm") ? change.Rpm : before.Rpm,
            body.Has("tpm") ? change.Tpm : before.Tpm);
        var after = await UserQueries.UpdateAsync(transaction, id, change, rates, hash, cancellation);
        if (admins.Contains(id) && admins.Count == 1 && !(after.Role == "admin" && after.IsActive))
        {
            throw new RefusedException(ProblemCode.LastAdmin, "This is the last active admin. Make another one first.");
        }

        if (!after.IsActive || hash is not null)
        {
            await UserQueries.RevokeSessionsAsync(transaction, id, time.GetUtcNow().UtcDateTime, cancellation);
        }

        var target = WireId.Format(WireId.User, id);
        await AuditLog.AddAsync(
            transaction, caller.UserId, "user.update", target, cancellation, AuditLog.Fields(body.Fields));
        await transaction.CommitAsync(cancellation);
        return after;
    }
}
