using Dapper;
using Npgsql;
using TokenHub.Core.Money;
using TokenHub.Core.Requests;

namespace TokenHub.Ledger.Draining;

/// <summary>Reads what is posted, for requests whose copies in Redis are still there.</summary>
internal sealed class Stands(NpgsqlDataSource database)
{
    private const string DrainedSql = """
        select rid from usage_events where rid = any(@rids)
        union
        select rid from settle_dead where rid = any(@rids)
        """;

    private const string PostedSql = "select rid from usage_events where rid = any(@rids)";

    private const string AccountsSql =
        "select id as account, balance_units as balance, version from accounts where id = any(@ids)";

    private const string KeysSql =
        "select id as key, spent_units as spent, spent_version as version from api_keys where id = any(@ids)";

    /// <summary>Those of the requests that the ledger has, posted or parked.</summary>
    public Task<HashSet<RequestId>> FindDrainedAsync(IEnumerable<RequestId> requests, CancellationToken ct) =>
        FindAsync(DrainedSql, requests, ct);

    /// <summary>Those of the requests that are posted.</summary>
    public Task<HashSet<RequestId>> FindPostedAsync(IEnumerable<RequestId> requests, CancellationToken ct) =>
        FindAsync(PostedSql, requests, ct);

    private async Task<HashSet<RequestId>> FindAsync(
        string sql, IEnumerable<RequestId> requests, CancellationToken ct)
    {
        var rids = requests.Select(id => id.ToGuid()).ToArray();
        await using var connection = await database.OpenConnectionAsync(ct);
        var found = await connection.QueryAsync<Guid>(new CommandDefinition(sql, new { rids }, cancellationToken: ct));
        return [.. found.Select(RequestId.FromGuid)];
    }

    /// <summary>How accounts and keys stand now, at or after the posting of the requests.</summary>
    public async Task<PostedBatch> ReadAsync(IReadOnlyList<DrainedRequest> requests, CancellationToken ct)
    {
        await using var connection = await database.OpenConnectionAsync(ct);
        var accounts = await connection.QueryAsync<AccountNumbers>(new CommandDefinition(
            AccountsSql, new { ids = requests.Select(r => r.Account).Distinct().ToArray() }, cancellationToken: ct));
        var keys = await connection.QueryAsync<KeyNumbers>(new CommandDefinition(
            KeysSql, new { ids = requests.Select(r => r.Key).Distinct().ToArray() }, cancellationToken: ct));
        return new PostedBatch(
            [.. accounts.Select(row => new AccountStand(row.Account, new Usd(row.Balance), row.Version))],
            [.. keys.Select(row => new KeyStand(row.Key, new Usd(row.Spent), row.Version))],
            requests);
    }

    private sealed record AccountNumbers(long Account, long Balance, long Version);

    private sealed record KeyNumbers(long Key, long Spent, long Version);
}
