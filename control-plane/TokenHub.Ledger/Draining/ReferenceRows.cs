using Dapper;
using Npgsql;
using TokenHub.Core.Usage;
using TokenHub.Ledger.Prices;

namespace TokenHub.Ledger.Draining;

/// <summary>
/// Rows that a record refers to and that never change: prices by version, accounts by key, owners by channel.
/// </summary>
internal sealed record ReferenceRows(
    IReadOnlyDictionary<long, PriceSides> Prices,
    IReadOnlyDictionary<long, long> KeyAccounts,
    IReadOnlyDictionary<long, long> ChannelOwners);

/// <summary>
/// Reads the prices, keys and gateways that records name, and remembers them: a price row is never edited, a key stays
/// with its user, a gateway keeps its number.
/// </summary>
internal sealed class ReferenceCache(NpgsqlDataSource database)
{
    private const int RowsMax = 100_000;

    private const string ReadKeysSql = "select id, user_id as account from api_keys where id = any(@ids)";

    // A channel that is not there is the platform's.
    private const string ReadChannelsSql =
        "select id, coalesce(owner_user_id, 0) as account from channels where id = any(@ids)";

    private const string ReadGatewaySql = "select exists (select from gateways where no = @gatewayNo)";

    private readonly Lock _gate = new();
    private readonly Dictionary<long, PriceSides> _prices = [];
    private readonly Dictionary<long, long> _keyAccounts = [];
    private readonly Dictionary<long, long> _channelOwners = [];
    private readonly HashSet<int> _gateways = [];

    public async Task RequireGatewayAsync(int gatewayNo, CancellationToken ct)
    {
        lock (_gate)
        {
            if (_gateways.Contains(gatewayNo))
            {
                return;
            }
        }

        await using var connection = await database.OpenConnectionAsync(ct);
        if (!await connection.ExecuteScalarAsync<bool>(
            new CommandDefinition(ReadGatewaySql, new { gatewayNo }, cancellationToken: ct)))
        {
            throw new UnknownGatewayException(gatewayNo);
        }

        lock (_gate)
        {
            _gateways.Add(gatewayNo);
        }
    }

    public async Task<ReferenceRows> ReadAsync(IReadOnlyList<LogEntry> entries, CancellationToken ct)
    {
        var rows = (
            Prices: new Dictionary<long, PriceSides>(),
            Keys: new Dictionary<long, long>(),
            Owners: new Dictionary<long, long>());
        var prices = Recall(entries.SelectMany(e => PricesOf(e.Record!)), _prices, rows.Prices);
        var keys = Recall(entries.Select(e => e.Record!.Key), _keyAccounts, rows.Keys);
        var channels = Recall(
            entries.SelectMany(e => OtherChannelsOf(e.Record!)), _channelOwners, rows.Owners);
        if (prices.Length + keys.Length + channels.Length > 0)
        {
            await using var connection = await database.OpenConnectionAsync(ct);
            var found = await PriceReads.ReadAsync(connection, prices, ct);
            Remember(found.Select(row => (row.Key, row.Value)), _prices, rows.Prices);
            Remember(await ReadAccountsAsync(connection, ReadKeysSql, keys, ct), _keyAccounts, rows.Keys);
            Remember(channels.Select(id => (id, 0L)), _channelOwners, rows.Owners);
            Remember(await ReadAccountsAsync(connection, ReadChannelsSql, channels, ct), _channelOwners, rows.Owners);
        }

        return new ReferenceRows(rows.Prices, rows.Keys, rows.Owners);
    }

    private static IEnumerable<long> PricesOf(UsageRecord record) =>
        record.Attempts.Select(attempt => attempt.PriceVersion).Prepend(record.PriceVersion);

    // The record itself says whose its own channel is.
    private static IEnumerable<long> OtherChannelsOf(UsageRecord record) =>
        record.Attempts.Select(attempt => attempt.Channel).Where(channel => channel != record.Channel);

    private static async Task<IEnumerable<(long Id, long Account)>> ReadAccountsAsync(
        NpgsqlConnection connection, string sql, long[] ids, CancellationToken ct) =>
        (await connection.QueryAsync<AccountOf>(new CommandDefinition(sql, new { ids }, cancellationToken: ct)))
            .Select(row => (row.Id, row.Account));

    // The ids that are not known yet; those that are go into "found".
    private long[] Recall<T>(IEnumerable<long> ids, Dictionary<long, T> known, Dictionary<long, T> found)
    {
        var missing = new HashSet<long>();
        lock (_gate)
        {
            foreach (var wanted in ids.Distinct())
            {
                if (known.TryGetValue(wanted, out var value))
                {
                    found[wanted] = value;
                }
                else if (wanted != 0)
                {
                    missing.Add(wanted);
                }
            }
        }

        return [.. missing];
    }

    private void Remember<T>(IEnumerable<(long Id, T Value)> rows, Dictionary<long, T> known, Dictionary<long, T> found)
    {
        lock (_gate)
        {
            if (known.Count > RowsMax)
            {
                known.Clear();
            }

            foreach (var (id, value) in rows)
            {
                known[id] = found[id] = value;
            }
        }
    }

    private sealed record AccountOf(long Id, long Account);
}
