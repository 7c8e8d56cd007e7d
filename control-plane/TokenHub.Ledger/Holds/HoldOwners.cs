using Dapper;
using Npgsql;
using TokenHub.Ledger.Gateways;
using TokenHub.Redis;

namespace TokenHub.Ledger.Holds;

/// <summary>
/// What gateways last said of themselves, to tell whether a hold past its deadline still has an owner.
/// </summary>
internal sealed class HoldOwners
{
    /// <summary>Allowance between the time in a request's id and the start that its gateway reports.</summary>
    public const long StartSkewMs = 10_000;

    private const string ReadSql = """
        select no, boot_no, recovery_done, open_holds, oldest_open_ms, last_beat_at < now() - @lease::interval as silent
        from gateways
        """;

    private readonly Dictionary<int, GatewayRow> _gateways;

    private HoldOwners(IEnumerable<GatewayRow> gateways)
    {
        _gateways = gateways.ToDictionary(row => row.No);
    }

    public static async Task<HoldOwners> ReadAsync(NpgsqlDataSource database, CancellationToken ct)
    {
        await using var connection = await database.OpenConnectionAsync(ct);
        return new HoldOwners(await connection.QueryAsync<GatewayRow>(
            new CommandDefinition(ReadSql, new { lease = GatewayRegistry.Lease }, cancellationToken: ct)));
    }

    /// <summary>
    /// True when nobody works for the hold any more: its gateway is silent, a later boot has finished recovery, or the
    /// gateway itself, alive, says that it has no request open that is so old. Never by the passing of time alone.
    /// </summary>
    public bool IsAbandoned(DueHold hold)
    {
        if (!_gateways.TryGetValue(hold.GatewayNo, out var gateway) || gateway.Silent)
        {
            return true;
        }

        if (gateway.BootNo != hold.BootNo)
        {
            return gateway.BootNo > hold.BootNo && gateway.RecoveryDone;
        }

        return gateway.OpenHolds == 0 || hold.Rid.UnixMs + StartSkewMs < gateway.OldestOpenMs;
    }

    private sealed record GatewayRow(
        int No, int BootNo, bool RecoveryDone, int OpenHolds, long OldestOpenMs, bool Silent);
}
