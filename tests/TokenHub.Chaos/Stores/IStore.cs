namespace TokenHub.Chaos.Stores;

/// <summary>
/// The Redis behind the product, of whichever kind: it can be killed, started again, wiped, cut back by seconds, and
/// exchanged for an older copy of itself.
/// </summary>
internal interface IStore : IAsyncDisposable
{
    public string Name { get; }

    /// <summary>The real port of each node.</summary>
    public IReadOnlyList<int> Ports { get; }

    /// <summary>False where nothing outlives the process: then every kill is a wipe.</summary>
    public bool IsDurable { get; }

    /// <summary>How planes reach it through edges that listen on these ports, one for each node.</summary>
    public string UrlOf(IReadOnlyList<int> edgePorts);

    public Task KillAsync();

    /// <summary>Starts what was killed, on what its folder holds by now.</summary>
    public Task StartAgainAsync();

    /// <summary>Only while killed: the last seconds of writes are gone, as after a power loss.</summary>
    public void CutTail(TimeSpan back);

    /// <summary>Only while killed: nothing is left.</summary>
    public void Wipe();

    /// <summary>Keeps a copy of what is on disk now.</summary>
    public void KeepCopy();

    /// <summary>Only while killed: the kept copy takes the place of what there is.</summary>
    public void RestoreCopy();

    /// <summary>Sends a signal to every node: 19 stops, 18 goes on.</summary>
    public void Signal(int signal);

    /// <summary>A command for every node, past all edges.</summary>
    public Task<IReadOnlyList<object?>> EverywhereAsync(params string[] command);
}
