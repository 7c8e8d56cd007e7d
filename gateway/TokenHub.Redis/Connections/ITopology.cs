namespace TokenHub.Redis.Connections;

/// <summary>The servers behind one client, however many there are and whoever of them is master.</summary>
internal interface ITopology : IAsyncDisposable
{
    public IScriptRunner Runner { get; }

    /// <summary>At least one server can be asked.</summary>
    public bool IsConnected { get; }

    /// <summary>What one of the connected servers says of itself.</summary>
    public RedisServerInfo Server { get; }

    public IReadOnlyList<RedisNode> Nodes { get; }

    /// <summary>Keys of several hash slots cannot be in one command.</summary>
    public bool IsSplit { get; }

    /// <summary>Returns when the servers were tried once; throws when none of them is connected.</summary>
    public Task StartAsync(CancellationToken cancellationToken);

    /// <summary>Where a subscriber should connect to next; each time another, where there are several.</summary>
    public RedisEndpoint NextForSubscriber();

    /// <summary>Whether a subscriber that is connected there hears everything.</summary>
    public bool IsListenedTo(string endpoint);
}
