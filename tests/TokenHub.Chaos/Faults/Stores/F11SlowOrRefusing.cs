using TokenHub.Chaos.Stores;

namespace TokenHub.Chaos.Faults.Stores;

/// <summary>Redis is slow, busy in a script, out of memory, or read-only: each call waits 250 ms at most.</summary>
internal sealed class F11SlowOrRefusing : IFault
{
    private const int RefusedWithinMs = 1500;

    public string Id => "F11";

    public string Says => "Redis slow, BUSY, out of memory, READONLY, LOADING; a slot that moves";

    public async Task PlayAsync(Trial trial)
    {
        await SlowAsync(trial);
        if (trial.Rig.Store is ClusterStore cluster)
        {
            await MovedAsync(trial, cluster);
        }

        if (trial.Rig.Store is not RedisStore single)
        {
            // These replies are Redis' own.
            return;
        }

        await LoadingAsync(trial, single);
        await BusyAsync(trial);
        await CommandAsync(trial, "out of memory", ["CONFIG", "SET", "maxmemory", "1"], ["CONFIG", "SET", "maxmemory", "0"]);
        await CommandAsync(trial, "read-only", ["REPLICAOF", "127.0.0.1", "1"], ["REPLICAOF", "NO", "ONE"]);
    }

    private static async Task SlowAsync(Trial trial)
    {
        var edges = trial.Rig.Edges.GatewayStores.SelectMany(nodes => nodes).ToList();
        foreach (var latency in new[] { 100, 400, 2000 })
        {
            edges.ForEach(edge => edge.Impair(e => e.Down.LatencyMs = latency));
            await trial.PauseAsync(500);
            await RefusedAsync(trial, $"{latency} ms slow", mayServe: latency < 250);
            edges.ForEach(edge => edge.Heal());
            await trial.PauseAsync(400);
        }
    }

    // MOVED, ASK and TRYAGAIN: nobody is refused for longer than a call may wait, and nothing is counted twice.
    private static async Task MovedAsync(Trial trial, ClusterStore cluster)
    {
        var serves = await trial.WaitAsync(async () => (await trial.CallAsync(0)).IsWhole, TimeSpan.FromSeconds(5));
        trial.Expect(serves, "no request is served five seconds after Redis was slow");
        foreach (var payer in trial.Rig.Payers)
        {
            await cluster.MoveSlotOfAsync(
                await cluster.FindAsync($"{{s*}}:a:{payer.Account}"), () => trial.PauseAsync(300));
            var receipt = await trial.CallAsync(0);
            trial.Expect(receipt.IsWhole, $"after a slot has moved a call was answered {receipt.Status} {receipt.Tail}");
        }
    }

    private static async Task LoadingAsync(Trial trial, RedisStore store)
    {
        await Trial.AloneAsync(trial.Rig.StoreGate, async () =>
        {
            await store.KillAsync();
            store.Node.StartLoading(TimeSpan.FromSeconds(1.5));
            await trial.PauseAsync(500);
            await RefusedAsync(trial, "loading", mayServe: true);
            await store.Node.WaitReadyAsync();
        });
        await trial.PauseAsync(500);
    }

    private static async Task BusyAsync(Trial trial)
    {
        using var talk = await RespTalk.ConnectAsync(trial.Rig.Store.Ports[0]);
        talk.Call("CONFIG", "SET", "busy-reply-threshold", "100");
        using var busy = await RespTalk.ConnectAsync(trial.Rig.Store.Ports[0]);
        var script = Task.Run(() =>
        {
            try
            {
                busy.Call("EVAL", "while true do end", "0");
            }
            catch (InvalidOperationException)
            {
                // It was killed, as intended.
            }
        });
        await trial.PauseAsync(600);
        await RefusedAsync(trial, "busy", mayServe: false);
        talk.Call("SCRIPT", "KILL");
        await script.WaitAsync(TimeSpan.FromSeconds(5));
        await trial.PauseAsync(500);
    }

    private static async Task CommandAsync(Trial trial, string what, string[] begin, string[] end)
    {
        await trial.Rig.Store.EverywhereAsync(begin);
        try
        {
            await trial.PauseAsync(600);
            await RefusedAsync(trial, what, mayServe: false);
        }
        finally
        {
            await trial.Rig.Store.EverywhereAsync(end);
        }

        await trial.PauseAsync(500);
    }

    private static async Task RefusedAsync(Trial trial, string what, bool mayServe)
    {
        var receipt = await trial.CallAsync(0);
        var took = receipt.EndedMs - receipt.SentMs;
        trial.Expect(
            (mayServe && receipt.IsWhole) || (receipt.Status == 503 && receipt.HasRetryAfter),
            $"with Redis {what} a call was answered {receipt.Status} {receipt.Fault} {receipt.Tail}");
        trial.Expect(receipt.IsWhole || took < RefusedWithinMs, $"with Redis {what} a refusal took {took} ms");
    }
}
