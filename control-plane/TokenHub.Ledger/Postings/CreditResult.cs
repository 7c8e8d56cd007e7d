using TokenHub.Core.Money;

namespace TokenHub.Ledger.Postings;

public enum CreditOutcome
{
    Posted = 1,

    /// <summary>There is no such user.</summary>
    UnknownUser = 2,

    /// <summary>A debit above what the user has available.</summary>
    InsufficientFunds = 3,

    /// <summary>Zero, or a balance beyond <see cref="Usd.ScriptUnitsMax"/>.</summary>
    AmountOutOfRange = 4,
}

/// <summary>
/// What came of a credit or debit; all but the outcome and the balance are there only when it was posted.
/// </summary>
public sealed record CreditResult(CreditOutcome Outcome, Posting? Posting, Usd Balance, long Version);
