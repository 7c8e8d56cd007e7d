using TokenHub.Redis.Connections;
using TokenHub.Redis.Resp;

namespace TokenHub.Redis.Cluster;

/// <summary>The nodes of a Cluster and which of them has which slot, as far as we know. Thread-safe.</summary>
internal sealed class ClusterNodes(
    RedisOptions options, RespCallPool calls, ServerChanges changes, IErrorRouter errors) : IAsyncDisposable
{
    // Redis recommends no more; a node that names more than that is not believed.
    private const int NodesMax = 1000;

    private readonly Lock _gate = new();
    private readonly Dictionary<RedisEndpoint, ClusterNode> _nodes = [];
    private readonly ClusterNode?[] _owners = new ClusterNode?[HashSlot.Count];
    private ClusterNode[] _masters = [];
    private int _next;
    private bool _isDisposed;

    /// <summary>Nodes that have slots.</summary>
    public ClusterNode[] Masters => Volatile.Read(ref _masters);

    public ClusterNode? OwnerOf(int slot) => Volatile.Read(ref _owners[slot]);

    /// <summary>
    /// A connected node, each time another; a node that is not when none is; null when none is known.
    /// </summary>
    public ClusterNode? Any()
    {
        var masters = Masters;
        var from = (uint)Interlocked.Increment(ref _next);
        for (var i = 0u; i < masters.Length; i++)
        {
            var node = masters[(from + i) % (uint)masters.Length];
            if (node.Pool.IsConnected)
            {
                return node;
            }
        }

        return masters.Length == 0 ? null : masters[from % (uint)masters.Length];
    }

    /// <summary>The node there, being connected to if it was not known; null when there are too many.</summary>
    public ClusterNode? At(RedisEndpoint endpoint)
    {
        lock (_gate)
        {
            if (_nodes.TryGetValue(endpoint, out var node) || _isDisposed || _nodes.Count >= NodesMax)
            {
                return node;
            }

            var pool = new RespPool(
                options with { Host = endpoint.Host, Port = endpoint.Port, MoreHosts = [] },
                changes,
                new RespPoolParts { Calls = calls, Errors = errors });
            return _nodes[endpoint] = new ClusterNode(endpoint, pool);
        }
    }

    /// <summary>One slot is with this node now.</summary>
    public void Move(int slot, ClusterNode node)
    {
        if (OwnerOf(slot) is { } before && before != node)
        {
            changes.Raise();
        }

        Volatile.Write(ref _owners[slot], node);
    }

    /// <summary>
    /// Takes over a whole map. A slot that has moved counts as a change: its new owner may know less.
    /// </summary>
    public void Apply(SlotTable table)
    {
        var owners = new ClusterNode?[HashSlot.Count];
        var masters = new List<ClusterNode>();
        foreach (var (slots, endpoint) in table.Ranges)
        {
            if (At(endpoint) is not { } node)
            {
                continue;
            }

            node.ListedMs = Environment.TickCount64;
            owners.AsSpan(slots.First, slots.Last - slots.First + 1).Fill(node);
            if (!masters.Contains(node))
            {
                masters.Add(node);
            }
        }

        var hasMoved = false;
        for (var slot = 0; slot < owners.Length; slot++)
        {
            var before = _owners[slot];
            hasMoved |= before is not null && owners[slot] is not null && before != owners[slot];
        }

        var isOther = !masters.SequenceEqual(Masters);
        Volatile.Write(ref _masters, [.. masters]);
        if (hasMoved)
        {
            changes.Raise();
        }
        else if (isOther)
        {
            changes.Tell();
        }

        for (var slot = 0; slot < owners.Length; slot++)
        {
            Volatile.Write(ref _owners[slot], owners[slot]);
        }
    }

    /// <summary>Takes the nodes away that no map has had for so long.</summary>
    public async Task PruneAsync(TimeSpan unlisted)
    {
        var cut = Environment.TickCount64 - (long)unlisted.TotalMilliseconds;
        var old = new List<ClusterNode>();
        lock (_gate)
        {
            foreach (var node in _nodes.Values)
            {
                if (node.ListedMs < cut && !Masters.Contains(node))
                {
                    old.Add(node);
                }
            }

            old.ForEach(node => _nodes.Remove(node.Endpoint));
        }

        foreach (var node in old)
        {
            await node.Pool.DisposeAsync().ConfigureAwait(false);
        }
    }

    public IReadOnlyList<RedisNode> List()
    {
        var masters = Masters;
        var slots = masters.Select(_ => new List<SlotRange>()).ToArray();
        var first = 0;
        for (var slot = 1; slot <= HashSlot.Count; slot++)
        {
            if (slot < HashSlot.Count && _owners[slot] == _owners[first])
            {
                continue;
            }

            var owner = Array.IndexOf(masters, _owners[first]);
            if (owner >= 0)
            {
                slots[owner].Add(new SlotRange(first, slot - 1));
            }

            first = slot;
        }

        return [.. masters.Select((node, i) => new RedisNode($"{node.Endpoint}", node.Pool.RunId, slots[i]))];
    }

    public async ValueTask DisposeAsync()
    {
        ClusterNode[] all;
        lock (_gate)
        {
            _isDisposed = true;
            all = [.. _nodes.Values];
        }

        foreach (var node in all)
        {
            await node.Pool.DisposeAsync().ConfigureAwait(false);
        }
    }
}
