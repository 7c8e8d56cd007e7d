using TokenHub.Core.Money;
using TokenHub.Ledger.Sealing;

namespace TokenHub.Ledger.Reconciliation;

/// <summary>
/// What a recomputation of the whole ledger came to. At most <see cref="Verify.ProblemsMax"/> problems are named.
/// </summary>
public sealed record VerifyReport(
    bool Ok,
    long Accounts,
    long Transfers,
    long Requests,
    Usd Sum,
    ChainReport Chain,
    IReadOnlyList<VerifyProblem> Problems);

/// <summary>One thing that does not add up: which check, what it is about, and both numbers.</summary>
public sealed record VerifyProblem(string Check, string Subject, string Detail);
