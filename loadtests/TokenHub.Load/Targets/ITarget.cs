using System.Net;

namespace TokenHub.Load.Targets;

/// <summary>Something that answers calls: the product, a plain proxy, or the upstream itself.</summary>
internal interface ITarget
{
    public string Name { get; }

    public IPEndPoint Endpoint { get; }

    /// <summary>Keys of the callers, dealt out in turn.</summary>
    public IReadOnlyList<string> Keys { get; }

    /// <summary>The processes whose work is what this target costs.</summary>
    public IReadOnlyList<int> ProcessIds { get; }

    /// <summary>Its memory before any load, in KiB.</summary>
    public long IdleKiB { get; }

    /// <summary>Processes that work for it besides, by name.</summary>
    public IReadOnlyDictionary<string, IReadOnlyList<int>> Neighbours { get; }
}
