using System.Globalization;
using TokenHub.TestKit.Servers;

namespace TokenHub.Chaos.Stores;

/// <summary>
/// Three redis-servers as one Cluster. Its nodes tell everybody the ports of the edges before them, so that what finds
/// its way by the slot map is spoiled like the rest. A loss strikes one node after another, and now and then all.
/// </summary>
internal sealed class ClusterStore : IStore
{
    private const int NodeCount = 3;
    private const int Slots = 16_384;

    // The bus is 10,000 above, where outgoing connections must not be either.
    private const int BelowWithBus = 22_768;
    private static readonly TimeSpan WholeWithin = TimeSpan.FromSeconds(20);
    private readonly List<RedisNode> _nodes;
    private IReadOnlyList<RedisNode> _victims = [];
    private IReadOnlyList<int> _announced = [];
    private int _kills;

    private ClusterStore(List<RedisNode> nodes) => _nodes = nodes;

    public string Name => "cluster";

    public IReadOnlyList<int> Ports => [.. _nodes.Select(node => node.Port)];

    public bool IsDurable => true;

    public static async Task<ClusterStore> StartAsync()
    {
        var nodes = new List<RedisNode>();
        for (var i = 0; i < NodeCount; i++)
        {
            // The map of slots outlives a wiped folder.
            nodes.Add(await StartNodeAsync());
        }

        var store = new ClusterStore(nodes);
        await store.JoinAsync();
        return store;
    }

    public string UrlOf(IReadOnlyList<int> edgePorts)
    {
        if (!edgePorts.SequenceEqual(_announced))
        {
            Announce(edgePorts);
        }

        return $"redis://{string.Join(',', edgePorts.Select(port => $"127.0.0.1:{port}"))}?mode=cluster";
    }

    public async Task KillAsync()
    {
        _kills++;
        _victims = _kills % 4 == 0 ? _nodes : [_nodes[_kills % NodeCount]];
        foreach (var node in _victims)
        {
            await node.KillAsync();
        }
    }

    public async Task StartAgainAsync()
    {
        foreach (var node in _victims)
        {
            await node.StartAgainAsync();
        }

        Announce(_announced);
        await WaitWholeAsync();
    }

    /// <summary>
    /// A replica of the first node takes over from it, without what was written during <paramref name="lag"/>.
    /// </summary>
    public async Task FailOverAsync(Func<Task> lag)
    {
        var (master, replica) = (_nodes[0], await StartNodeAsync());
        await ClusterMoves.FollowAsync(replica, master);
        await ClusterMoves.DeafenAsync(replica, master);
        await lag();
        await master.KillAsync();
        _nodes[0] = replica;
        await ClusterMoves.WaitPromotedAsync(replica);
        await master.DisposeAsync();
    }

    /// <summary>Moves the slot of a key from the node that has it to another.</summary>
    public async Task MoveSlotOfAsync(string key, Func<Task> halfway)
    {
        using var talk = await RespTalk.ConnectAsync(_nodes[0].Port);
        var slot = (int)(long)talk.Call("CLUSTER", "KEYSLOT", key)!;
        var at = await OwnerOfAsync(slot);
        await ClusterMoves.MoveAsync(_nodes[at], _nodes[(at + 1) % NodeCount], slot, halfway);
    }

    /// <summary>The one key of all nodes that matches.</summary>
    public async Task<string> FindAsync(string pattern)
    {
        foreach (var node in _nodes)
        {
            using var talk = await RespTalk.ConnectAsync(node.Port);
            if (talk.Scan(pattern) is [var key, ..])
            {
                return key;
            }
        }

        throw new InvalidOperationException($"No node has a key like {pattern}.");
    }

    private async Task<int> OwnerOfAsync(int slot)
    {
        for (var i = 0; i < NodeCount; i++)
        {
            using var talk = await RespTalk.ConnectAsync(_nodes[i].Port);
            var ranges = (List<object?>)talk.Call("CLUSTER", "SLOTS")!;
            foreach (var range in ranges.Cast<List<object?>>())
            {
                if (slot >= (long)range[0]! && slot <= (long)range[1]!)
                {
                    var id = (string)((List<object?>)range[2]!)[2]!;
                    if (id == (string)talk.Call("CLUSTER", "MYID")!)
                    {
                        return i;
                    }
                }
            }
        }

        throw new InvalidOperationException($"No node has slot {slot}.");
    }

    public void CutTail(TimeSpan back) => Each(node => node.CutTail(back));

    public void Wipe() => Each(node => node.Wipe());

    public void KeepCopy()
    {
        foreach (var node in _nodes)
        {
            node.KeepCopy();
        }
    }

    public void RestoreCopy() => Each(node => node.RestoreCopy());

    public void Signal(int signal)
    {
        foreach (var node in _nodes)
        {
            node.Signal(signal);
        }
    }

    public async Task<IReadOnlyList<object?>> EverywhereAsync(params string[] command)
    {
        var replies = new List<object?>();
        foreach (var node in _nodes)
        {
            using var talk = await RespTalk.ConnectAsync(node.Port);
            replies.Add(talk.Call(command));
        }

        return replies;
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var node in _nodes)
        {
            await node.DisposeAsync();
        }
    }

    private static Task<RedisNode> StartNodeAsync() => RedisNode.StartAsync(
        FreePort.Next(BelowWithBus), "--cluster-enabled", "yes", "--cluster-config-file", "../nodes.conf", "--cluster-node-timeout", "2000");

    private void Each(Action<RedisNode> work)
    {
        foreach (var node in _victims)
        {
            work(node);
        }
    }

    private async Task JoinAsync()
    {
        for (var i = 0; i < NodeCount; i++)
        {
            using var talk = await RespTalk.ConnectAsync(_nodes[i].Port);
            talk.Call("CLUSTER", "ADDSLOTSRANGE", Text(Slots * i / NodeCount), Text((Slots * (i + 1) / NodeCount) - 1));
            talk.Call("CLUSTER", "SET-CONFIG-EPOCH", Text(i + 1));
            if (i > 0)
            {
                talk.Call("CLUSTER", "MEET", "127.0.0.1", Text(_nodes[0].Port));
            }
        }

        await WaitWholeAsync();
    }

    private Task WaitWholeAsync() => Probe.UntilAsync(
        async () =>
        {
            try
            {
                var infos = await EverywhereAsync("CLUSTER", "INFO");
                return infos.All(info => ((string)info!).Contains("cluster_state:ok", StringComparison.Ordinal)
                    && ((string)info).Contains($"cluster_known_nodes:{NodeCount}", StringComparison.Ordinal));
            }
            catch (InvalidOperationException)
            {
                // It is loading its file.
                return false;
            }
        },
        WholeWithin,
        "the cluster is whole");

    private void Announce(IReadOnlyList<int> edgePorts)
    {
        _announced = edgePorts;
        for (var i = 0; i < edgePorts.Count; i++)
        {
            using var talk = RespTalk.ConnectAsync(_nodes[i].Port).GetAwaiter().GetResult();
            talk.Call("CONFIG", "SET", "cluster-announce-ip", "127.0.0.1");
            talk.Call("CONFIG", "SET", "cluster-announce-port", Text(edgePorts[i]));
            talk.Call("CONFIG", "SET", "cluster-announce-bus-port", Text(_nodes[i].Port + 10_000));
        }
    }

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}
