namespace TokenHub.Chaos.Invariants;

/// <summary>All balances add up to zero; every transfer is one debit and one credit of one positive amount.</summary>
internal sealed class I01SumIsZero : IInvariant
{
    private const string SumSql = "select coalesce(sum(balance_units), 0)::bigint from accounts";

    private const string OddSql = """
        select id from transfers where amount_units <= 0 or debit_account = credit_account
        """;

    public string Name => "I1";

    public async Task<IReadOnlyList<string>> CheckAsync(Evidence evidence)
    {
        var database = evidence.Rig.Database;
        var sum = (await database.ReadAsync(SumSql, row => row.GetInt64(0)))[0];
        var odd = await database.ReadAsync(OddSql, row => $"transfer {row.GetInt64(0)} is no debit and credit");
        return sum == 0 ? odd : [.. odd, $"all balances add up to {sum} units instead of 0"];
    }
}
