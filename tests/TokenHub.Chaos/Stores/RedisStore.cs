using TokenHub.TestKit.Servers;

namespace TokenHub.Chaos.Stores;

/// <summary>A single redis-server.</summary>
internal sealed class RedisStore : IStore
{
    private readonly RedisNode _node;

    private RedisStore(RedisNode node) => _node = node;

    public string Name => "redis";

    public IReadOnlyList<int> Ports => [_node.Port];

    public bool IsDurable => true;

    public RedisNode Node => _node;

    /// <param name="folder">Where it keeps its data; null for a temporary folder.</param>
    public static async Task<RedisStore> StartAsync(string? folder = null) =>
        new(await RedisNode.StartInAsync(folder, FreePort.Next()));

    public string UrlOf(IReadOnlyList<int> edgePorts) => $"redis://127.0.0.1:{edgePorts[0]}";

    public Task KillAsync() => _node.KillAsync();

    public Task StartAgainAsync() => _node.StartAgainAsync();

    public void CutTail(TimeSpan back) => _node.CutTail(back);

    public void Wipe() => _node.Wipe();

    public void KeepCopy() => _node.KeepCopy();

    public void RestoreCopy() => _node.RestoreCopy();

    public void Signal(int signal) => _node.Signal(signal);

    public async Task<IReadOnlyList<object?>> EverywhereAsync(params string[] command)
    {
        using var talk = await RespTalk.ConnectAsync(_node.Port);
        return [talk.Call(command)];
    }

    public ValueTask DisposeAsync() => _node.DisposeAsync();
}
