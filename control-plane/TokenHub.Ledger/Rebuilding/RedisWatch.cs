using Dapper;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;
using TokenHub.Core.Snapshots;
using TokenHub.Ledger.Gateways;
using TokenHub.Redis;

namespace TokenHub.Ledger.Rebuilding;

/// <summary>
/// Notices that Redis lost a shard or went back in time, and opens it again in order: PostgreSQL raises the epoch,
/// Redis loses the old one, every living gateway tells what it holds, Redis gets the new epoch, PostgreSQL notes it as
/// open. Each step can be repeated by whichever control plane comes next; one at a time is at it.
/// </summary>
public sealed class RedisWatch(
    NpgsqlDataSource database,
    RedisClient redis,
    Till till,
    GatewayLeases leases,
    TimeProvider? time = null,
    ILogger<RedisWatch>? logger = null)
{
    public static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(250);

    /// <summary>Between two rounds while shards are closed.</summary>
    public static readonly TimeSpan IntervalWhileClosed = TimeSpan.FromMilliseconds(50);

    private static readonly TimeSpan RememberEvery = TimeSpan.FromSeconds(2);

    private const string TryLockSql = $"select pg_try_advisory_lock({AdvisoryLocks.RedisWatch})";

    private const string UnlockSql = $"select pg_advisory_unlock({AdvisoryLocks.RedisWatch})";

    private readonly ShardMarks _marks = new(redis);
    private readonly TimeProvider _time = time ?? TimeProvider.System;
    private readonly ILogger _logger = logger ?? NullLogger<RedisWatch>.Instance;
    private readonly HighWater _highWater = new(time ?? TimeProvider.System);
    private long? _rememberedAt;
    private long _toldRebuild;
    private bool _mayHaveHiddenLoss;

    /// <summary>One look at all shards, and the next step for each that is closed.</summary>
    public async Task<WatchRound> RunAsync(CancellationToken ct = default)
    {
        await using var connection = await database.OpenConnectionAsync(ct);
        if (!await connection.ExecuteScalarAsync<bool>(new CommandDefinition(TryLockSql, cancellationToken: ct)))
        {
            _highWater.Forget();
            return WatchRound.Elsewhere;
        }

        try
        {
            return await RunLockedAsync(connection, ct);
        }
        finally
        {
            await connection.ExecuteAsync(UnlockSql);
        }
    }

    /// <summary>
    /// Closes all shards, whatever state Redis is in; rounds then open them. Returns the rebuild's number.
    /// </summary>
    public async Task<long> CloseAllAsync(CancellationToken ct = default)
    {
        await using var connection = await database.OpenConnectionAsync(ct);
        var all = Enumerable.Range(0, Shards.Count).Select(shard => (shard, 0L)).ToList();
        var number = await ShardRows.CloseAsync(connection, all, ct);
        var rows = await ShardRows.ReadAsync(connection, ct);
        return number ?? rows.Max(row => row.Rebuilding ?? 0);
    }

    /// <summary>Highest number of a rebuild that is not done; 0 when all shards are open.</summary>
    public async Task<long> ReadUnderWayAsync(CancellationToken ct = default)
    {
        await using var connection = await database.OpenConnectionAsync(ct);
        return (await ShardRows.ReadAsync(connection, ct)).Max(row => row.Rebuilding ?? 0);
    }

    private async Task<WatchRound> RunLockedAsync(NpgsqlConnection connection, CancellationToken ct)
    {
        var watch = await ShardRows.ReadWatchAsync(connection, ct);
        _highWater.Join(watch.HighWaters);

        // Asked before and after: a server that is replaced in between would get the new mark on its older copy.
        var generation = redis.Generation;
        var runIds = _marks.ReadRunIds();
        var marks = await _marks.ReadAsync(ct);
        var rows = await ShardRows.ReadAsync(connection, ct);
        if (await CloseLostAsync(connection, rows, marks, runIds, watch, ct))
        {
            rows = await ShardRows.ReadAsync(connection, ct);
        }

        var isWaiting = await ContinueAsync(connection, rows, marks, runIds, generation, ct);
        await RaiseAsync(connection, marks, runIds, watch, generation, ct);
        return isWaiting ? WatchRound.Waiting : WatchRound.Open;
    }

    private async Task<bool> CloseLostAsync(
        NpgsqlConnection connection,
        IReadOnlyList<ShardRow> rows,
        ShardMark?[] marks,
        string[] runIds,
        WatchRow watch,
        CancellationToken ct)
    {
        var fates = rows.Select(row => row.Rebuilding is not null
            ? LossRules.JudgeClosed(row.Epoch, row.PlantedOn, marks[row.No], runIds[row.No])
            : LossRules.Judge(
                row.Epoch, marks[row.No], runIds[row.No], watch.RunIds[row.No], _highWater.Of(row.No))).ToArray();
        var lost = rows.Where(row => fates[row.No] == ShardFate.Lost
            || (_mayHaveHiddenLoss && marks[row.No] is not null)).ToList();
        if (lost.Count > 0)
        {
            var found = lost.Select(row => (row.No, marks[row.No]?.Epoch ?? 0)).ToList();
            var number = await ShardRows.CloseAsync(connection, found, ct);

            // Which servers these are now is remembered at once, or they would look replaced when they open.
            _rememberedAt = null;
            _logger.LogWarning(
                "Redis lost {Count} shards, the first is {Shard}: rebuild {Number}", lost.Count, lost[0].No, number);
        }

        _mayHaveHiddenLoss = false;
        var replaced = fates.Count(fate => fate == ShardFate.Replaced);
        if (replaced > 0)
        {
            _highWater.Note(marks, fates);
            await ShardRows.RememberAsync(connection, Seen(marks, runIds, watch), replaced: true, ct);
            _logger.LogWarning("The server of {Count} Redis shards was replaced: all is told again", replaced);
            await TellGatewaysAsync(ct);
        }

        return lost.Count > 0;
    }

    // Returns true while there are shards that have to wait for a gateway.
    private async Task<bool> ContinueAsync(
        NpgsqlConnection connection,
        IReadOnlyList<ShardRow> rows,
        ShardMark?[] marks,
        string[] runIds,
        long generation,
        CancellationToken ct)
    {
        var closed = rows.Where(row => row.Rebuilding is not null && marks[row.No] is not null).ToList();
        if (closed.Count == 0)
        {
            return false;
        }

        if (!await PlantAsync(connection, closed, marks, runIds, generation, ct))
        {
            return true;
        }

        if (_toldRebuild < closed.Max(row => row.Rebuilding))
        {
            await TellGatewaysAsync(ct);
            _toldRebuild = closed.Max(row => row.Rebuilding!.Value);
        }

        var gateways = await leases.ReadAsync(ct);
        var waitedFor = gateways.Where(gateway => !gateway.IsDead).ToList();
        var openable = closed.Where(row => row.Epoch == 1
            || waitedFor.All(gateway => gateway.ReadyRebuild >= row.Rebuilding)).ToList();
        return await OpenAsync(connection, openable, marks, ct) < closed.Count;
    }

    // First Redis has the mark, then PostgreSQL notes it, and only then do gateways hear of the rebuild. False when the
    // server may have changed meanwhile: then the next round does it again.
    private async Task<bool> PlantAsync(
        NpgsqlConnection connection,
        List<ShardRow> closed,
        ShardMark?[] marks,
        string[] runIds,
        long generation,
        CancellationToken ct)
    {
        // An epoch that is PostgreSQL's own was written by whoever opened the shard and ended before he could note it.
        var bare = closed.Where(row => row.PlantedOn is null && marks[row.No]!.Value.Epoch != row.Epoch).ToList();
        if (bare.Count == 0)
        {
            return true;
        }

        await Task.WhenAll(bare.Select(row => _marks.CloseAsync(row.No, row.Epoch, ct)));
        if (redis.Generation != generation)
        {
            return false;
        }

        await ShardRows.PlantedAsync(connection, bare, runIds, ct);
        return true;
    }

    // Returns how many are open. One whose mark is gone stays closed, and the next round sees why.
    private async Task<int> OpenAsync(
        NpgsqlConnection connection, List<ShardRow> openable, ShardMark?[] marks, CancellationToken ct)
    {
        if (openable.Count == 0)
        {
            return 0;
        }

        await _marks.RaiseAsync([.. openable.Select(row => row.No)], _highWater.Next(), ct);
        var isOpen = await Task.WhenAll(openable.Select(async row =>
            marks[row.No]!.Value.Epoch == row.Epoch || await _marks.OpenAsync(row.No, ct)));
        List<ShardRow> open = [.. openable.Where((_, i) => isOpen[i])];
        foreach (var row in open)
        {
            till.Join(row.No, row.Epoch);
        }

        await ShardRows.OpenAsync(connection, open, ct);

        // Balances come in by themselves, each with its first use.
        await ShardRows.AskRecheckAsync(connection, extent: 1, ct);
        _logger.LogWarning("Opened {Count} Redis shards", open.Count);
        return open.Count;
    }

    private async Task RaiseAsync(
        NpgsqlConnection connection,
        ShardMark?[] marks,
        string[] runIds,
        WatchRow watch,
        long generation,
        CancellationToken ct)
    {
        var answering = Enumerable.Range(0, Shards.Count).Where(shard => marks[shard] is not null).ToList();
        var value = _highWater.Next();
        var raised = await _marks.RaiseAsync(answering, value, ct);
        if (redis.Generation != generation)
        {
            // Which of them got the mark as it was before, and which after? All are built anew.
            _mayHaveHiddenLoss = true;
            return;
        }

        _highWater.Note(raised, value);
        if (_rememberedAt is not { } at || _time.GetElapsedTime(at) >= RememberEvery)
        {
            await ShardRows.RememberAsync(connection, Seen(marks, runIds, watch), replaced: false, ct);
            _rememberedAt = _time.GetTimestamp();
        }
    }

    // Of a shard that did not answer, what was seen before stays.
    private WatchRow Seen(ShardMark?[] marks, string[] runIds, WatchRow before) => new()
    {
        RunIds = [.. runIds.Select((id, shard) =>
            marks[shard] is null || id.Length == 0 ? before.RunIds[shard] : id)],
        HighWaters = _highWater.ToArray(),
    };

    private async Task TellGatewaysAsync(CancellationToken ct)
    {
        try
        {
            await redis.PublishAsync(PlaneMessages.LossChannel, ReadOnlyMemory<byte>.Empty, ct);
        }
        catch (RedisUnavailableException)
        {
            // They hear of it with their next beat.
        }
    }
}
