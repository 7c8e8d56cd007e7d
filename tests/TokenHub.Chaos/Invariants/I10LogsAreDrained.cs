namespace TokenHub.Chaos.Invariants;

/// <summary>Every record of every gateway's log is in the ledger, and none was set aside as unreadable.</summary>
internal sealed class I10LogsAreDrained : IInvariant
{
    private const string LagSql = """
        select g.gateway_id, g.last_lsn, coalesce(p.acked_lsn, 0)
        from gateways g
        left join gateway_positions p on p.gateway_no = g.no
        where g.last_lsn > coalesce(p.acked_lsn, 0)
        """;

    private const string DeadSql = "select coalesce(rid::text, '?'), gateway_no, lsn, reason from settle_dead";

    public string Name => "I10";

    public async Task<IReadOnlyList<string>> CheckAsync(Evidence evidence)
    {
        var database = evidence.Rig.Database;
        var lag = await database.ReadAsync(LagSql, row =>
            (Id: row.GetString(0), Text: $"{row.GetString(0)} has written {row.GetInt64(1)}, acked {row.GetInt64(2)}"));
        var dead = await database.ReadAsync(DeadSql, row =>
            $"set aside: {row.GetString(0)} of gateway {row.GetInt32(1)} at {row.GetInt64(2)}: {row.GetString(3)}");
        return [.. lag.Where(l => !evidence.Rig.Allowances.LogLost.ContainsKey(l.Id)).Select(l => l.Text), .. dead];
    }
}
