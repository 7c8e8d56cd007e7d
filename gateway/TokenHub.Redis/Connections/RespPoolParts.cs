using TokenHub.Redis.Resp;

namespace TokenHub.Redis.Connections;

/// <summary>What differs where a pool is not simply the one server of its options.</summary>
internal sealed record RespPoolParts
{
    /// <summary>Shared with other pools, so that a call may move from one to another.</summary>
    public RespCallPool? Calls { get; init; }

    /// <summary>Where the server is now; the host of the options unless given.</summary>
    public Func<RedisEndpoint>? Where { get; init; }

    public IErrorRouter? Errors { get; init; }

    /// <summary>Connects to masters only.</summary>
    public bool WantsMaster { get; init; }

    /// <summary>Asks the server what it is, and gives it the scripts.</summary>
    public bool RunsScripts { get; init; } = true;
}
