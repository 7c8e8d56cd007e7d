using System.Globalization;
using System.Text.RegularExpressions;

namespace TokenHub.TestKit.Servers;

/// <summary>
/// A private Redis Cluster on loopback: three masters with a third of the slots each, and replicas where asked for.
/// </summary>
public sealed class RedisCluster : IAsyncDisposable
{
    public const int MasterCount = 3;
    private const int SlotCount = 16384;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private RedisCluster(RedisServer[] nodes)
    {
        Nodes = nodes;
    }

    /// <summary>The masters in the order of their slots, then their replicas in the same order.</summary>
    public IReadOnlyList<RedisServer> Nodes { get; }

    /// <summary>All masters as one URL.</summary>
    public string Url =>
        $"redis://{string.Join(',', Nodes.Take(MasterCount).Select(node => $"127.0.0.1:{node.Port}"))}?mode=cluster";

    /// <param name="nodeTimeoutMs">After so long without a sign of life a node counts as dead.</param>
    /// <param name="options">Further options of every node, as on the command line.</param>
    public static async Task<RedisCluster> StartAsync(
        bool withReplicas = false, bool appendOnly = false, int nodeTimeoutMs = 2000, params string[] options)
    {
        var starting = Enumerable.Range(0, withReplicas ? 2 * MasterCount : MasterCount)
            .Select(_ => StartNodeAsync(appendOnly, nodeTimeoutMs, options)).ToArray();
        var cluster = new RedisCluster([.. (await Task.WhenAll(starting)).Select(node => node.Server)]);
        try
        {
            await cluster.JoinAsync(starting.Select(node => node.Result.BusPort).ToArray());
            return cluster;
        }
        catch
        {
            await cluster.DisposeAsync();
            throw;
        }
    }

    /// <summary>The master that was given this slot at the start.</summary>
    public RedisServer FirstOwnerOf(int slot) => Nodes[Enumerable.Range(0, MasterCount).First(i => slot <= LastSlot(i))];

    /// <summary>Until every node that runs says that all slots are served.</summary>
    public Task WaitServingAsync(IEnumerable<RedisServer>? nodes = null) => Probe.UntilAsync(
        async () =>
        {
            foreach (var node in nodes ?? Nodes)
            {
                var state = await TryAskAsync(node, "CLUSTER", "INFO");
                if (!state.Contains("cluster_state:ok", StringComparison.Ordinal)
                    || !state.Contains($"cluster_known_nodes:{Nodes.Count}", StringComparison.Ordinal))
                {
                    return false;
                }
            }

            return true;
        },
        Patience,
        "all nodes of the cluster serve");

    public static async Task<string> IdOfAsync(RedisServer node) =>
        Regex.Match(await node.AskAsync("CLUSTER", "MYID"), "[0-9a-f]{40}").Value;

    /// <summary>First step of moving a slot: from here on keys of it may be on either node.</summary>
    public static async Task BeginMoveAsync(int slot, RedisServer from, RedisServer to)
    {
        await SayAsync(to, "CLUSTER", "SETSLOT", Text(slot), "IMPORTING", await IdOfAsync(from));
        await SayAsync(from, "CLUSTER", "SETSLOT", Text(slot), "MIGRATING", await IdOfAsync(to));
    }

    /// <summary>Second step: up to so many keys go over. Returns how many went.</summary>
    public static async Task<int> MoveKeysAsync(int slot, RedisServer from, RedisServer to, int count)
    {
        var listed = await from.AskAsync("CLUSTER", "GETKEYSINSLOT", Text(slot), Text(count));
        var keys = Regex.Matches(listed, @"\$\d+\r\n(.*)\r\n").Select(match => match.Groups[1].Value).ToArray();
        if (keys.Length > 0)
        {
            await SayAsync(from, ["MIGRATE", "127.0.0.1", Text(to.Port), "", "0", "5000", "KEYS", .. keys]);
        }

        return keys.Length;
    }

    /// <summary>Last step: all keys that are left go over, and every node learns where the slot is.</summary>
    public async Task EndMoveAsync(int slot, RedisServer from, RedisServer to)
    {
        while (await MoveKeysAsync(slot, from, to, 100) > 0)
        {
        }

        var owner = await IdOfAsync(to);
        await SayAsync(to, "CLUSTER", "SETSLOT", Text(slot), "NODE", owner);
        foreach (var node in Nodes.Take(MasterCount).Where(node => node != to))
        {
            await SayAsync(node, "CLUSTER", "SETSLOT", Text(slot), "NODE", owner);
        }
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var node in Nodes)
        {
            await node.DisposeAsync();
        }
    }

    private static async Task<(RedisServer Server, int BusPort)> StartNodeAsync(
        bool appendOnly, int nodeTimeoutMs, string[] options)
    {
        // The port of the bus is by default ten thousand higher, which need not be a port at all.
        var busPort = FreePort.Next();
        var server = await RedisServer.StartAsync(
            appendOnly,
            [
                "--cluster-enabled", "yes", "--cluster-config-file", "nodes.conf", "--cluster-port", Text(busPort),
                "--cluster-node-timeout", Text(nodeTimeoutMs), "--cluster-replica-validity-factor", "0", .. options,
            ]);
        return (server, busPort);
    }

    private async Task JoinAsync(int[] busPorts)
    {
        for (var i = 1; i < Nodes.Count; i++)
        {
            await SayAsync(Nodes[0], "CLUSTER", "MEET", "127.0.0.1", Text(Nodes[i].Port), Text(busPorts[i]));
        }

        for (var i = 0; i < MasterCount; i++)
        {
            var first = i == 0 ? 0 : LastSlot(i - 1) + 1;
            await SayAsync(Nodes[i], "CLUSTER", "ADDSLOTSRANGE", Text(first), Text(LastSlot(i)));
        }

        await WaitServingAsync(Nodes.Take(MasterCount));
        for (var i = MasterCount; i < Nodes.Count; i++)
        {
            var master = await IdOfAsync(Nodes[i - MasterCount]);
            var node = Nodes[i];
            await Probe.UntilAsync(
                async () => (await node.AskAsync("CLUSTER", "REPLICATE", master)).StartsWith('+'),
                Patience,
                "the replica knows its master");
            await Probe.UntilAsync(
                async () => (await node.AskAsync("INFO", "replication")).Contains(
                    "master_link_status:up", StringComparison.Ordinal),
                Patience,
                "the replica is in step");
        }

        await WaitServingAsync();
    }

    private static int LastSlot(int master) => ((master + 1) * SlotCount / MasterCount) - 1;

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);

    private static async Task SayAsync(RedisServer node, params string[] command)
    {
        var answer = await node.AskAsync(command);
        if (!answer.StartsWith('+'))
        {
            throw new InvalidOperationException($"{string.Join(' ', command)}: {answer}");
        }
    }

    private static async Task<string> TryAskAsync(RedisServer node, params string[] command)
    {
        try
        {
            return await node.AskAsync(command);
        }
        catch (Exception error) when (error is IOException or System.Net.Sockets.SocketException)
        {
            return "";
        }
    }
}
