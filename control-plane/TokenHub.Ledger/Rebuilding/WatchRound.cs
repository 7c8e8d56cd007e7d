namespace TokenHub.Ledger.Rebuilding;

/// <summary>What one round of the watch over Redis came to.</summary>
public enum WatchRound
{
    /// <summary>Another control plane is at it.</summary>
    Elsewhere,

    /// <summary>Every shard that could be asked is open.</summary>
    Open,

    /// <summary>Shards are closed, and a gateway has not told everything yet.</summary>
    Waiting,
}
