namespace TokenHub.Redis;

public enum RedisKind
{
    Unknown,
    Redis,
    Valkey,
    Garnet,
}

/// <summary>
/// What a server says of itself. Another <see cref="RunId"/> than before means that it was restarted or replaced.
/// </summary>
public sealed record RedisServerInfo(RedisKind Kind, Version Version, string RunId)
{
    public static RedisServerInfo Unknown { get; } = new(RedisKind.Unknown, new Version(0, 0), "");

    /// <summary>It is a node of a Cluster.</summary>
    public bool IsCluster { get; init; }

    // The first line "#!lua" came with Redis 7; Garnet cannot compile it.
    internal bool TakesScriptFlags => Kind == RedisKind.Valkey || (Kind == RedisKind.Redis && Version.Major >= 7);

    /// <summary>Reads the text of <c>INFO server</c>.</summary>
    internal static RedisServerInfo Parse(string text)
    {
        var fields = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var line in text.Split('\n', StringSplitOptions.TrimEntries))
        {
            var colon = line.IndexOf(':');
            if (colon > 0)
            {
                fields[line[..colon]] = line[(colon + 1)..];
            }
        }

        var runId = fields.GetValueOrDefault("run_id", "");
        return fields.ContainsKey("garnet_version") ? Of(RedisKind.Garnet, "garnet_version")
            : fields.ContainsKey("valkey_version") ? Of(RedisKind.Valkey, "valkey_version")
            : fields.ContainsKey("redis_version") ? Of(RedisKind.Redis, "redis_version")
            : Unknown;

        RedisServerInfo Of(RedisKind kind, string field) =>
            new(kind, Version.TryParse(fields[field], out var version) ? version : new Version(0, 0), runId)
            {
                IsCluster = fields.GetValueOrDefault("redis_mode", "") == "cluster",
            };
    }
}
