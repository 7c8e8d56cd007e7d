using Npgsql;
using TokenHub.Ledger.Rebuilding;
using TokenHub.Redis;

namespace TokenHub.Ledger.Balances;

/// <summary>
/// Sees to it that a shard is open before anything is brought into it: at once where nobody has to be waited for.
/// </summary>
public sealed class ShardBuilder(NpgsqlDataSource database, RedisClient redis, RedisWatch watch)
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(20);
    private const int RoundsMax = 50;

    /// <summary>Returns the epoch of the shard; null while gateways have to be waited for.</summary>
    public async Task<long?> EnsureAsync(int shard, CancellationToken ct = default)
    {
        for (var round = 0; round < RoundsMax; round++)
        {
            if (await ReadOpenAsync(shard, ct) is { } epoch)
            {
                return epoch;
            }

            // Met before the watch has come round: it need not wait for its time.
            var outcome = await watch.RunAsync(ct);
            if (outcome == WatchRound.Waiting)
            {
                return await ReadOpenAsync(shard, ct);
            }

            if (outcome == WatchRound.Elsewhere)
            {
                await Task.Delay(Pause, ct);
            }
        }

        return null;
    }

    private async Task<long?> ReadOpenAsync(int shard, CancellationToken ct)
    {
        var text = await redis.GetAsync(RedisKeys.Epoch(shard), ct);
        await using var connection = await database.OpenConnectionAsync(ct);
        var row = await ShardRows.ReadAsync(connection, shard, ct);
        var isOpen = row.Rebuilding is null && text is not null
            && long.TryParse(text, System.Globalization.CultureInfo.InvariantCulture, out var found)
            && found == row.Epoch;
        return isOpen ? row.Epoch : null;
    }
}
