using TokenHub.Core.Money;
using TokenHub.Core.Usage;

namespace TokenHub.Ledger.Draining;

/// <summary>
/// Decides whether a record may be posted. What is refused here is parked with the reason, never dropped.
/// </summary>
internal static class RecordRules
{
    /// <summary>How far ahead of the control plane's clock a gateway's may be.</summary>
    public static readonly TimeSpan AheadMax = TimeSpan.FromDays(8);

    public const string Unreadable = "unreadable record";

    /// <summary>
    /// The owner's part: nothing when the platform owns the channel, or when the owner used it himself.
    /// </summary>
    public static Usd OwnerPart(UsageRecord record) =>
        record.OwnerAccount == 0 || record.OwnerAccount == record.Account
            ? Usd.Zero
            : TariffMath.Split(record.Cost, record.OwnerShareBp).Owner;

    /// <summary>The reason why the record cannot be posted, or null.</summary>
    public static string? FindFault(UsageRecord record, ReferenceRows rows, DateTimeOffset now)
    {
        var latest = (now + AheadMax).ToUnixTimeMilliseconds();
        if (record.RequestId.UnixMs > latest || record.StartedMs > latest)
        {
            return "time too far ahead";
        }

        if (record.OwnerShareBp > TariffMath.OwnerShareBpMax)
        {
            return "owner share out of range";
        }

        if (!record.Cost.IsScriptAmount || !record.Hold.IsScriptAmount)
        {
            return "amount out of range";
        }

        if (!rows.KeyAccounts.TryGetValue(record.Key, out var account))
        {
            return $"unknown key {record.Key}";
        }

        return account == record.Account
            ? FindCostFault(record, rows)
            : $"key {record.Key} is not of account {record.Account}";
    }

    private static string? FindCostFault(UsageRecord record, ReferenceRows rows)
    {
        if (!rows.Prices.TryGetValue(record.PriceVersion, out var price))
        {
            // A request that was given up before it had a price can only be a refund.
            return record is { PriceVersion: 0, Cost.Units: 0 } ? null : $"unknown price {record.PriceVersion}";
        }

        var charged = price.Charged with { Factors = record.Factors };
        var expected = record.Outcome.IsCharged() ? TariffMath.Cost(charged, record.Usage) : Usd.Zero;
        return record.Cost == expected
            ? null
            : $"cost {record.Cost} is not the {expected} that price {record.PriceVersion} gives";
    }
}
