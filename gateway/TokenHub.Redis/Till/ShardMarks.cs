using System.Globalization;
using TokenHub.Redis.Resp;

namespace TokenHub.Redis;

/// <summary>
/// What a shard says of itself: its epoch, its high-water mark, and while it is closed the epoch that it will open
/// with; each null when absent.
/// </summary>
public readonly record struct ShardMark(long? Epoch, long? HighWater, long? NextEpoch = null);

/// <summary>
/// Reads and writes the marks of all shards at once: in one command where one server has them all, else shard by shard,
/// for not even two keys of one node may be in one command of a Cluster. A shard whose server does not answer is left
/// out, and the others are served.
/// </summary>
public sealed class ShardMarks(RedisClient redis)
{
    private readonly IScriptRunner _runner = redis.Runner;

    /// <summary>By shard; null where it could not be read.</summary>
    public async Task<ShardMark?[]> ReadAsync(CancellationToken cancellationToken)
    {
        if (redis.IsSplit)
        {
            return await Task.WhenAll(
                Enumerable.Range(0, Shards.Count).Select(shard => TryReadAsync(shard, cancellationToken)))
                .ConfigureAwait(false);
        }

        var begun = _runner.Begin("MGET"u8);
        for (var shard = 0; shard < Shards.Count; shard++)
        {
            begun.AddEpoch(shard).AddHighWater(shard).AddNextEpoch(shard);
        }

        using var reply = await _runner.RunAsync(begun, cancellationToken).ConfigureAwait(false);
        return ReadMarks(reply.Read());
    }

    /// <summary>Raises the high-water mark of these shards; returns those of which the server has taken it.</summary>
    public async Task<IReadOnlyList<int>> RaiseAsync(
        IReadOnlyList<int> shards, long highWater, CancellationToken cancellationToken)
    {
        if (redis.IsSplit)
        {
            var done = await Task.WhenAll(shards.Select(async shard => await TryAsync(
                _runner.Begin("SET"u8).AddHighWater(shard).Add(highWater), cancellationToken).ConfigureAwait(false)))
                .ConfigureAwait(false);
            return [.. shards.Where((_, i) => done[i])];
        }

        if (shards.Count == 0)
        {
            return shards;
        }

        var begun = _runner.Begin("MSET"u8);
        foreach (var shard in shards)
        {
            begun.AddHighWater(shard).Add(highWater);
        }

        (await _runner.RunAsync(begun, cancellationToken).ConfigureAwait(false)).Dispose();
        return shards;
    }

    /// <summary>
    /// Closes a shard, from here on nothing is reserved there, and leaves the epoch it will open with.
    /// </summary>
    public async Task CloseAsync(int shard, long nextEpoch, CancellationToken cancellationToken)
    {
        (await _runner.RunAsync(_runner.Begin("DEL"u8).AddEpoch(shard), cancellationToken).ConfigureAwait(false))
            .Dispose();
        var plant = _runner.Begin("SET"u8).AddNextEpoch(shard).Add(nextEpoch);
        (await _runner.RunAsync(plant, cancellationToken).ConfigureAwait(false)).Dispose();
    }

    /// <summary>
    /// Opens a closed shard with the epoch that was left there, in one step; false when it is gone, and with it all
    /// that gateways have told.
    /// </summary>
    public async Task<bool> OpenAsync(int shard, CancellationToken cancellationToken)
    {
        var rename = _runner.Begin("RENAME"u8).AddNextEpoch(shard).AddEpoch(shard);
        try
        {
            (await _runner.RunAsync(rename, cancellationToken).ConfigureAwait(false)).Dispose();
            return true;
        }
        catch (RedisUnavailableException error) when (error.Fault == RedisFault.ServerError)
        {
            return false;
        }
    }

    /// <summary>Run ids by shard; empty where none is known.</summary>
    public string[] ReadRunIds()
    {
        var nodes = redis.Nodes;
        var runIds = new string[Shards.Count];
        for (var shard = 0; shard < runIds.Length; shard++)
        {
            runIds[shard] = (nodes.Count == 1 ? nodes[0] : NodeOf(nodes, shard))?.RunId ?? "";
        }

        return runIds;
    }

    private static RedisNode? NodeOf(IReadOnlyList<RedisNode> nodes, int shard)
    {
        var slot = SlotOf($"s{shard}");
        return nodes.FirstOrDefault(node => node.Slots.Any(range => range.First <= slot && slot <= range.Last));
    }

    // The CRC-16 of the hash tag, as Redis Cluster takes it.
    private static int SlotOf(string tag)
    {
        var crc = 0;
        foreach (var letter in tag)
        {
            crc ^= letter << 8;
            for (var bit = 0; bit < 8; bit++)
            {
                crc = (crc & 0x8000) != 0 ? ((crc << 1) ^ 0x1021) & 0xFFFF : (crc << 1) & 0xFFFF;
            }
        }

        return crc & 16383;
    }

    private async Task<ShardMark?> TryReadAsync(int shard, CancellationToken cancellationToken)
    {
        try
        {
            var begun = _runner.Begin("MGET"u8).AddEpoch(shard).AddHighWater(shard).AddNextEpoch(shard);
            using var reply = await _runner.RunAsync(begun, cancellationToken).ConfigureAwait(false);
            return ReadMark(reply.Read());
        }
        catch (RedisUnavailableException)
        {
            return null;
        }
    }

    private async Task<bool> TryAsync(RespCall begun, CancellationToken cancellationToken)
    {
        try
        {
            (await _runner.RunAsync(begun, cancellationToken).ConfigureAwait(false)).Dispose();
            return true;
        }
        catch (RedisUnavailableException)
        {
            return false;
        }
    }

    private static ShardMark ReadMark(RespReader reader)
    {
        reader.ReadAggregate();
        return new ShardMark(ReadNumber(ref reader), ReadNumber(ref reader), ReadNumber(ref reader));
    }

    private static ShardMark?[] ReadMarks(RespReader reader)
    {
        reader.ReadAggregate();
        var marks = new ShardMark?[Shards.Count];
        for (var shard = 0; shard < marks.Length; shard++)
        {
            marks[shard] = new ShardMark(ReadNumber(ref reader), ReadNumber(ref reader), ReadNumber(ref reader));
        }

        return marks;
    }

    // Whatever stands there that is no number is as good as nothing.
    private static long? ReadNumber(ref RespReader reader)
    {
        var isNull = reader.IsNull;
        var text = reader.ReadBytes();
        return !isNull && long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number)
            ? number
            : null;
    }
}
