using Npgsql;
using TokenHub.Core.Money;
using TokenHub.Redis;

namespace TokenHub.Ledger.Balances;

/// <summary>
/// Brings balances, status and caps of accounts from PostgreSQL to Redis, where an account is in use there.
/// </summary>
public sealed class LiveBalances(NpgsqlDataSource database, Till till)
{
    private const int PageSize = 500;
    private const int CallsAtOnce = 64;
    private const int RoundsMax = 5;

    private readonly AccountReads _accounts = new(database);

    public Task TellAsync(long account, CancellationToken ct = default) => TellAsync([account], ct);

    /// <summary>
    /// Status and caps have no version in Redis, so what was written is compared with PostgreSQL afterwards: of several
    /// who write at once, the last one sees what is newest.
    /// </summary>
    public async Task TellAsync(IReadOnlyCollection<long> accounts, CancellationToken ct = default)
    {
        var rows = await _accounts.ReadAsync(accounts, ct);
        for (var round = 0; rows.Count > 0 && round < RoundsMax; round++)
        {
            foreach (var chunk in rows.Chunk(CallsAtOnce))
            {
                await Task.WhenAll(chunk.Select(row => SetAsync(row, ct)));
            }

            var told = rows.ToHashSet();
            var now = await _accounts.ReadAsync([.. rows.Select(row => row.Id)], ct);
            rows = [.. now.Where(row => !told.Contains(row))];
        }
    }

    /// <summary>As <see cref="TellAsync(long, CancellationToken)"/>; does nothing when Redis is away.</summary>
    public async Task TryTellAsync(long account, CancellationToken ct = default)
    {
        try
        {
            await TellAsync(account, ct);
        }
        catch (RedisUnavailableException)
        {
            // The change is noted in PostgreSQL, and told when Redis is back.
        }
    }

    /// <summary>
    /// Tells of every account that moved lately and of its keys, or of all with null: an acknowledgement may have been
    /// lost, or Redis have come back with an older copy. Returns how many accounts.
    /// </summary>
    public async Task<int> TellChangedAsync(TimeSpan? within, CancellationToken ct = default)
    {
        var count = 0;
        var after = 0L;
        while (await _accounts.ReadIdsAsync(after, within, PageSize, ct) is { Count: > 0 } page)
        {
            await TellAsync(page, ct);
            count += page.Count;
            after = page[^1];
        }

        var rows = await _accounts.ReadWithKeysAsync(within, ct);
        foreach (var chunk in rows.Where(row => row.Key != 0 && row.SpentVersion > 0).Chunk(CallsAtOnce))
        {
            // An acknowledgement of nothing: it takes the numbers over where they are newer.
            await Task.WhenAll(chunk.Select(async row => await till.AckAsync(
                row.Id, row.BalanceUsd, row.Version, row.Key, row.SpentUsd, row.SpentVersion, [], ct)));
        }

        return count;
    }

    /// <summary>Tells of every account and of every key.</summary>
    public Task TellAllAsync(CancellationToken ct = default) => TellChangedAsync(within: null, ct);

    /// <summary>
    /// What of an account's balance is spoken for in Redis: held, or charged and perhaps not posted yet.
    /// </summary>
    public async Task<Usd> ReadCommittedAsync(long account, CancellationToken ct = default) =>
        await till.ReadAccountAsync(account, ct) is { } state ? state.Held + state.Unsettled : Usd.Zero;

    private async Task SetAsync(AccountRow row, CancellationToken ct) =>
        await till.SetBalanceAsync(row.Id, row.BalanceUsd, row.Version, row.Active, row.MaxConcurrency, ct);
}
