using TokenHub.Core.Money;
using TokenHub.Core.Requests;

namespace TokenHub.Ledger.Draining;

/// <summary>An account as it stands in PostgreSQL after a commit.</summary>
public readonly record struct AccountStand(long Account, Usd Balance, long Version);

/// <summary>What a key has spent as it stands in PostgreSQL after a commit.</summary>
public readonly record struct KeyStand(long Key, Usd Spent, long Version);

/// <summary>A request that needs no copy in Redis any more: it is posted, or parked for good.</summary>
public readonly record struct DrainedRequest(RequestId RequestId, long Account, long Key)
{
    /// <summary>When it ended, by its gateway's clock; 0 where that is not known.</summary>
    public long EndedMs { get; init; }
}

/// <summary>What was committed, for those who tell Redis.</summary>
public sealed record PostedBatch(
    IReadOnlyList<AccountStand> Accounts, IReadOnlyList<KeyStand> Keys, IReadOnlyList<DrainedRequest> Requests)
{
    /// <summary>Requests that were new to the ledger.</summary>
    public int Added { get; init; }

    /// <summary>Records that were set aside.</summary>
    public int Parked { get; init; }
}
