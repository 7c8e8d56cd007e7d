namespace TokenHub.Redis;

/// <summary>
/// Where Redis is and how long to wait for it. Made from a URL:
/// <c>redis://[user:password@]host[:port][,host[:port]...][/db][?mode=single|cluster|sentinel]</c> or <c>rediss://</c>
/// for TLS, user and password percent-encoded; see <see cref="RedisUrl"/> for the rest of the query. Its text form
/// never shows a password.
/// </summary>
public sealed record RedisOptions
{
    /// <summary>How long a call may take where nothing else is said.</summary>
    public static readonly TimeSpan UsualCallTimeout = TimeSpan.FromMilliseconds(250);

    public const int PortDefault = 6379;
    public const int SentinelPortDefault = 26379;

    public required string Host { get; init; }

    public int Port { get; init; } = PortDefault;

    /// <summary>The other hosts of the URL: more nodes of a Cluster, or more sentinels.</summary>
    public IReadOnlyList<RedisEndpoint> MoreHosts { get; init; } = [];

    public RedisMode Mode { get; init; } = RedisMode.Auto;

    /// <summary>What the sentinels call the master; URL query <c>?master=name</c>.</summary>
    public string MasterName { get; init; } = "";

    /// <summary>Empty means the sentinels' default user; URL query <c>?sentinel_user=...</c>.</summary>
    public string SentinelUser { get; init; } = "";

    /// <summary>Empty means that the sentinels want none; URL query <c>?sentinel_password=...</c>.</summary>
    public string SentinelPassword { get; init; } = "";

    /// <summary>Empty means the server's default user.</summary>
    public string User { get; init; } = "";

    /// <summary>Empty means none is sent.</summary>
    public string Password { get; init; } = "";

    public int Database { get; init; }

    public bool UsesTls { get; init; }

    /// <summary>PEM file of the authorities to trust in place of the system's; URL query <c>?ca=/path</c>.</summary>
    public string CaFile { get; init; } = "";

    /// <summary>One connection gathers best; more let several processors work on replies.</summary>
    public int Connections { get; init; } = Math.Clamp(Environment.ProcessorCount / 2, 1, 4);

    /// <summary>How long any one call may take before its caller is told.</summary>
    public TimeSpan CallTimeout { get; init; } = UsualCallTimeout;

    /// <summary>How long it may take until a connection can be used, handshake included.</summary>
    public TimeSpan ConnectTimeout { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>A connection whose oldest call has waited this long is given up.</summary>
    public TimeSpan StallTimeout { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>Longest pause between two attempts to connect.</summary>
    public TimeSpan ReconnectDelayMax { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>Most calls under way on one connection; one more fails at once.</summary>
    public int InFlightMax { get; init; } = 4096;

    /// <summary>
    /// True: callers continue on the thread that reads the socket, which is cheapest, and nothing may block there.
    /// False: they continue on the thread pool.
    /// </summary>
    public bool ContinuesInline { get; init; } = true;

    /// <summary>Host and port, as messages name the server.</summary>
    public string Endpoint => new RedisEndpoint(Host, Port).ToString();

    /// <summary>All hosts of the URL, in its order.</summary>
    internal IReadOnlyList<RedisEndpoint> Hosts => [new RedisEndpoint(Host, Port), .. MoreHosts];

    /// <exception cref="FormatException">The text is no such URL. The message shows none of it.</exception>
    public static RedisOptions Parse(string url) =>
        TryParse(url, out var options, out var fault) ? options : throw new FormatException(fault);

    public static bool TryParse(
        string url,
        [System.Diagnostics.CodeAnalysis.NotNullWhen(true)] out RedisOptions? options,
        out string fault) => RedisUrl.TryParse(url, out options, out fault);

    public override string ToString() =>
        $"{(UsesTls ? "rediss" : "redis")}://{(Password.Length > 0 ? "***@" : "")}{string.Join(',', Hosts)}/{Database}"
        + Mode switch
        {
            RedisMode.OneServer => "?mode=single",
            RedisMode.Cluster => "?mode=cluster",
            RedisMode.Sentinel => $"?mode=sentinel&master={Uri.EscapeDataString(MasterName)}",
            _ => "",
        };
}
