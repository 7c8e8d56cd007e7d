using Npgsql;
using TokenHub.ControlPlane.Access;
using TokenHub.ControlPlane.Audit;
using TokenHub.ControlPlane.Changes;
using TokenHub.ControlPlane.Problems;
using TokenHub.ControlPlane.Wire;

namespace TokenHub.ControlPlane.Affinity;

/// <summary>Makes, changes and flushes affinity rules: one transaction each, then the news to the gateways.</summary>
internal sealed class AffinityRuleChange(NpgsqlDataSource database, ChangeNotices changes)
{
    public async Task<AffinityRuleRow> CreateAsync(
        CreateAffinityRule body, Caller caller, CancellationToken cancellation)
    {
        var shape = AffinityRuleRules.Check(body);
        await using var connection = await database.OpenConnectionAsync(cancellation);
        await using var transaction = await connection.BeginTransactionAsync(cancellation);
        if (await AffinityRuleQueries.CountAsync(transaction, cancellation) >= AffinityRuleRules.CountMax)
        {
            throw new RefusedException(
                ProblemCode.LimitReached, $"There are at most {AffinityRuleRules.CountMax} affinity rules.");
        }

        var row = await AffinityRuleQueries.AddAsync(transaction, shape, cancellation);
        await AuditLog.AddAsync(transaction, caller.UserId, "affinity_rule.create", row.WireName, cancellation);
        await transaction.CommitAsync(cancellation);
        await changes.AffinityChangedAsync(row.Id);
        return row;
    }

    public async Task<AffinityRuleRow> UpdateAsync(
        long id,
        JsonBody<UpdateAffinityRule> body,
        long? expectedVersion,
        Caller caller,
        CancellationToken cancellation)
    {
        await using var connection = await database.OpenConnectionAsync(cancellation);
        await using var transaction = await connection.BeginTransactionAsync(cancellation);
        var before = await AffinityRuleQueries.LockAsync(transaction, id, cancellation) ?? throw NotFound();
        if (expectedVersion is { } version && version != before.Version)
        {
            throw RefusedException.VersionMismatch();
        }

        var shape = AffinityRuleRules.Check(body, before.ToShape());
        var after = await AffinityRuleQueries.UpdateAsync(transaction, id, shape, cancellation);
        await AuditLog.AddAsync(
            transaction, caller.UserId, "affinity_rule.update", after.WireName, cancellation,
            AuditLog.Fields(body.Fields));
        await transaction.CommitAsync(cancellation);
        await changes.AffinityChangedAsync(id);
        return after;
    }

    public async Task DeleteAsync(long id, Caller caller, CancellationToken cancellation)
    {
        await using var connection = await database.OpenConnectionAsync(cancellation);
        await using var transaction = await connection.BeginTransactionAsync(cancellation);
        if (await AffinityRuleQueries.DeleteAsync(transaction, id, cancellation) == 0)
        {
            throw NotFound();
        }

        await AuditLog.AddAsync(
            transaction, caller.UserId, "affinity_rule.delete", WireId.Format(WireId.AffinityRule, id), cancellation);
        await transaction.CommitAsync(cancellation);
        await changes.AffinityChangedAsync(id);
    }

    /// <summary>Unbinds all that the rule has bound, at every gateway as soon as it hears of it.</summary>
    public async Task<AffinityRuleRow> FlushAsync(long id, Caller caller, CancellationToken cancellation)
    {
        await using var connection = await database.OpenConnectionAsync(cancellation);
        await using var transaction = await connection.BeginTransactionAsync(cancellation);
        var row = await AffinityRuleQueries.FlushAsync(transaction, id, cancellation) ?? throw NotFound();
        await AuditLog.AddAsync(transaction, caller.UserId, "affinity_rule.flush", row.WireName, cancellation);
        await transaction.CommitAsync(cancellation);
        await changes.AffinityChangedAsync(id);
        return row;
    }

    /// <summary>Unbinds all conversations that are bound to the channel, by whatever rule.</summary>
    public async Task FlushChannelAsync(long id, Caller caller, CancellationToken cancellation)
    {
        await using var connection = await database.OpenConnectionAsync(cancellation);
        await using var transaction = await connection.BeginTransactionAsync(cancellation);
        if (await AffinityRuleQueries.FlushChannelAsync(transaction, id, caller.OnlyUser, cancellation)
            is not [var owner])
        {
            throw RefusedException.NotFound("channel");
        }

        await AuditLog.AddAsync(
            transaction, caller.UserId, "channel.flush_affinity", WireId.Format(WireId.Channel, id), cancellation);
        await transaction.CommitAsync(cancellation);
        await changes.ChannelChangedAsync(id, owner);
    }

    private static RefusedException NotFound() => RefusedException.NotFound("affinity rule");
}
