using System.Data;
using Dapper;
using Npgsql;
using TokenHub.Core.Money;
using TokenHub.Core.Requests;
using TokenHub.Core.Usage;
using TokenHub.Ledger.Prices;
using TokenHub.Ledger.Requests;
using TokenHub.Ledger.Sealing;

namespace TokenHub.Ledger.Reconciliation;

/// <summary>
/// Recomputes the whole ledger from its rows, at one instant: every balance from its postings, every charge from its
/// price, every split, every key's total, and that all balances add up to zero.
/// </summary>
/// <param name="book">Heads of the chain that were kept beside the database; null for none.</param>
public sealed class Verify(NpgsqlDataSource database, HeadBook? book = null)
{
    /// <summary>Problems named in a report; more are not looked for.</summary>
    public const int ProblemsMax = 100;

    private static readonly (string Check, string Sql)[] Checks =
    [
        ("balance", VerifySql.BalancesSql),
        ("account", VerifySql.UsersWithoutAccountSql),
        ("owner_transfer", VerifySql.OwnerTransfersSql),
        ("platform_transfer", VerifySql.PlatformTransfersSql),
        ("stray_transfer", VerifySql.StrayTransfersSql),
        ("key_spent", VerifySql.KeysSql),
        ("correction", VerifySql.CorrectionsSql),
        ("refunds", VerifySql.RefundsSql),
        ("attempts", VerifySql.AttemptsSql),
        ("stray_attempt", VerifySql.StrayAttemptsSql),
    ];

    public Task<VerifyReport> RunAsync(CancellationToken ct = default) => RunAsync(expectedHead: null, ct);

    /// <param name="expectedHead">The head of an earlier report's chain, to be found again; null for none.</param>
    public async Task<VerifyReport> RunAsync(string? expectedHead, CancellationToken ct = default)
    {
        // Read first: whatever stands in the file is then in the snapshot.
        var kept = book?.Read() ?? new KeptHeads([], null);
        await using var connection = await database.OpenConnectionAsync(ct);
        await using var snapshot = await connection.BeginTransactionAsync(IsolationLevel.RepeatableRead, ct);
        var totals = await connection.QuerySingleAsync<TotalsRow>(new CommandDefinition(
            VerifySql.TotalsSql, transaction: snapshot, commandTimeout: 0, cancellationToken: ct));
        var problems = new List<VerifyProblem>();
        if (totals.Sum != 0)
        {
            problems.Add(new VerifyProblem("sum", "accounts", $"balances add up to {new Usd(totals.Sum)}, not zero"));
        }

        foreach (var (check, sql) in Checks)
        {
            var found = await connection.QueryAsync<ProblemRow>(new CommandDefinition(
                sql, new { limit = ProblemsMax }, snapshot, commandTimeout: 0, cancellationToken: ct));
            problems.AddRange(found.Select(row => new VerifyProblem(check, row.Subject, row.Detail)));
        }

        var requests = await CheckChargesAsync(connection, problems, ct);
        await CheckAttemptsAsync(connection, problems, ct);
        var heads = expectedHead is null ? kept.Heads : kept.Heads.Append(expectedHead);
        var chain = await ChainCheck.WalkAsync(connection, heads, ct);
        if (chain is { Subject: { } subject, Fault: { } fault })
        {
            problems.Add(new VerifyProblem("chain", subject, fault));
        }

        if (kept.Fault is { } line)
        {
            problems.Add(new VerifyProblem(
                "chain_heads", line, "is not signed with the master key: the file was changed"));
        }

        return new VerifyReport(
            problems.Count == 0,
            totals.Accounts,
            totals.Transfers,
            requests,
            new Usd(totals.Sum),
            chain,
            problems.Count <= ProblemsMax ? problems : problems[..ProblemsMax]);
    }

    // Row by row as they come: the price arithmetic is the gateway's own code, not a second version of it in SQL.
    private static async Task<long> CheckChargesAsync(
        NpgsqlConnection connection, List<VerifyProblem> problems, CancellationToken ct)
    {
        var requests = 0L;
        var faults = 0;
        await foreach (var row in connection.QueryUnbufferedAsync<RequestRow>(VerifySql.EventsSql, commandTimeout: 0)
            .WithCancellation(ct))
        {
            requests++;
            foreach (var problem in FindChargeProblems(row))
            {
                if (faults++ < ProblemsMax)
                {
                    problems.Add(problem);
                }
            }
        }

        return requests;
    }

    private static async Task CheckAttemptsAsync(
        NpgsqlConnection connection, List<VerifyProblem> problems, CancellationToken ct)
    {
        var prices = await PriceReads.ReadAsync(connection, ids: null, ct);
        var faults = 0;
        await foreach (var row in connection.QueryUnbufferedAsync<AttemptRow>(
            VerifySql.AttemptCostsSql, commandTimeout: 0).WithCancellation(ct))
        {
            var expected = prices.TryGetValue(row.PriceId, out var price)
                ? TariffMath.Cost(price.Billed, row.Usage)
                : Usd.Zero;
            if (expected.Units != row.CostUnits && faults++ < ProblemsMax)
            {
                problems.Add(new VerifyProblem(
                    "attempt_cost",
                    $"{RequestId.FromGuid(row.Rid)}/{row.No}",
                    $"cost is {new Usd(row.CostUnits)}, the price gives {expected}"));
            }
        }
    }

    private static IEnumerable<VerifyProblem> FindChargeProblems(RequestRow row)
    {
        var cost = new Usd(row.CostUnits);
        var charged = ((Outcome)row.Outcome).IsCharged();
        if (charged && row.Tariff is null)
        {
            yield return Problem("price", row, "the price version is not there");
        }

        var expected = charged && row.Tariff is { } tariff ? TariffMath.Cost(tariff, row.Usage) : Usd.Zero;
        if (cost != expected)
        {
            yield return Problem("cost", row, $"cost is {cost}, the price gives {expected}");
        }

        var isShared = row.OwnerAccountId != 0 && row.OwnerAccountId != row.AccountId;
        var owner = isShared ? TariffMath.Split(cost, row.OwnerShareBp).Owner : Usd.Zero;
        if (owner.Units != row.OwnerUnits)
        {
            yield return Problem("split", row, $"owner part is {new Usd(row.OwnerUnits)}, the share gives {owner}");
        }
    }

    private static VerifyProblem Problem(string check, RequestRow row, string detail) =>
        new(check, RequestId.FromGuid(row.Rid).ToString(), detail);

    private sealed record TotalsRow(long Accounts, long Transfers, long Sum);

    private sealed record ProblemRow(string Subject, string Detail);
}
