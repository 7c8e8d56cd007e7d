using Dapper;
using Npgsql;
using TokenHub.Core.Money;
using TokenHub.Core.Requests;
using TokenHub.Redis;

namespace TokenHub.Ledger.Balances;

/// <summary>
/// What a user has. <see cref="Balance"/> is everything earned and charged up to now, <see cref="Held"/> is set aside
/// for requests under way. <see cref="IsLive"/> is false when Redis could not be asked: then holds are not known.
/// </summary>
public sealed record Wallet(Usd Balance, Usd Held, bool IsLive)
{
    public Usd Available => Balance - Held;
}

/// <summary>
/// Reads wallets exactly: the balance in PostgreSQL less those charges that are in Redis and not yet posted, each
/// counted once whichever way the two overlap.
/// </summary>
public sealed class Wallets(NpgsqlDataSource database, Till till)
{
    // More waiting charges than this in one shard mean that the ledger is far behind: then Redis' own sum has to do.
    private const int EntriesMax = 1000;
    private const int RoundsMax = 3;

    private const string ReadSql = """
        select a.balance_units as balance,
          coalesce(array(select e.rid from usage_events e where e.rid = any(@rids)), '{}') as posted
        from accounts a
        where a.id = @account
        """;

    /// <summary>Null when there is no such account.</summary>
    public async Task<Wallet?> ReadAsync(long account, CancellationToken ct = default)
    {
        LiveView live;
        try
        {
            live = await ReadRedisAsync(account, ct);
        }
        catch (RedisUnavailableException)
        {
            return await ReadLedgerAsync(account, [], ct) is { } alone
                ? new Wallet(new Usd(alone.Balance), Usd.Zero, IsLive: false)
                : null;
        }

        // Redis first, PostgreSQL afterwards: what is posted in between is seen as posted, and counted once.
        if (await ReadLedgerAsync(account, live.Waiting, ct) is not { } ledger)
        {
            return null;
        }

        var held = live.State?.Held ?? Usd.Zero;
        if (live is { IsWhole: false, State: { } state })
        {
            return new Wallet(state.Balance - state.Unsettled, held, IsLive: true);
        }

        var posted = ledger.Posted.Select(RequestId.FromGuid).ToHashSet();
        var unposted = live.Waiting.Where(entry => !posted.Contains(entry.Rid))
            .Aggregate(Usd.Zero, (sum, entry) => sum + entry.Cost);
        return new Wallet(new Usd(ledger.Balance) - unposted, held, IsLive: true);
    }

    private async Task<LiveView> ReadRedisAsync(long account, CancellationToken ct)
    {
        var state = await till.ReadAccountAsync(account, ct);
        for (var round = 0; ; round++)
        {
            if (state is not null && state.Unsettled == Usd.Zero)
            {
                return new LiveView(state, [], IsWhole: true);
            }

            var shard = await till.OutboxAsync(Shards.Of(account), olderThanMs: 0, EntriesMax, ct);
            var now = await till.ReadAccountAsync(account, ct);

            // The same before and after: the holds and the charges belong together.
            if (now == state || round == RoundsMax)
            {
                return new LiveView(
                    now, [.. shard.Where(entry => entry.Account == account)], shard.Count < EntriesMax);
            }

            state = now;
        }
    }

    private async Task<LedgerRow?> ReadLedgerAsync(
        long account, IReadOnlyList<OutboxEntry> waiting, CancellationToken ct)
    {
        var rids = waiting.Select(entry => entry.Rid.ToGuid()).ToArray();
        await using var connection = await database.OpenConnectionAsync(ct);
        return await connection.QuerySingleOrDefaultAsync<LedgerRow>(
            new CommandDefinition(ReadSql, new { account, rids }, cancellationToken: ct));
    }

    private sealed record LiveView(AccountState? State, IReadOnlyList<OutboxEntry> Waiting, bool IsWhole);

    private sealed record LedgerRow
    {
        public long Balance { get; init; }
        public Guid[] Posted { get; init; } = [];
    }
}
