using System.Globalization;
using TokenHub.TestKit.Servers;

namespace TokenHub.Chaos.Stores;

/// <summary>
/// What a Cluster does by itself or by its operator: a replica takes over, slots move from node to node.
/// </summary>
internal static class ClusterMoves
{
    private const int KeysAtOnce = 100;
    private static readonly TimeSpan TakesOverWithin = TimeSpan.FromSeconds(20);

    /// <summary>Makes a node follow another, and waits until it has all of it.</summary>
    public static async Task FollowAsync(RedisNode replica, RedisNode master)
    {
        using var talk = await RespTalk.ConnectAsync(replica.Port);
        talk.Call("CLUSTER", "MEET", "127.0.0.1", Text(master.Port));
        var id = await IdOfAsync(master);
        await Probe.UntilAsync(() => Task.FromResult(Knows(talk, id)), TakesOverWithin, "the replica knows its master");
        talk.Call("CLUSTER", "REPLICATE", id);
        await Probe.UntilAsync(
            () => Task.FromResult(
                ((string)talk.Call("INFO", "replication")!).Contains("master_link_status:up", StringComparison.Ordinal)),
            TakesOverWithin,
            "the replica has followed");
    }

    /// <summary>From now on a replica hears nothing of its master: it cannot sign in there any more.</summary>
    public static async Task DeafenAsync(RedisNode replica, RedisNode master)
    {
        using var talk = await RespTalk.ConnectAsync(replica.Port);
        talk.Call("CONFIG", "SET", "masterauth", "nobody-takes-this");
        using var other = await RespTalk.ConnectAsync(master.Port);
        other.Call("CLIENT", "KILL", "TYPE", "replica");
    }

    public static async Task WaitPromotedAsync(RedisNode replica)
    {
        using var talk = await RespTalk.ConnectAsync(replica.Port);
        await Probe.UntilAsync(
            () => Task.FromResult((string)((List<object?>)talk.Call("ROLE")!)[0]! == "master"
                && ((string)talk.Call("CLUSTER", "INFO")!).Contains("cluster_state:ok", StringComparison.Ordinal)),
            TakesOverWithin,
            "the replica takes over");
    }

    /// <summary>
    /// Moves a slot with its keys: in between, keys are on both sides and scripts over several of them must be asked
    /// again. <paramref name="halfway"/> is done when some keys have gone.
    /// </summary>
    public static async Task MoveAsync(RedisNode from, RedisNode to, int slot, Func<Task> halfway)
    {
        using var source = await RespTalk.ConnectAsync(from.Port);
        using var target = await RespTalk.ConnectAsync(to.Port);
        var (sourceId, targetId) = (await IdOfAsync(from), await IdOfAsync(to));
        target.Call("CLUSTER", "SETSLOT", Text(slot), "IMPORTING", sourceId);
        source.Call("CLUSTER", "SETSLOT", Text(slot), "MIGRATING", targetId);
        var isHalf = false;
        while (source.Strings("CLUSTER", "GETKEYSINSLOT", Text(slot), Text(isHalf ? KeysAtOnce : 1)) is { Count: > 0 } keys)
        {
            source.Call([
                "MIGRATE", "127.0.0.1", Text(to.Port), "", "0", "5000", "REPLACE", "KEYS", .. keys,
            ]);
            if (!isHalf)
            {
                isHalf = true;
                await halfway();
            }
        }

        target.Call("CLUSTER", "SETSLOT", Text(slot), "NODE", targetId);
        source.Call("CLUSTER", "SETSLOT", Text(slot), "NODE", targetId);
    }

    private static bool Knows(RespTalk talk, string id) =>
        ((string)talk.Call("CLUSTER", "NODES")!).Contains(id, StringComparison.Ordinal);

    private static async Task<string> IdOfAsync(RedisNode node)
    {
        using var talk = await RespTalk.ConnectAsync(node.Port);
        return (string)talk.Call("CLUSTER", "MYID")!;
    }

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}
