using System.Globalization;
using Dapper;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;
using TokenHub.Redis;

namespace TokenHub.Ledger.Balances;

/// <summary>
/// Opens a shard that Redis has lost, or has in an older state, under a new epoch. Redis without the epoch that
/// PostgreSQL knows is refused by every till that has seen it.
/// </summary>
public sealed class ShardBuilder(
    NpgsqlDataSource database, RedisClient redis, Till till, ILogger<ShardBuilder>? logger = null)
{
    private const string ReadEpochSql = "select epoch from shards where no = @shard";

    // Held by the session until Redis has the epoch: of several control planes one builds, the others find it built.
    private const string LockSql = "select pg_advisory_lock(730658365, @shard)";

    private const string UnlockSql = "select pg_advisory_unlock(730658365, @shard)";

    private const string RaiseEpochSql = """
        update shards
        set epoch = greatest(epoch, @found) + 1
        where no = @shard
        returning epoch
        """;

    private readonly AccountReads _accounts = new(database);
    private readonly ILogger _logger = logger ?? NullLogger<ShardBuilder>.Instance;

    /// <summary>Returns the epoch of the shard, built if it has to be.</summary>
    public async Task<long> EnsureAsync(int shard, CancellationToken ct = default)
    {
        var found = await ReadRedisAsync(shard, ct);
        await using var connection = await database.OpenConnectionAsync(ct);
        var known = await connection.ExecuteScalarAsync<long>(
            new CommandDefinition(ReadEpochSql, new { shard }, cancellationToken: ct));
        return found == known ? known : await BuildAsync(connection, shard, ct);
    }

    private async Task<long> BuildAsync(NpgsqlConnection connection, int shard, CancellationToken ct)
    {
        await connection.ExecuteAsync(new CommandDefinition(LockSql, new { shard }, cancellationToken: ct));
        try
        {
            var known = await connection.ExecuteScalarAsync<long>(
                new CommandDefinition(ReadEpochSql, new { shard }, cancellationToken: ct));
            var found = await ReadRedisAsync(shard, ct);
            return found == known ? known : await BuildLockedAsync(connection, shard, found, ct);
        }
        finally
        {
            await connection.ExecuteAsync(UnlockSql, new { shard });
        }
    }

    private async Task<long> BuildLockedAsync(NpgsqlConnection connection, int shard, long? found, CancellationToken ct)
    {
        if (found is not null)
        {
            await RefreshAsync(shard, ct);
        }

        // Raised first: an epoch in Redis is never ahead of PostgreSQL. A crash in between only costs one more build.
        var epoch = await connection.ExecuteScalarAsync<long>(
            new CommandDefinition(RaiseEpochSql, new { shard, found = found ?? 0 }, cancellationToken: ct));
        await till.BuildShardAsync(shard, epoch, ct);
        _logger.LogWarning("Built Redis shard {Shard} as epoch {Epoch}; Redis had {Found}", shard, epoch, found);
        return epoch;
    }

    // An older copy of the shard: what it says of money is brought up to date before anyone may use it again.
    private async Task RefreshAsync(int shard, CancellationToken ct)
    {
        await redis.DeleteAsync(RedisKeys.Epoch(shard), ct);
        foreach (var row in await _accounts.ReadAllWithKeysAsync(account => Shards.Of(account) == shard, ct))
        {
            await till.HydrateAsync(
                row.Id, row.BalanceUsd, row.Version, row.Active, row.MaxConcurrency, row.Key, row.SpentUsd,
                row.SpentVersion, ct);
        }
    }

    private async Task<long?> ReadRedisAsync(int shard, CancellationToken ct)
    {
        var text = await redis.GetAsync(RedisKeys.Epoch(shard), ct);
        return text is not null && long.TryParse(text, CultureInfo.InvariantCulture, out var epoch) ? epoch : null;
    }
}
