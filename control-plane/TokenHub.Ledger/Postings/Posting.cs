using TokenHub.Core.Money;

namespace TokenHub.Ledger.Postings;

/// <summary>
/// One transfer as one of its two accounts sees it: <see cref="Amount"/> is positive when that account received it.
/// </summary>
public sealed record Posting
{
    public required long Id { get; init; }

    /// <summary>
    /// <c>credit</c>, <c>debit</c>, <c>usage_owner</c>, <c>usage_platform</c>, <c>correction_owner</c> or
    /// <c>correction_platform</c>.
    /// </summary>
    public required string Kind { get; init; }

    public required long Account { get; init; }
    public required long Counterparty { get; init; }
    public required Usd Amount { get; init; }

    /// <summary>The request that caused it, in the text form of a request id.</summary>
    public string? RequestId { get; init; }

    public string Reason { get; init; } = "";
    public long? CreatedBy { get; init; }
    public required DateTimeOffset CreatedAt { get; init; }
}

/// <summary>The accounts that exist before any user does.</summary>
public static class LedgerAccounts
{
    /// <summary>Receives the platform's part of each charge.</summary>
    public const long Platform = 1;

    /// <summary>Where credit comes from; its balance is the negative of all credit given.</summary>
    public const long Issuance = 2;
}
