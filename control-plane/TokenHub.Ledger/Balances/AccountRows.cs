using Dapper;
using Npgsql;
using TokenHub.Core.Money;

namespace TokenHub.Ledger.Balances;

/// <summary>All that Redis knows of an account, as PostgreSQL has it at one instant.</summary>
internal sealed record AccountRow(long Id, long Balance, long Version, bool Active, int MaxConcurrency)
{
    public Usd BalanceUsd => new(Balance);
}

/// <summary>An account and one of its keys at one instant; without a key the last three are zero.</summary>
internal sealed record AccountKeyRow(
    long Id, long Balance, long Version, bool Active, int MaxConcurrency, long Key, long Spent, long SpentVersion)
{
    public Usd BalanceUsd => new(Balance);

    public Usd SpentUsd => new(Spent);
}

/// <summary>Reads accounts for those who bring them to Redis.</summary>
internal sealed class AccountReads(NpgsqlDataSource database)
{
    private const string ByIdSql = """
        select a.id, a.balance_units as balance, a.version, u.status = 'active' as active, u.max_concurrency
        from accounts a
        join users u on u.id = a.id
        where a.id = any(@accounts)
        """;

    private const string ChangedSql = """
        select a.id
        from accounts a
        join users u on u.id = a.id
        where a.id > @after and (@within::interval is null or a.changed_at > now() - @within)
        order by a.id
        limit @limit
        """;

    private const string WithKeySql = """
        select a.id, a.balance_units as balance, a.version, u.status = 'active' as active, u.max_concurrency,
          coalesce(k.id, 0) as key, coalesce(k.spent_units, 0) as spent, coalesce(k.spent_version, 0) as spent_version
        from accounts a
        join users u on u.id = a.id
        left join api_keys k on k.user_id = a.id and k.id = @key
        where a.id = @account
        """;

    private const string AllWithKeysSql = """
        select a.id, a.balance_units as balance, a.version, u.status = 'active' as active, u.max_concurrency,
          coalesce(k.id, 0) as key, coalesce(k.spent_units, 0) as spent, coalesce(k.spent_version, 0) as spent_version
        from accounts a
        join users u on u.id = a.id
        left join api_keys k on k.user_id = a.id
        where @within::interval is null or a.changed_at > now() - @within
        """;

    public async Task<IReadOnlyList<AccountRow>> ReadAsync(IReadOnlyCollection<long> accounts, CancellationToken ct)
    {
        await using var connection = await database.OpenConnectionAsync(ct);
        return (await connection.QueryAsync<AccountRow>(
            new CommandDefinition(ByIdSql, new { accounts = accounts.ToArray() }, cancellationToken: ct))).AsList();
    }

    /// <summary>
    /// Ids of users' accounts after one, in order; of those only that moved lately, unless that is null.
    /// </summary>
    public async Task<IReadOnlyList<long>> ReadIdsAsync(long after, TimeSpan? within, int limit, CancellationToken ct)
    {
        await using var connection = await database.OpenConnectionAsync(ct);
        return (await connection.QueryAsync<long>(
            new CommandDefinition(ChangedSql, new { after, within, limit }, cancellationToken: ct))).AsList();
    }

    /// <summary>
    /// Null when there is no such account; the key's part is empty when it is not a key of that account.
    /// </summary>
    public async Task<AccountKeyRow?> ReadWithKeyAsync(long account, long key, CancellationToken ct)
    {
        await using var connection = await database.OpenConnectionAsync(ct);
        return await connection.QuerySingleOrDefaultAsync<AccountKeyRow>(
            new CommandDefinition(WithKeySql, new { account, key }, cancellationToken: ct));
    }

    /// <summary>Accounts with their keys, a row each; those only that moved lately, unless that is null.</summary>
    public async Task<IReadOnlyList<AccountKeyRow>> ReadWithKeysAsync(TimeSpan? within, CancellationToken ct)
    {
        await using var connection = await database.OpenConnectionAsync(ct);
        return (await connection.QueryAsync<AccountKeyRow>(
            new CommandDefinition(AllWithKeysSql, new { within }, cancellationToken: ct))).AsList();
    }
}
