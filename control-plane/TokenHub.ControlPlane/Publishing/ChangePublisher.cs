using Npgsql;
using TokenHub.Ledger.Balances;
using TokenHub.Redis;

namespace TokenHub.ControlPlane.Publishing;

/// <summary>
/// Brings committed changes of keys, users, balances, channels and prices to Redis and from there to the gateways.
/// Triggers note each change in its own transaction, so nothing is lost: what cannot be told now is told by the loop.
/// </summary>
internal sealed class ChangePublisher(
    NpgsqlDataSource database,
    KeyRecords keys,
    LiveBalances balances,
    SnapshotFeed snapshots,
    ILogger<ChangePublisher> logger) : IDisposable
{
    private readonly SemaphoreSlim _gate = new(1);

    /// <summary>
    /// Returns when every change committed before the call is told. Whatever fails in that is only logged: the change
    /// itself is committed and will be told, so its caller must not hear that it failed.
    /// </summary>
    public async Task TellAsync(CancellationToken ct = default)
    {
        try
        {
            await PublishAsync(ct);
        }
        catch (Exception error) when (error is RedisUnavailableException or NpgsqlException)
        {
            logger.LogWarning("Changes are not told to the gateways yet: {Reason}", error.Message);
        }
        catch (Exception error) when (!ct.IsCancellationRequested && error is not OutOfMemoryException)
        {
            logger.LogError(error, "Changes are not told to the gateways yet");
        }
    }

    /// <summary>
    /// As <see cref="TellAsync"/>, but failures are the caller's. Returns how many changes were told.
    /// </summary>
    public async Task<int> PublishAsync(CancellationToken ct)
    {
        await _gate.WaitAsync(ct);
        try
        {
            // First, because it needs no Redis: gateways that wait for a snapshot get it from here.
            await snapshots.RefreshAsync(ct);
            var count = 0;
            int page;
            do
            {
                page = await PublishPageAsync(ct);
                count += page;
            }
            while (page == PendingChanges.PageSize);

            return count;
        }
        finally
        {
            _gate.Release();
        }
    }

    public void Dispose() => _gate.Dispose();

    private async Task<int> PublishPageAsync(CancellationToken ct)
    {
        await using var connection = await database.OpenConnectionAsync(ct);
        await using var transaction = await connection.BeginTransactionAsync(ct);
        var changes = await PendingChanges.TakeAsync(transaction, ct);
        if (changes.Count == 0)
        {
            return 0;
        }

        var users = SubjectsOf(changes, PendingChange.User);
        var keyIds = SubjectsOf(changes, PendingChange.Key).ToHashSet();
        foreach (var user in users)
        {
            keyIds.UnionWith(await keys.ReadIdsOfUserAsync(user, ct));
        }

        foreach (var id in keyIds)
        {
            await keys.PublishAsync(id, ct);
        }

        foreach (var hash in changes.Select(change => change.SecretHash).OfType<byte[]>())
        {
            await keys.RetireAsync(hash, ct);
        }

        await balances.TellAsync([.. users.Concat(SubjectsOf(changes, PendingChange.Balance)).Distinct()], ct);
        await PendingChanges.DoneAsync(transaction, changes, ct);
        await transaction.CommitAsync(ct);
        return changes.Count;
    }

    private static List<long> SubjectsOf(IReadOnlyList<PendingChange> changes, string kind) =>
        [.. changes.Where(change => change.Kind == kind).Select(change => change.SubjectId).Distinct()];
}
