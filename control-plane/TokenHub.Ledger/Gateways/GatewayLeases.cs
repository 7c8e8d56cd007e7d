using Dapper;
using Npgsql;

namespace TokenHub.Ledger.Gateways;

/// <summary>A gateway as it last told of itself, and whether it is dead for all that can be known.</summary>
public sealed record GatewayLife
{
    public int No { get; init; }
    public int BootNo { get; init; }
    public bool RecoveryDone { get; init; }
    public long ReadyRebuild { get; init; }
    public int SweptBoot { get; init; }
    public bool HasLeft { get; init; }
    public DateTime LastBeatAt { get; init; }

    /// <summary>It has left in order, or its lease has run out on this process' own monotonic clock.</summary>
    public bool IsDead { get; init; }
}

/// <summary>
/// Tells living gateways from dead ones by watching their beats: a gateway is dead when its last one has stayed the
/// same for the length of a lease. No clock is compared with another, so one that jumps kills nobody.
/// </summary>
public sealed class GatewayLeases(NpgsqlDataSource database, TimeProvider? time = null)
{
    private const string ReadSql = """
        select no, boot_no, recovery_done, ready_rebuild, swept_boot, has_left, last_beat_at
        from gateways
        """;

    // Not having looked for so long, nothing is known of the time between: PostgreSQL may have been away.
    private static readonly TimeSpan GapMax = TimeSpan.FromSeconds(5.5);

    private readonly TimeProvider _time = time ?? TimeProvider.System;
    private readonly Dictionary<int, (DateTime BeatAt, long SeenAt)> _beats = [];
    private readonly Lock _gate = new();
    private long _lookedAt;

    public async Task<IReadOnlyList<GatewayLife>> ReadAsync(CancellationToken ct = default)
    {
        await using var connection = await database.OpenConnectionAsync(ct);
        var rows = await connection.QueryAsync<GatewayLife>(new CommandDefinition(ReadSql, cancellationToken: ct));
        lock (_gate)
        {
            if (_time.GetElapsedTime(_lookedAt) > GapMax)
            {
                _beats.Clear();
            }

            _lookedAt = _time.GetTimestamp();
            return [.. rows.Select(row => row with { IsDead = row.HasLeft || IsSilent(row) })];
        }
    }

    private bool IsSilent(GatewayLife row)
    {
        if (_beats.TryGetValue(row.No, out var seen) && seen.BeatAt == row.LastBeatAt)
        {
            return _time.GetElapsedTime(seen.SeenAt) >= GatewayRegistry.Lease;
        }

        _beats[row.No] = (row.LastBeatAt, _time.GetTimestamp());
        return false;
    }
}
