using Npgsql;
using TokenHub.Ledger.Balances;
using TokenHub.Ledger.Draining;
using TokenHub.Redis;

namespace TokenHub.Ledger.Rebuilding;

/// <summary>
/// The control planes' own part when Redis has lost something: every balance is told again, and copies of charges that
/// are posted already, as an older state of Redis has them, are taken away.
/// </summary>
public sealed class Recheck(NpgsqlDataSource database, Till till, LiveBalances balances, Acknowledger acknowledger)
{
    public static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(500);

    private const int EntriesMax = 5_000;

    private readonly Stands _stands = new(database);

    /// <summary>Does what is due; false when nothing was. A failed one stays due.</summary>
    public async Task<bool> RunAsync(CancellationToken ct = default)
    {
        await using var connection = await database.OpenConnectionAsync(ct);
        var extent = await ShardRows.TakeRecheckAsync(connection, ct);
        if (extent == 0)
        {
            return false;
        }

        try
        {
            await DropPostedAsync(ct);
            if (extent > 1)
            {
                await balances.TellAllAsync(ct);
            }

            return true;
        }
        catch (Exception error) when (error is NpgsqlException or RedisUnavailableException)
        {
            await ShardRows.AskRecheckAsync(connection, extent, ct);
            throw;
        }
    }

    // Those that are not posted are on their way with the gateways' logs.
    private async Task DropPostedAsync(CancellationToken ct)
    {
        for (var shard = 0; shard < Shards.Count; shard++)
        {
            var entries = await till.OutboxAsync(shard, olderThanMs: 0, EntriesMax, ct);
            if (entries.Count == 0)
            {
                continue;
            }

            var drained = await _stands.FindDrainedAsync(entries.Select(entry => entry.Rid), ct);
            var posted = entries.Where(entry => drained.Contains(entry.Rid))
                .Select(entry => new DrainedRequest(entry.Rid, entry.Account, entry.Key)).ToList();
            if (posted.Count > 0)
            {
                await acknowledger.AcknowledgeAsync(await _stands.ReadAsync(posted, ct), ct);
            }
        }
    }
}
