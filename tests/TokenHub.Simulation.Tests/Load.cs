namespace TokenHub.Simulation.Tests;

/// <summary>Clients that spend more than there is, and an administrator who puts a little in again.</summary>
internal sealed class Load(World world)
{
    private const long EndsBeforeMs = 2_000;

    public void Begin(long untilMs)
    {
        var spanMs = untilMs - 1_500 - EndsBeforeMs;
        for (var i = 0; i < world.Requests; i++)
        {
            world.Sim.After(1_500 + world.Sim.Between(0, spanMs), Ask);
        }

        for (var at = 2_000L; at < untilMs - EndsBeforeMs; at += 500)
        {
            world.Sim.After(at, () => world.AnyControlPlane().Credit(Account(), world.Sim.Between(1, 1_800)));
        }
    }

    private long Account() => world.Accounts[world.Sim.Random.Next(world.Accounts.Count)];

    private void Ask()
    {
        var gateway = world.Gateways[world.Sim.Random.Next(world.Gateways.Count)];
        if (!gateway.IsUp)
        {
            world.Oracle.Asked++;
            return;
        }

        var account = Account();
        var isLong = world.Sim.Chance(world.Focus?.LongShare ?? 0.02);
        var events = (int)world.Sim.Between(1, isLong ? 80 : 40);
        var pauseMs = isLong ? world.Sim.Between(500, 3_000) : world.Sim.Between(2, 120);
        var cutAfter = world.Sim.Chance(0.15) ? world.Sim.Between(1, 100) : long.MaxValue;
        gateway.Serve(account, (account * 10) + world.Sim.Between(0, 1), events, pauseMs, cutAfter);
    }
}
