using System.Globalization;
using TokenHub.Chaos.Rigs;
using TokenHub.Chaos.Stores;

namespace TokenHub.Chaos.Faults.Stores;

/// <summary>
/// The master dies while its replica lags behind, and the replica takes over: the writes of the lag are gone. Garnet
/// has no replicas in this mode: an empty one takes its place, which lags behind by everything.
/// </summary>
internal sealed class F10FailOver : IFault
{
    public string Id => "F10";

    public string Says => "failover to a replica that lags";

    public bool NeedsOwnRig => true;

    public TimeSpan ServesWithin => TimeSpan.FromSeconds(10);

    public async Task PlayAsync(Trial trial)
    {
        StoreLoss.GrantLostHolds(trial);
        switch (trial.Rig.Store)
        {
            case RedisStore master:
                await OnOneAsync(trial, master);
                break;
            case ClusterStore cluster:
                await trial.PauseAsync(500);
                await Trial.AloneAsync(
                    trial.Rig.StoreGate, () => cluster.FailOverAsync(() => trial.PauseAsync(1000, 2000)));
                break;
            default:
                await StoreLoss.PlayAsync(trial, store => store.Wipe(), trial.Random.Next(300));
                break;
        }

        await trial.PauseAsync(2000);
    }

    private static async Task OnOneAsync(Trial trial, RedisStore master)
    {
        var replica = await RedisStore.StartAsync();
        using (var talk = await RespTalk.ConnectAsync(replica.Ports[0]))
        {
            talk.Call("REPLICAOF", "127.0.0.1", master.Ports[0].ToString(CultureInfo.InvariantCulture));
            var inSync = await trial.WaitAsync(
                () => ((string)talk.Call("INFO", "replication")!).Contains("master_link_status:up", StringComparison.Ordinal),
                TimeSpan.FromSeconds(10));
            trial.Expect(inSync, "the replica did not follow");
            await trial.PauseAsync(500);

            // It goes on serving what it has, and hears nothing new.
            talk.Call("REPLICAOF", "NO", "ONE");
            await trial.PauseAsync(1000, 2000);
        }

        await Trial.AloneAsync(trial.Rig.StoreGate, async () =>
        {
            await master.KillAsync();
            Redirect(trial.Rig, replica);
            await master.DisposeAsync();
        });
    }

    private static void Redirect(Rig rig, RedisStore replica)
    {
        foreach (var edge in rig.Edges.GatewayStores.Select(nodes => nodes[0]).Append(rig.Edges.PlaneStores[0]))
        {
            edge.TargetPort = replica.Ports[0];
            edge.Cut();
        }

        rig.Store = replica;
    }
}
