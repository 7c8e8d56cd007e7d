using Npgsql;
using TokenHub.Core.Snapshots;
using TokenHub.Redis;

namespace TokenHub.Ledger.Balances;

/// <summary>
/// Puts an account and a key into Redis when a gateway asks, absolutely and by version, so any number may ask.
/// </summary>
public sealed class Hydrator(NpgsqlDataSource database, Till till, ShardBuilder shards)
{
    private const int RoundsMax = 5;

    private readonly AccountReads _accounts = new(database);

    public async Task<PlaneMessages.HydrateReply> HydrateAsync(
        PlaneMessages.HydrateRequest request, CancellationToken ct = default)
    {
        var shard = Shards.Of(request.Account);
        var epoch = await shards.EnsureAsync(shard, ct);
        var row = await _accounts.ReadWithKeyAsync(request.Account, request.Key, ct);
        var isKnown = row is not null && row.Key == request.Key;
        if (epoch is not { } open)
        {
            return new PlaneMessages.HydrateReply(isKnown, 0);
        }

        till.Join(shard, open);

        // A charge posted between the read and the write was acknowledged to an account that was not there yet: so what
        // was written is compared with what PostgreSQL has by now.
        for (var round = 0; row is not null && round < RoundsMax; round++)
        {
            await WriteAsync(row, ct);
            var now = await _accounts.ReadWithKeyAsync(request.Account, request.Key, ct);
            if (now == row)
            {
                break;
            }

            row = now;
        }

        return new PlaneMessages.HydrateReply(row is not null && row.Key == request.Key, open);
    }

    private async Task WriteAsync(AccountKeyRow row, CancellationToken ct)
    {
        var code = await till.HydrateAsync(
            row.Id, row.BalanceUsd, row.Version, row.Active, row.MaxConcurrency, row.Key, row.SpentUsd,
            row.SpentVersion, ct);
        if (code < 0)
        {
            throw new RedisUnavailableException($"The till does not take account {row.Id}: {code}.");
        }

        await till.SetBalanceAsync(row.Id, row.BalanceUsd, row.Version, row.Active, row.MaxConcurrency, ct);
    }
}
