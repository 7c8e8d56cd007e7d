using Dapper;
using Npgsql;
using TokenHub.Core.Money;
using TokenHub.Core.Snapshots;

namespace TokenHub.Ledger.Draining;

/// <summary>Rows that a record refers to and that never change: tariffs by price version, accounts by key.</summary>
internal sealed record ReferenceRows(
    IReadOnlyDictionary<long, Tariff> Tariffs, IReadOnlyDictionary<long, long> KeyAccounts);

/// <summary>
/// Reads the prices, keys and gateways that records name, and remembers them: a price row is never edited, a key stays
/// with its user, a gateway keeps its number.
/// </summary>
internal sealed class ReferenceCache(NpgsqlDataSource database)
{
    private const int RowsMax = 100_000;

    private const string ReadPricesSql = """
        select id, input_units as input, output_units as output, cache_read_units as cache_read,
          cache_write_5m_units as cache_write5m, cache_write_1h_units as cache_write1h
        from prices
        where id = any(@ids)
        """;

    private const string ReadKeysSql = "select id, user_id as account from api_keys where id = any(@ids)";

    private const string ReadGatewaySql = "select exists (select from gateways where no = @gatewayNo)";

    private readonly Lock _gate = new();
    private readonly Dictionary<long, Tariff> _tariffs = [];
    private readonly Dictionary<long, long> _keyAccounts = [];
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
        var tariffs = new Dictionary<long, Tariff>();
        var keys = new Dictionary<long, long>();
        var missingPrices = Recall(entries, e => e.Record!.PriceVersion, _tariffs, tariffs);
        var missingKeys = Recall(entries, e => e.Record!.Key, _keyAccounts, keys);
        if (missingPrices.Length + missingKeys.Length > 0)
        {
            await using var connection = await database.OpenConnectionAsync(ct);
            var prices = await connection.QueryAsync<PriceRow>(
                new CommandDefinition(ReadPricesSql, new { ids = missingPrices }, cancellationToken: ct));
            Remember(prices.Select(row => (row.Id, row.ToTariff())), _tariffs, tariffs);
            var owners = await connection.QueryAsync<KeyRow>(
                new CommandDefinition(ReadKeysSql, new { ids = missingKeys }, cancellationToken: ct));
            Remember(owners.Select(row => (row.Id, row.Account)), _keyAccounts, keys);
        }

        return new ReferenceRows(tariffs, keys);
    }

    private long[] Recall<T>(
        IReadOnlyList<LogEntry> entries, Func<LogEntry, long> id, Dictionary<long, T> known, Dictionary<long, T> found)
    {
        var missing = new HashSet<long>();
        lock (_gate)
        {
            foreach (var entry in entries)
            {
                var wanted = id(entry);
                if (known.TryGetValue(wanted, out var value))
                {
                    found[wanted] = value;
                }
                else
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

    private sealed record KeyRow(long Id, long Account);

    private sealed record PriceRow
    {
        public long Id { get; init; }
        public long Input { get; init; }
        public long Output { get; init; }
        public long? CacheRead { get; init; }
        public long? CacheWrite5m { get; init; }
        public long? CacheWrite1h { get; init; }

        public Tariff ToTariff() => new PriceEntry
        {
            Id = Id,
            Model = "",
            Input = Input,
            Output = Output,
            CacheRead = CacheRead,
            CacheWrite5m = CacheWrite5m,
            CacheWrite1h = CacheWrite1h,
        }.ToTariff();
    }
}
