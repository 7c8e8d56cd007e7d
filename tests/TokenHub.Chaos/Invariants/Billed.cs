using TokenHub.Chaos.Rigs;

namespace TokenHub.Chaos.Invariants;

/// <summary>What the ledger says of one request.</summary>
/// <param name="Transferred">Sum of the transfers of this request.</param>
/// <param name="OwnerTransferred">The channel owner's part of them.</param>
internal sealed record Billed(
    Guid Rid, string Model, long Account, int Gateway, int Outcome, bool IsCounted, long Input, long Output, long Cost,
    long Owner, int OwnerShareBp, long Transferred, long OwnerTransferred)
{
    private const string ReadSql = """
        select e.rid, e.model, e.account_id, e.gateway_no, e.outcome, e.is_counted, e.input, e.output, e.cost_units,
          e.owner_units, e.owner_share_bp,
          coalesce((select sum(t.amount_units) from transfers t where t.rid = e.rid), 0)::bigint,
          coalesce((select sum(t.amount_units) from transfers t where t.rid = e.rid and t.leg = 1), 0)::bigint
        from usage_events e
        """;

    /// <summary>
    /// Outcomes whose tokens are charged: completed, cut by client, cut upstream, interrupted, out of funds.
    /// </summary>
    public bool IsCharged => Outcome is 1 or 2 or 5 or 7 or 8;

    /// <summary>Output tokens that somebody paid for.</summary>
    public long Tokens => IsCharged ? Output : 0;

    public static Task<List<Billed>> ReadAsync(Database database) => database.ReadAsync(ReadSql, row => new Billed(
        row.GetGuid(0), row.GetString(1), row.GetInt64(2), row.GetInt32(3), row.GetInt16(4), row.GetBoolean(5),
        row.GetInt64(6), row.GetInt64(7), row.GetInt64(8), row.GetInt64(9), row.GetInt32(10), row.GetInt64(11),
        row.GetInt64(12)));
}
