using TokenHub.ControlPlane.OpenApi;
using TokenHub.Core.Money;

namespace TokenHub.ControlPlane.Usage;

/// <summary>One posting as one of its two accounts sees it.</summary>
internal sealed record LedgerEntryView
{
    public required string Id { get; init; }

    [Allowed("credit", "debit", "usage_owner", "usage_platform", "correction_owner", "correction_platform")]
    public required string Kind { get; init; }

    /// <summary>A user's id, <c>platform</c>, <c>issuance</c>; to members, others are <c>another_user</c>.</summary>
    public required string Account { get; init; }

    public required string Counterparty { get; init; }

    /// <summary>Positive when the account received it.</summary>
    public required Usd Amount { get; init; }

    /// <summary>The request that caused it.</summary>
    public string? RequestId { get; init; }

    public required string Reason { get; init; }
    public string? CreatedBy { get; init; }
    public required DateTime CreatedAt { get; init; }
}

/// <summary>What a recomputation of the whole ledger came to.</summary>
internal sealed record LedgerReport
{
    public required bool Ok { get; init; }
    public required long Accounts { get; init; }
    public required long Transfers { get; init; }
    public required long Requests { get; init; }

    /// <summary>Of all balances; zero when every posting has its two sides.</summary>
    public required Usd Sum { get; init; }

    public required LedgerChain Chain { get; init; }
    public required IReadOnlyList<LedgerProblem> Problems { get; init; }
}

/// <summary>
/// The chain of hashes over all transfers. Its head, kept elsewhere, shows later whether the chain was made anew;
/// <c>heads_kept</c> is how many of those that the control plane keeps beside the database were held against it.
/// </summary>
internal sealed record LedgerChain(bool Ok, long Seals, long Sealed, long Unsealed, string Head, int HeadsKept);

/// <summary>One thing that does not add up.</summary>
internal sealed record LedgerProblem(string Check, string Subject, string Detail);
