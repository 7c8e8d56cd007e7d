using System.Diagnostics;
using Dapper;
using Npgsql;
using TokenHub.Core.Money;
using TokenHub.Ledger.Draining;
using TokenHub.Ledger.Gateways;
using TokenHub.Redis;

namespace TokenHub.Ledger.WriteOffs;

public enum WriteOffOutcome
{
    Done = 1,
    UnknownGateway = 2,

    /// <summary>The gateway beats: it works, or has come back.</summary>
    Alive = 3,
}

/// <summary>
/// What was written off: <see cref="Posted"/> requests were settled and are charged, <see cref="Parked"/> could not be
/// read, <see cref="Released"/> were open and are not charged.
/// </summary>
public sealed record WriteOffReport(
    WriteOffOutcome Outcome, int GatewayNo, int Posted, int Parked, IReadOnlyList<OpenHold> Released)
{
    public Usd Held => Released.Aggregate(Usd.Zero, (sum, hold) => sum + hold.Amount);
}

/// <summary>
/// Ends the affairs of a gateway whose disk is gone for ever: what it had settled is posted from the copies in Redis,
/// what was open is given back and named. May be repeated, and be broken off at any point.
/// </summary>
public sealed class GatewayWriteOff(NpgsqlDataSource database, RedisClient redis, Till till, OutboxSweep outbox)
{
    private const string FindSql = """
        select no, boot_no, last_beat_at > now() - @lease::interval as alive
        from gateways
        where gateway_id = @gatewayId
        """;

    private const string LockSql = FindSql + "\nfor update";

    private const string NoteSql = """
        insert into write_offs (rid, gateway_no, boot_no, account_id, key_id, held_units)
        select w.rid, @gatewayNo, w.boot, w.account, w.key, w.held
        from unnest(@rids::uuid[], @boots::integer[], @accounts::bigint[], @keys::bigint[], @helds::bigint[])
          w (rid, boot, account, key, held)
        on conflict (rid) do nothing
        """;

    private readonly Stands _stands = new(database);

    /// <param name="note">Writes the audit row, in the transaction that names what is written off.</param>
    public async Task<WriteOffReport> RunAsync(
        string gatewayId, Func<NpgsqlTransaction, WriteOffReport, Task> note, CancellationToken ct = default)
    {
        var gateway = await FindAsync(gatewayId, ct);
        if (gateway is null || gateway.Alive)
        {
            return Refusal(gateway);
        }

        var (posted, parked) = await PostAsync(gateway.No, ct);
        var holds = await new GatewayHolds(redis.Runner).ListAsync(gateway.No, gateway.BootNo, ct);
        var drained = await _stands.FindDrainedAsync(holds.Select(hold => hold.Rid), ct);
        var open = holds.Where(hold => !drained.Contains(hold.Rid)).ToList();
        var report = new WriteOffReport(WriteOffOutcome.Done, gateway.No, posted, parked, open);

        // Named before they are released: a run that is broken off in between is repeated and finds them again.
        if (await NoteAsync(gatewayId, gateway, report, note, ct) is { } refusal)
        {
            return refusal;
        }

        foreach (var hold in holds)
        {
            await till.ReleaseAsync(hold.Rid, hold.Account, hold.Key, ct);
        }

        return report;
    }

    private async Task<GatewayRow?> FindAsync(string gatewayId, CancellationToken ct)
    {
        await using var connection = await database.OpenConnectionAsync(ct);
        return await connection.QuerySingleOrDefaultAsync<GatewayRow>(
            new CommandDefinition(FindSql, new { gatewayId, lease = GatewayRegistry.Lease }, cancellationToken: ct));
    }

    // Every copy older than this call, whose ever it is: what is posted twice counts once.
    private async Task<(int Posted, int Parked)> PostAsync(int gatewayNo, CancellationToken ct)
    {
        var clock = Stopwatch.StartNew();
        var (posted, parked) = (0, 0);
        for (var shard = 0; shard < Shards.Count; shard++)
        {
            while (await outbox.DrainAsync(shard, clock.Elapsed, ct) is { Count: > 0 } entries)
            {
                var own = entries.Where(entry => entry.Rid.GatewayNo == gatewayNo).Select(entry => entry.Rid).ToList();
                var inLedger = await _stands.FindPostedAsync(own, ct);
                posted += inLedger.Count;
                parked += own.Count - inLedger.Count;
            }
        }

        return (posted, parked);
    }

    private async Task<WriteOffReport?> NoteAsync(
        string gatewayId,
        GatewayRow before,
        WriteOffReport report,
        Func<NpgsqlTransaction, WriteOffReport, Task> note,
        CancellationToken ct)
    {
        await using var connection = await database.OpenConnectionAsync(ct);
        await using var transaction = await connection.BeginTransactionAsync(ct);
        var now = await connection.QuerySingleOrDefaultAsync<GatewayRow>(new CommandDefinition(
            LockSql, new { gatewayId, lease = GatewayRegistry.Lease }, transaction, cancellationToken: ct));
        if (now != before)
        {
            return Refusal(now);
        }

        var open = report.Released;
        var rows = new
        {
            gatewayNo = report.GatewayNo,
            rids = open.Select(hold => hold.Rid.ToGuid()).ToArray(),
            boots = open.Select(hold => hold.BootNo).ToArray(),
            accounts = open.Select(hold => hold.Account).ToArray(),
            keys = open.Select(hold => hold.Key).ToArray(),
            helds = open.Select(hold => hold.Amount.Units).ToArray(),
        };
        await connection.ExecuteAsync(new CommandDefinition(NoteSql, rows, transaction, cancellationToken: ct));
        await note(transaction, report);
        await transaction.CommitAsync(ct);
        return null;
    }

    private static WriteOffReport Refusal(GatewayRow? gateway) => new(
        gateway is null ? WriteOffOutcome.UnknownGateway : WriteOffOutcome.Alive, gateway?.No ?? 0, 0, 0, []);

    private sealed record GatewayRow(int No, int BootNo, bool Alive);
}
