using TokenHub.Core.Money;

namespace TokenHub.Ledger.Corrections;

/// <summary>Shares a refund out among those who got the charge.</summary>
public static class CorrectionSplit
{
    /// <summary>
    /// The owner's and the platform's part of giving <paramref name="amount"/> back after
    /// <paramref name="refunded"/> was given back before. Rounded over the sum of all refunds, not each for itself:
    /// when the whole cost has gone back, each has given back exactly what it got.
    /// </summary>
    public static (Usd Owner, Usd Platform) Of(Usd cost, Usd ownerPart, Usd refunded, Usd amount)
    {
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(amount.Units, 0);
        ArgumentOutOfRangeException.ThrowIfGreaterThan((refunded + amount).Units, cost.Units);
        var owner = new Usd(OwnerOf(refunded + amount) - OwnerOf(refunded));
        return (owner, amount - owner);

        long OwnerOf(Usd total) => (long)((Int128)ownerPart.Units * total.Units / cost.Units);
    }
}
