using Dapper;
using Npgsql;

namespace TokenHub.Ledger.Rebuilding;

/// <param name="Rebuilding">Number of the rebuild under way; null while the shard is open.</param>
/// <param name="PlantedOn">Run id of the server that has the mark of this rebuild; null when none has it yet.</param>
public sealed record ShardRow(int No, long Epoch, long? Rebuilding, string? PlantedOn);

/// <summary>What PostgreSQL last saw of the servers, by shard.</summary>
internal sealed record WatchRow
{
    public string[] RunIds { get; init; } = [];
    public long[] HighWaters { get; init; } = [];
}

/// <summary>The shards and the watch over Redis as PostgreSQL keeps them.</summary>
internal static class ShardRows
{
    private const string RowSql = "select no::integer as no, epoch, rebuilding, planted_on from shards";

    private const string ReadSql = $"{RowSql} order by no";

    private const string ReadOneSql = $"{RowSql} where no = @shard";

    private const string WatchSql = "select run_ids, high_waters from redis_watch";

    private const string RememberSql = "update redis_watch set run_ids = @runIds, high_waters = @highWaters";

    // In one statement: that a server was replaced is remembered, and that everything has to be told again.
    private const string ReplacedSql = """
        update redis_watch
        set run_ids = @runIds, high_waters = @highWaters, replay = replay + 1, recheck = 2
        """;

    // Raised before Redis hears of it: an epoch in Redis is never ahead of PostgreSQL.
    private const string CloseSql = """
        with number as (select nextval('rebuild_numbers') as no)
        update shards
        set epoch = greatest(shards.epoch, found.epoch) + 1, rebuilding = (select no from number), planted_on = null
        from unnest(@shards::smallint[], @epochs::bigint[]) as found(shard, epoch)
        where shards.no = found.shard and (rebuilding is null or planted_on is not null)
        returning rebuilding
        """;

    private const string PlantedSql = """
        update shards
        set planted_on = done.run_id
        from unnest(@shards::smallint[], @epochs::bigint[], @runIds::text[]) as done(shard, epoch, run_id)
        where shards.no = done.shard and shards.epoch = done.epoch and rebuilding is not null
        """;

    /// <summary>Closed shards of which gateways may hear.</summary>
    public const string ToldSql = $"{RowSql} where rebuilding is not null and planted_on is not null order by no";

    private const string OpenSql = """
        update shards
        set rebuilding = null, planted_on = null
        from unnest(@shards::smallint[], @epochs::bigint[]) as opened(shard, epoch)
        where shards.no = opened.shard and shards.epoch = opened.epoch
        """;

    private const string RecheckSql = "update redis_watch set recheck = greatest(recheck, @extent::smallint)";

    private const string TakeRecheckSql = """
        update redis_watch as now
        set recheck = 0
        from (select recheck from redis_watch for update) as before
        where before.recheck > 0
        returning before.recheck::integer
        """;

    public static async Task<IReadOnlyList<ShardRow>> ReadAsync(NpgsqlConnection connection, CancellationToken ct) =>
        (await connection.QueryAsync<ShardRow>(new CommandDefinition(ReadSql, cancellationToken: ct))).AsList();

    public static Task<ShardRow> ReadAsync(NpgsqlConnection connection, int shard, CancellationToken ct) =>
        connection.QuerySingleAsync<ShardRow>(new CommandDefinition(ReadOneSql, new { shard }, cancellationToken: ct));

    public static Task<WatchRow> ReadWatchAsync(NpgsqlConnection connection, CancellationToken ct) =>
        connection.QuerySingleAsync<WatchRow>(new CommandDefinition(WatchSql, cancellationToken: ct));

    public static Task RememberAsync(
        NpgsqlConnection connection, WatchRow watch, bool replaced, CancellationToken ct) =>
        connection.ExecuteAsync(new CommandDefinition(
            replaced ? ReplacedSql : RememberSql,
            new { runIds = watch.RunIds, highWaters = watch.HighWaters },
            cancellationToken: ct));

    /// <summary>
    /// Raises the epochs of shards that are open, or lost what was told in their rebuild, and marks them as being
    /// rebuilt. Returns the number of the rebuild; null when there was no such shard any more.
    /// </summary>
    public static async Task<long?> CloseAsync(
        NpgsqlConnection connection, IReadOnlyList<(int Shard, long Found)> lost, CancellationToken ct)
    {
        var parameters = new
        {
            shards = lost.Select(shard => (short)shard.Shard).ToArray(),
            epochs = lost.Select(shard => shard.Found).ToArray(),
        };
        var numbers = await connection.QueryAsync<long>(
            new CommandDefinition(CloseSql, parameters, cancellationToken: ct));
        return numbers.Select(number => (long?)number).FirstOrDefault();
    }

    /// <summary>Notes that the servers have the marks of these rebuilds.</summary>
    public static Task PlantedAsync(
        NpgsqlConnection connection, IReadOnlyList<ShardRow> rows, string[] runIds, CancellationToken ct) =>
        connection.ExecuteAsync(new CommandDefinition(
            PlantedSql,
            new
            {
                shards = rows.Select(row => (short)row.No).ToArray(),
                epochs = rows.Select(row => row.Epoch).ToArray(),
                runIds = rows.Select(row => runIds[row.No]).ToArray(),
            },
            cancellationToken: ct));

    public static Task OpenAsync(NpgsqlConnection connection, IReadOnlyList<ShardRow> rows, CancellationToken ct) =>
        connection.ExecuteAsync(new CommandDefinition(
            OpenSql,
            new
            {
                shards = rows.Select(row => (short)row.No).ToArray(),
                epochs = rows.Select(row => row.Epoch).ToArray(),
            },
            cancellationToken: ct));

    /// <param name="extent">1: copies of posted charges; 2: every balance too.</param>
    public static Task AskRecheckAsync(NpgsqlConnection connection, int extent, CancellationToken ct) =>
        connection.ExecuteAsync(new CommandDefinition(RecheckSql, new { extent }, cancellationToken: ct));

    /// <summary>Takes the task for this caller; 0 when there is none.</summary>
    public static async Task<int> TakeRecheckAsync(NpgsqlConnection connection, CancellationToken ct) =>
        await connection.ExecuteScalarAsync<int?>(new CommandDefinition(TakeRecheckSql, cancellationToken: ct)) ?? 0;
}
