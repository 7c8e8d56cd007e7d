namespace TokenHub.Redis;

/// <summary>The 256 logical shards. An account's shard never changes: keys in every Redis are named by it.</summary>
public static class Shards
{
    public const int Count = 256;

    /// <summary>Fibonacci hashing: the top byte of a multiplication by 2^64 divided by the golden ratio.</summary>
    public static int Of(long account) => (int)(unchecked((ulong)account * 0x9E37_79B9_7F4A_7C15UL) >> 56);

    /// <summary>The tag that a channel's own keys are named by: apart from money, which is a call of its own.</summary>
    public static int OfChannel(long channel) => (int)((ulong)channel % Count);
    /// <summary>For what is known by a name: FNV-1a, which never changes.</summary>
    public static int OfName(string name)
    {
        var hash = 2166136261u;
        foreach (var letter in name)
        {
            hash = unchecked((hash ^ letter) * 16777619u);
        }

        return (int)(hash % Count);
    }
}
