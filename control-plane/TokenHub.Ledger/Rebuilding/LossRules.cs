using TokenHub.Redis;

namespace TokenHub.Ledger.Rebuilding;

/// <summary>What became of a shard in Redis since it was last seen.</summary>
public enum ShardFate
{
    Intact,

    /// <summary>Its server did not answer: nothing can be said.</summary>
    Unknown,

    /// <summary>
    /// Its server was replaced or restarted, and has lost seconds at most: telling it again is enough.
    /// </summary>
    Replaced,

    /// <summary>It is gone, or so old that nothing in it may be believed.</summary>
    Lost,
}

/// <summary>Judges from epoch, run id and high-water mark. Pure, so that each case is a line of a test.</summary>
public static class LossRules
{
    /// <summary>A copy that is older than this is not mended but built anew.</summary>
    public const long LagMsMax = 5_000;

    /// <summary>Of a shard that is closed: whether what gateways told it is still there.</summary>
    /// <param name="plantedOn">Run id of the server that got the rebuild's mark; null when none has it yet.</param>
    public static ShardFate JudgeClosed(long epoch, string? plantedOn, ShardMark? mark, string runId)
    {
        if (mark is not { } found)
        {
            return ShardFate.Unknown;
        }

        var isThere = found.NextEpoch == epoch || found.Epoch == epoch;
        return plantedOn is null || (isThere && runId == plantedOn) ? ShardFate.Intact : ShardFate.Lost;
    }

    /// <param name="mark">What Redis says now; null when it did not answer.</param>
    /// <param name="runId">Of the server that says it; empty when it is not told.</param>
    /// <param name="seenRunId">Of the server as last seen; empty when none was.</param>
    /// <param name="seenHighWater">The last mark that Redis had taken.</param>
    public static ShardFate Judge(
        long epoch, ShardMark? mark, string runId, string seenRunId, long seenHighWater)
    {
        if (mark is not { } found)
        {
            return ShardFate.Unknown;
        }

        if (found.Epoch != epoch || (found.HighWater ?? 0) < seenHighWater - LagMsMax)
        {
            return ShardFate.Lost;
        }

        // Without a run id, a mark that stepped back tells the same.
        var isOther = runId.Length > 0 && runId != seenRunId;
        return isOther || (found.HighWater ?? 0) < seenHighWater ? ShardFate.Replaced : ShardFate.Intact;
    }
}
