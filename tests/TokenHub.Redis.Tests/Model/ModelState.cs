using TokenHub.Core.Requests;

namespace TokenHub.Redis.Tests.Model;

/// <summary>What one shard holds, as plain objects.</summary>
internal sealed class ModelShard
{
    public long? Epoch { get; set; }

    public SortedDictionary<long, ModelAccount> Accounts { get; } = [];

    public SortedDictionary<long, ModelSpend> Spends { get; } = [];

    public SortedDictionary<long, (long Requests, long Tokens)> Rates { get; } = [];

    public SortedDictionary<long, (long Requests, long Tokens)> UserRates { get; } = [];

    public SortedDictionary<long, SortedDictionary<RequestId, ModelHold>> Holds { get; } = [];

    public Dictionary<string, long> Due { get; } = [];

    public SortedDictionary<RequestId, ModelCharge> Outbox { get; } = [];

    public Dictionary<RequestId, long> OutboxTimes { get; } = [];

    public ModelAccount Account(long account) => Accounts.GetValueOrDefault(account) ?? new ModelAccount();

    public ModelSpend Spend(long key) => Spends.GetValueOrDefault(key) ?? new ModelSpend();

    public ModelHold? Hold(long account, RequestId rid) => Holds.GetValueOrDefault(account)?.GetValueOrDefault(rid);
}

/// <summary>Absent until first saved. <see cref="Version"/> is null until hydrated.</summary>
internal sealed class ModelAccount
{
    public long? Version { get; set; }

    public long? Epoch { get; set; }

    public bool IsActive { get; set; }

    public long Balance { get; set; }

    public long Slots { get; set; }

    public long Held { get; set; }

    public long Unsettled { get; set; }

    public bool HasCounters { get; set; }

    // A balance of another epoch counts as none.
    public long Available(long epoch) =>
        Math.Max((Epoch == epoch ? Balance : 0) - Held - Unsettled, -TillModel.UnitsMax);
}

internal sealed class ModelSpend
{
    public long? Version { get; set; }

    public long? Epoch { get; set; }

    public long Spent { get; set; }

    public long Held { get; set; }

    public long Unsettled { get; set; }

    public long Open { get; set; }

    public bool HasCounters { get; set; }

    // A cap of null is no cap.
    public long Remaining(long? cap) =>
        cap is { } value ? Math.Max(value - Spent - Unsettled - Held, -TillModel.UnitsMax) : long.MaxValue;
}

internal sealed record ModelHold(
    long Amount, long DeadlineMs, string Owner, long Key, long First, ModelTaken? Taken = null);

/// <summary>
/// What tokens took of rates by estimate: of the key's and of the account's, and up to which instant.
/// </summary>
internal sealed record ModelTaken(long Tokens, long KeyUs, long KeyTo, long UserUs, long UserTo)
{
    public override string ToString() => $"|{Tokens}|{KeyUs}|{KeyTo}|{UserUs}|{UserTo}";
}

internal sealed record ModelCharge(long Account, long Key, long Cost, byte[] Payload)
{
    // Left by an acknowledgement that came before the settlement.
    public bool IsMark => Cost == 0 && Payload.Length == 0;
}
