using Dapper;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;
using TokenHub.Ledger.Draining;
using TokenHub.Ledger.Gateways;
using TokenHub.Redis;

namespace TokenHub.Ledger.Holds;

/// <summary>
/// Gives back holds that nobody works for any more. Nothing is charged: the log of a dead gateway may still come, and
/// is then charged without a hold. Two things must agree: the deadline has passed by Redis' clock, and its gateway is
/// dead or says itself that it does not know the request. So a clock that jumps frees nothing that lives. One control
/// plane at a time does it.
/// </summary>
public sealed class Reaper(
    NpgsqlDataSource database,
    Till till,
    GatewayLeases leases,
    Acknowledger acknowledger,
    ILogger<Reaper>? logger = null)
{
    public static readonly TimeSpan Interval = TimeSpan.FromSeconds(5);

    /// <summary>Between two looks for gateways that have come back.</summary>
    public static readonly TimeSpan ReturnsInterval = TimeSpan.FromMilliseconds(500);

    private const int HoldsMax = 200;

    private const string TryLockSql = $"select pg_try_advisory_lock({AdvisoryLocks.Reaper})";

    private const string UnlockSql = $"select pg_advisory_unlock({AdvisoryLocks.Reaper})";

    private const string SweptSql =
        "update gateways set swept_boot = greatest(swept_boot, @bootNo) where no = @gatewayNo";

    private readonly Stands _stands = new(database);
    private readonly ILogger _logger = logger ?? NullLogger<Reaper>.Instance;

    /// <summary>
    /// One pass over all shards. Returns the number of holds released; 0 while another control plane is at it.
    /// </summary>
    public async Task<int> ReapAsync(CancellationToken ct = default)
    {
        // Watched on every pass, also while another one reaps: who is dead is known only by having looked before.
        await leases.ReadAsync(ct);
        return await AloneAsync(ReapAllAsync, ct);
    }

    /// <summary>
    /// Gives back, due or not, what earlier boots of a gateway hold once a later one has finished recovery: everything
    /// they were working on is in the later one's log by then.
    /// </summary>
    public async Task<int> SweepReturnedAsync(CancellationToken ct = default)
    {
        var gateways = await leases.ReadAsync(ct);
        var returned = gateways.Where(gateway => gateway.RecoveryDone && gateway.SweptBoot < gateway.BootNo).ToList();
        return returned.Count == 0 ? 0 : await AloneAsync(
            (connection, token) => SweepAsync(connection, returned, token), ct);
    }

    private async Task<int> AloneAsync(
        Func<NpgsqlConnection, CancellationToken, Task<int>> work, CancellationToken ct)
    {
        await using var connection = await database.OpenConnectionAsync(ct);
        if (!await connection.ExecuteScalarAsync<bool>(new CommandDefinition(TryLockSql, cancellationToken: ct)))
        {
            return 0;
        }

        try
        {
            return await work(connection, ct);
        }
        finally
        {
            await connection.ExecuteAsync(UnlockSql);
        }
    }

    private async Task<int> ReapAllAsync(NpgsqlConnection connection, CancellationToken ct)
    {
        var released = 0;
        for (var shard = 0; shard < Shards.Count; shard++)
        {
            var due = await till.ReapAsync(shard, HoldsMax, ct);
            if (due.Count > 0)
            {
                released += await JudgeAsync(connection, due, ct);
            }
        }

        return released;
    }

    private async Task<int> JudgeAsync(NpgsqlConnection connection, IReadOnlyList<DueHold> due, CancellationToken ct)
    {
        // Read after the holds were listed: a gateway that is dead now was not extending them since.
        var gateways = (await leases.ReadAsync(ct)).ToDictionary(gateway => gateway.No);
        var rids = due.Select(hold => hold.Rid).ToList();
        var drained = await _stands.FindDrainedAsync(rids, ct);
        var unknown = await HoldInquiries.ReadUnknownAsync(connection, rids, ct);

        // A request that is in the ledger has ended, whoever may be alive: Redis has gone back to an older copy.
        var abandoned = due.Where(hold => drained.Contains(hold.Rid) || unknown.Contains(hold.Rid)
            || IsAbandoned(hold, gateways.GetValueOrDefault(hold.GatewayNo))).ToList();
        var others = due.Except(abandoned).ToList();
        if (others.Count > 0)
        {
            await HoldInquiries.AskAsync(connection, others, ct);
        }

        var released = await EndAsync(abandoned, ct);
        await HoldInquiries.ForgetAsync(connection, abandoned.Select(hold => hold.Rid), ct);
        return released;
    }

    private static bool IsAbandoned(DueHold hold, GatewayLife? gateway) =>
        gateway is null || gateway.IsDead || (gateway.BootNo > hold.BootNo && gateway.RecoveryDone);

    private async Task<int> SweepAsync(
        NpgsqlConnection connection, IReadOnlyList<GatewayLife> returned, CancellationToken ct)
    {
        var boots = returned.ToDictionary(gateway => gateway.No, gateway => gateway.BootNo);
        var released = 0;
        for (var shard = 0; shard < Shards.Count; shard++)
        {
            List<DueHold> old = [];
            var from = 0;
            IReadOnlyList<DueHold> page;
            do
            {
                page = await till.ListHoldsAsync(shard, from, HoldsMax, ct);
                old.AddRange(page.Where(hold => boots.GetValueOrDefault(hold.GatewayNo) > hold.BootNo));
                from += HoldsMax;
            }
            while (page.Count == HoldsMax);
            released += await EndAsync(old, ct);
        }

        foreach (var gateway in returned)
        {
            await connection.ExecuteAsync(new CommandDefinition(
                SweptSql, new { gatewayNo = gateway.No, bootNo = gateway.BootNo }, cancellationToken: ct));
        }

        return released;
    }

    // What is posted is acknowledged, not released: the acknowledgement that should have come with the posting was
    // lost, and the balance that it brings is lower by the charge.
    private async Task<int> EndAsync(IReadOnlyList<DueHold> holds, CancellationToken ct)
    {
        var drained = await _stands.FindDrainedAsync(holds.Select(hold => hold.Rid), ct);
        var posted = holds.Where(hold => drained.Contains(hold.Rid)).ToList();
        if (posted.Count > 0)
        {
            var requests = posted.Select(hold => new DrainedRequest(hold.Rid, hold.Account, hold.Key)).ToList();
            await acknowledger.AcknowledgeAsync(await _stands.ReadAsync(requests, ct), ct);
        }

        return posted.Count + await ReleaseAsync(holds.Except(posted), ct);
    }

    private async Task<int> ReleaseAsync(IEnumerable<DueHold> holds, CancellationToken ct)
    {
        var released = 0;
        foreach (var hold in holds)
        {
            if (await till.ReleaseAsync(hold.Rid, hold.Account, hold.Key, ct) == TillCode.Ok)
            {
                released++;
                _logger.LogWarning(
                    "Released the hold of {Request}, account {Account}, gateway {Gateway} boot {Boot}",
                    hold.Rid,
                    hold.Account,
                    hold.GatewayNo,
                    hold.BootNo);
            }
        }

        return released;
    }
}
