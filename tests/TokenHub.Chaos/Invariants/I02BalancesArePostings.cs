namespace TokenHub.Chaos.Invariants;

/// <summary>A balance is its credits less its debits, and its version is the number of its postings.</summary>
internal sealed class I02BalancesArePostings : IInvariant
{
    private const string Sql = """
        select a.id, a.balance_units, a.version, coalesce(s.sum, 0)::bigint, coalesce(s.count, 0)
        from accounts a
        left join (
          select x.account, sum(x.delta) sum, count(*) count
          from transfers t
          cross join lateral (values (t.credit_account, t.amount_units), (t.debit_account, -t.amount_units))
            x (account, delta)
          group by x.account) s on s.account = a.id
        where a.balance_units <> coalesce(s.sum, 0) or a.version <> coalesce(s.count, 0)
        """;

    public string Name => "I2";

    public async Task<IReadOnlyList<string>> CheckAsync(Evidence evidence) =>
        await evidence.Rig.Database.ReadAsync(Sql, row =>
            $"account {row.GetInt64(0)}: balance {row.GetInt64(1)} version {row.GetInt64(2)}, "
            + $"but its postings give {row.GetInt64(3)} in {row.GetInt64(4)}");
}
