using Dapper;
using Npgsql;
using TokenHub.Core.Requests;
using TokenHub.Core.Snapshots;
using TokenHub.Ledger.Holds;
using TokenHub.Ledger.Rebuilding;

namespace TokenHub.Ledger.Gateways;

/// <summary>
/// Gives each boot of each gateway the numbers that make its request ids unique, and keeps who is alive.
/// </summary>
public sealed class GatewayRegistry(NpgsqlDataSource database)
{
    /// <summary>A gateway that has not beaten for this long is dead, for all one can tell.</summary>
    public static readonly TimeSpan Lease = TimeSpan.FromSeconds(6);

    private const string LockSql = $"select pg_advisory_xact_lock({AdvisoryLocks.GatewayNumbers})";

    private const string NextBootSql = """
        update gateways
        set boot_no = boot_no + 1, build = @build, recovery_done = false, draining = false, open_holds = 0,
          oldest_open_ms = 0, has_left = false, registered_at = now(), last_beat_at = now()
        where gateway_id = @gatewayId and boot_no < @bootMax
        returning no, boot_no
        """;

    // A gateway that began without us took the next number after the last on its disk. What is higher than all that was
    // given out here nobody else can have.
    private const string AdoptSql = """
        update gateways
        set boot_no = @bootNo, build = @build, recovery_done = false, draining = false, open_holds = 0,
          oldest_open_ms = 0, has_left = false, registered_at = now(), last_beat_at = now()
        where gateway_id = @gatewayId and no = @gatewayNo and boot_no < @bootNo
        returning no, boot_no
        """;

    // The least number that no gateway has.
    private const string AddSql = """
        insert into gateways (no, gateway_id, boot_no, build)
        select min(n), @gatewayId, 1, @build
        from generate_series(1, @gatewayMax) n
        where not exists (select from gateways g where g.no = n)
          and not exists (select from gateways g where g.gateway_id = @gatewayId)
        having min(n) is not null
        returning no, boot_no
        """;

    private const string BeatSql = """
        update gateways
        set last_lsn = @LastLsn, open_holds = @OpenHolds, oldest_open_ms = @OldestOpenMs, recovery_done = @RecoveryDone,
          draining = @Draining, snapshot_version = @SnapshotVersion, address = @Address, last_beat_at = now(),
          ready_rebuild = greatest(ready_rebuild, @Ready), has_left = @HasLeft
        where no = @GatewayNo and boot_no = @BootNo
        """;

    private const string NewsSql =
        "select s.version as snapshot_version, w.replay from snapshot_version s cross join redis_watch w";

    private const string ListSql = """
        select g.no, g.gateway_id, g.boot_no, g.build, g.address, g.last_lsn, coalesce(p.acked_lsn, 0) as acked_lsn,
          g.open_holds, g.oldest_open_ms, g.recovery_done, g.draining, g.snapshot_version, g.registered_at,
          g.last_beat_at, g.last_beat_at > now() - @lease::interval as alive
        from gateways g
        left join gateway_positions p on p.gateway_no = g.no
        order by g.no
        """;

    /// <summary>Longest id, build and address kept.</summary>
    public const int TextLengthMax = 200;

    /// <summary>
    /// The numbers of this boot: the next ones, or those it names, which it chose while nobody could be asked. Throws
    /// <see cref="GatewayNumbersException"/> when none are left, or when a later boot has those it names.
    /// </summary>
    public async Task<PlaneMessages.GatewayWelcome> RegisterAsync(
        PlaneMessages.GatewayHello hello, CancellationToken ct = default)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(hello.GatewayId);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(hello.GatewayId.Length, TextLengthMax);
        var parameters = new
        {
            gatewayId = hello.GatewayId,
            build = Cut(hello.Version),
            gatewayNo = hello.GatewayNo,
            bootNo = hello.BootNo,
            bootMax = RequestId.BootNoMax,
            gatewayMax = RequestId.GatewayNoMax,
        };
        await using var connection = await database.OpenConnectionAsync(ct);
        await using var transaction = await connection.BeginTransactionAsync(ct);
        await connection.ExecuteAsync(new CommandDefinition(LockSql, transaction: transaction, cancellationToken: ct));
        Task<NumbersRow?> TryAsync(string sql) => connection.QuerySingleOrDefaultAsync<NumbersRow>(
            new CommandDefinition(sql, parameters, transaction, cancellationToken: ct));
        var row = hello.BootNo > 0
            ? await TryAsync(AdoptSql)
            : await TryAsync(NextBootSql) ?? await TryAsync(AddSql);
        if (row is null)
        {
            throw new GatewayNumbersException(hello.GatewayId);
        }

        await transaction.CommitAsync(ct);
        return new PlaneMessages.GatewayWelcome(row.No, row.BootNo);
    }

    /// <summary>
    /// Null when this boot is unknown or a newer one has registered: that gateway must not go on as it is.
    /// </summary>
    public async Task<PlaneMessages.GatewayBeatReply?> BeatAsync(
        PlaneMessages.GatewayBeat beat, CancellationToken ct = default)
    {
        await using var connection = await database.OpenConnectionAsync(ct);
        var known = await connection.ExecuteAsync(
            new CommandDefinition(BeatSql, beat with { Address = Cut(beat.Address) }, cancellationToken: ct));
        if (known == 0)
        {
            return null;
        }

        var unsure = await HoldInquiries.ExchangeAsync(connection, beat, ct);
        var news = await connection.QuerySingleAsync<NewsRow>(new CommandDefinition(NewsSql, cancellationToken: ct));
        var closed = (await connection.QueryAsync<ShardRow>(
            new CommandDefinition(ShardRows.ToldSql, cancellationToken: ct))).AsList();
        return new PlaneMessages.GatewayBeatReply(
            news.SnapshotVersion,
            closed.Count == 0 ? 0 : closed.Max(row => row.Rebuilding ?? 0),
            closed.Count == 0 ? null : [.. closed.Select(row => new PlaneMessages.ShardEpoch(row.No, row.Epoch))],
            news.Replay,
            unsure);
    }

    public async Task<IReadOnlyList<GatewayStatus>> ListAsync(CancellationToken ct = default)
    {
        await using var connection = await database.OpenConnectionAsync(ct);
        return (await connection.QueryAsync<GatewayStatus>(
            new CommandDefinition(ListSql, new { lease = Lease }, cancellationToken: ct))).AsList();
    }

    private static string Cut(string text) => text.Length <= TextLengthMax ? text : text[..TextLengthMax];

    private sealed record NumbersRow(int No, int BootNo);

    private sealed record NewsRow(long SnapshotVersion, long Replay);
}

/// <summary>
/// All 1,023 gateway numbers, or all boots of one, are used up; or the boot that is named is not the latest.
/// </summary>
public sealed class GatewayNumbersException(string gatewayId)
    : Exception($"There is no number left for gateway '{gatewayId}'.");
