using TokenHub.Core.Money;

namespace TokenHub.ControlPlane.Accounts;

/// <summary>What a user has. <c>available</c> is always <c>balance</c> less <c>held</c>.</summary>
internal sealed record WalletView
{
    public required string UserId { get; init; }

    /// <summary>Credit less everything charged, up to this moment.</summary>
    public required Usd Balance { get; init; }

    /// <summary>Held for requests that are under way.</summary>
    public required Usd Held { get; init; }

    public required Usd Available { get; init; }

    /// <summary>False while Redis is away: then holds and the last second's charges are not counted.</summary>
    public required bool Live { get; init; }
}

/// <summary>Credit for a user.</summary>
internal sealed record CreateCredit
{
    /// <summary>Dollars, above zero.</summary>
    public required Usd Amount { get; init; }

    public required string Reason { get; init; }
}

/// <summary>The posting of a credit.</summary>
internal sealed record CreditView
{
    public required string Id { get; init; }
    public required string UserId { get; init; }
    public required string Kind { get; init; }
    public required Usd Amount { get; init; }
    public required string Reason { get; init; }
    public string? CreatedBy { get; init; }
    public required DateTime CreatedAt { get; init; }

    /// <summary>The balance after the posting.</summary>
    public required Usd Balance { get; init; }
}
