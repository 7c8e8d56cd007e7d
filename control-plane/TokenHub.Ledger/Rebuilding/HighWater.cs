using TokenHub.Redis;

namespace TokenHub.Ledger.Rebuilding;

/// <summary>
/// The mark that rises with time, and how high it stood in each shard when Redis last had it. It follows the monotonic
/// clock, so that no jump of the other one looks like a loss, and starts above everything seen before.
/// </summary>
internal sealed class HighWater(TimeProvider time)
{
    private readonly long[] _seen = new long[Shards.Count];
    private bool _hasJoined;
    private long _start;
    private long _startedAt;
    private long _last;

    /// <summary>The last mark that Redis had taken for this shard.</summary>
    public long Of(int shard) => _seen[shard];

    public long[] ToArray() => [.. _seen];

    /// <summary>
    /// Takes over what PostgreSQL remembers; later calls change nothing while this process stays at it.
    /// </summary>
    public void Join(long[] remembered)
    {
        if (_hasJoined)
        {
            return;
        }

        remembered.CopyTo(_seen, 0);
        _start = Math.Max(Math.Max(time.GetUtcNow().ToUnixTimeMilliseconds(), remembered.Max() + 1), _last + 1);
        _startedAt = time.GetTimestamp();
        _hasJoined = true;
    }

    /// <summary>Another control plane is at it, and what it writes is not seen here.</summary>
    public void Forget() => _hasJoined = false;

    public long Next() =>
        _last = Math.Max(_last + 1, _start + (long)time.GetElapsedTime(_startedAt).TotalMilliseconds);

    public void Note(IReadOnlyList<int> shards, long value)
    {
        foreach (var shard in shards)
        {
            _seen[shard] = value;
        }
    }

    /// <summary>Replaced servers may stand a little lower: that is where they go on from.</summary>
    public void Note(ShardMark?[] marks, ShardFate[] fates)
    {
        for (var shard = 0; shard < _seen.Length; shard++)
        {
            if (fates[shard] == ShardFate.Replaced)
            {
                _seen[shard] = marks[shard]?.HighWater ?? _seen[shard];
            }
        }
    }
}
