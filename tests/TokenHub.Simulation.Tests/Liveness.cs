namespace TokenHub.Simulation.Tests;

/// <summary>
/// After healing: a request is served soon at every gateway, and in the time allowed nothing is left over.
/// </summary>
internal static class Liveness
{
    /// <summary>I12, also where a gateway was lost: its lease ends in six of these ten seconds.</summary>
    private const long ServedWithinMs = 10_000;

    public static void Check(World world)
    {
        var start = world.Sim.NowMs;
        var served = new HashSet<(int Gateway, long Account)>();
        var accounts = world.ProbeAccounts;
        foreach (var account in accounts)
        {
            world.ControlPlanes[0].Credit(account, 1_000_000);
        }

        for (var i = 0; i < world.Gateways.Count; i++)
        {
            foreach (var account in accounts)
            {
                Try(world, i, account, served, start + ServedWithinMs);
            }
        }

        world.Sim.RunUntil(start + ServedWithinMs + 1_000);
        Invariants.Demand(
            served.Count == accounts.Count * world.Gateways.Count,
            $"I12: {served.Count} of {accounts.Count * world.Gateways.Count} are served {ServedWithinMs} ms after healing");

        // Streams that are under way may take their time; from their end on it counts.
        for (var waited = 0; world.Gateways.Any(gateway => !gateway.IsIdle) && waited < 300; waited++)
        {
            world.Sim.RunUntil(world.Sim.NowMs + 1_000);
        }

        Invariants.Demand(world.Gateways.All(gateway => gateway.IsIdle), "I10: a gateway still has something to ship");
        world.Sim.RunUntil(world.Sim.NowMs + World.LivenessMs);
        Invariants.CheckQuiet(world);
    }

    private static void Try(World world, int gateway, long account, HashSet<(int, long)> served, long untilMs)
    {
        if (world.Sim.NowMs < untilMs)
        {
            world.Gateways[gateway].Serve(account, account * 10, 2, 20, long.MaxValue, isTaken =>
            {
                if (isTaken)
                {
                    served.Add((gateway, account));
                }
                else
                {
                    world.Sim.After(100, () => Try(world, gateway, account, served, untilMs));
                }
            });
        }
    }
}
