using Dapper;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;
using TokenHub.Ledger.Draining;
using TokenHub.Redis;

namespace TokenHub.Ledger.Holds;

/// <summary>
/// Gives back holds that nobody works for any more. Nothing is charged: the log of a dead gateway may still come, and
/// is then charged without a hold. One control plane at a time does it.
/// </summary>
public sealed class Reaper(
    NpgsqlDataSource database, Till till, TimeProvider? time = null, ILogger<Reaper>? logger = null)
{
    public static readonly TimeSpan Interval = TimeSpan.FromSeconds(5);

    /// <summary>
    /// After this control plane's start: gateways could not beat while no control plane was there, and get time to.
    /// </summary>
    public static readonly TimeSpan Grace = TimeSpan.FromSeconds(10);

    private const int HoldsMax = 200;

    private const string TryLockSql = "select pg_try_advisory_lock(7306583640003)";

    private const string UnlockSql = "select pg_advisory_unlock(7306583640003)";

    private readonly Stands _stands = new(database);
    private readonly TimeProvider _time = time ?? TimeProvider.System;
    private readonly DateTimeOffset _started = (time ?? TimeProvider.System).GetUtcNow();
    private readonly ILogger _logger = logger ?? NullLogger<Reaper>.Instance;

    /// <summary>
    /// One pass over all shards. Returns the number of holds released; 0 while another control plane is at it.
    /// </summary>
    public async Task<int> ReapAsync(CancellationToken ct = default)
    {
        if (_time.GetUtcNow() < _started + Grace)
        {
            return 0;
        }

        await using var connection = await database.OpenConnectionAsync(ct);
        if (!await connection.ExecuteScalarAsync<bool>(new CommandDefinition(TryLockSql, cancellationToken: ct)))
        {
            return 0;
        }

        try
        {
            return await ReapAllAsync(ct);
        }
        finally
        {
            await connection.ExecuteAsync(UnlockSql);
        }
    }

    private async Task<int> ReapAllAsync(CancellationToken ct)
    {
        var released = 0;
        for (var shard = 0; shard < Shards.Count; shard++)
        {
            var due = await till.ReapAsync(shard, HoldsMax, ct);
            if (due.Count > 0)
            {
                released += await ReleaseAsync(due, ct);
            }
        }

        return released;
    }

    private async Task<int> ReleaseAsync(IReadOnlyList<DueHold> due, CancellationToken ct)
    {
        // Read after the holds were listed: a gateway that is dead now was not extending them since.
        var owners = await HoldOwners.ReadAsync(database, ct);
        var drained = await _stands.FindDrainedAsync(due.Select(hold => hold.Rid), ct);
        var released = 0;
        foreach (var hold in due)
        {
            // A request that is in the ledger has ended, whoever may be alive: Redis has gone back to an older copy.
            if (!drained.Contains(hold.Rid) && !owners.IsAbandoned(hold))
            {
                continue;
            }

            if (await till.ReleaseAsync(hold.Rid, hold.Account, hold.Key, ct) == TillCode.Ok)
            {
                released++;
                _logger.LogWarning(
                    "Released the hold of {Request}, account {Account}, gateway {Gateway} boot {Boot}",
                    hold.Rid,
                    hold.Account,
                    hold.GatewayNo,
                    hold.BootNo);
            }
        }

        return released;
    }
}
