namespace TokenHub.Chaos.Invariants;

/// <summary>
/// No balance is further below zero than its open requests times one extension step; after a loss of Redis the holds
/// that were lost come on top.
/// </summary>
internal sealed class I05OverdraftBound : IInvariant
{
    private const long StepTokens = 256;
    private const long OutputUnitsPerToken = 400;

    public string Name => "I5";

    public async Task<IReadOnlyList<string>> CheckAsync(Evidence evidence)
    {
        var balances = (await evidence.Rig.Database.ReadAsync(
            "select id, balance_units from accounts", row => (Id: row.GetInt64(0), Units: row.GetInt64(1))))
            .ToDictionary(account => account.Id, account => account.Units);
        return
        [
            .. evidence.Rig.Payers
                .Select(payer => (payer, Bound: -BoundOf(payer.ConcurrencyMax, evidence)))
                .Where(p => balances[p.payer.Account] < p.Bound)
                .Select(p => $"account {p.payer.Account} has {balances[p.payer.Account]} units, below {p.Bound}"),
        ];
    }

    private static long BoundOf(int concurrency, Evidence evidence) =>
        (concurrency * StepTokens * OutputUnitsPerToken) + evidence.Rig.Allowances.LostHoldUnits;
}
