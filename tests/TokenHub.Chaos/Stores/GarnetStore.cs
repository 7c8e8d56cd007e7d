using TokenHub.TestKit.Servers;

namespace TokenHub.Chaos.Stores;

/// <summary>
/// A garnet-server in transaction mode. It keeps nothing on disk here, so every kill of it is a wipe: the hardest case.
/// </summary>
internal sealed class GarnetStore : IStore
{
    private readonly int _port = FreePort.Next();
    private GarnetServer? _server;

    public string Name => "garnet";

    public IReadOnlyList<int> Ports => [_port];

    public bool IsDurable => false;

    public static async Task<GarnetStore> StartAsync()
    {
        var store = new GarnetStore();
        await store.StartAgainAsync();
        return store;
    }

    public string UrlOf(IReadOnlyList<int> edgePorts) => $"redis://127.0.0.1:{edgePorts[0]}";

    public async Task KillAsync()
    {
        if (_server is { } server)
        {
            _server = null;
            await server.DisposeAsync();
        }
    }

    public async Task StartAgainAsync() => _server = await GarnetServer.StartAsync(port: _port);

    public void CutTail(TimeSpan back)
    {
        // Nothing was kept that could be cut.
    }

    public void Wipe()
    {
        // The process' end has done it.
    }

    public void KeepCopy()
    {
        // There is nothing to copy.
    }

    public void RestoreCopy()
    {
        // An empty server is as old as a copy can be.
    }

    public void Signal(int signal) => _server?.Signal(signal);

    public async Task<IReadOnlyList<object?>> EverywhereAsync(params string[] command)
    {
        using var talk = await RespTalk.ConnectAsync(_port);
        return [talk.Call(command)];
    }

    public async ValueTask DisposeAsync() => await KillAsync();
}
