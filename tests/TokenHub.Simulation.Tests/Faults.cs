using TokenHub.Redis.Tests.Model;
using TokenHub.Simulation.Tests.Engine;
using TokenHub.Simulation.Tests.Parts;

namespace TokenHub.Simulation.Tests;

/// <summary>
/// Does harm at random, and stops when the safety phase ends. The seed also says how much of which kind.
/// </summary>
internal sealed class Faults(World world)
{
    private const int CopiesMax = 40;
    private readonly Dictionary<int, List<(ModelShard State, long HighWater)>> _copies = [];
    private readonly List<Action> _heal = [];
    private long _untilMs;

    private Schedule Sim => world.Sim;

    public void Begin(long untilMs)
    {
        _untilMs = untilMs;
        var net = world.Net;
        (net.Loss, net.Repeat, net.Late) = (Sim.Random.Next(4) * 0.01, Sim.Random.Next(4) * 0.05, Sim.Random.Next(4) * 0.005);
        var everyMs = new[] { 400L, 1_200, 4_000, 15_000 }[Sim.Random.Next(4)];
        (string Name, Action Do)[] all =
        [
            ("gateway", KillGateway), ("plane", KillControlPlane), ("ledger", KillLedger), ("cut", CutOff), ("cut", CutOff),
            ("disk", LoseDisk), ("clock", JumpClock), ("wipe", () => HarmTill("wipe", Wipe)),
            ("flush", () => HarmTill("flush", world.Till.Flush)), ("roll back", () => HarmTill("roll back", RollBack)),
            ("restart", () => HarmTill("restart", world.Till.Restart)), ("down", () => HarmTill("down", Down)),
        ];
        var kinds = world.Focus is { } focus
            ? all.Where(one => focus.Harms.Contains(one.Name)).Select(one => one.Do).ToArray()
            : all.Where(_ => Sim.Chance(0.4)).Select(one => one.Do).ToArray();
        everyMs = world.Focus?.EveryMs ?? everyMs;
        if (kinds.Length > 0)
        {
            Next(kinds, everyMs);
        }

        Copy();
    }

    public void HealAll()
    {
        world.Net.Heal();
        _heal.ForEach(heal => heal());
        _heal.Clear();
    }

    private void Next(Action[] kinds, long everyMs) => Sim.After(Sim.Between(1, 2 * everyMs), () =>
    {
        if (Sim.NowMs < _untilMs)
        {
            kinds[Sim.Random.Next(kinds.Length)]();
            Next(kinds, everyMs);
        }
    });

    // Once each second, so that there is something to go back to: a second, some seconds, or a minute.
    private void Copy()
    {
        foreach (var shard in world.Shards)
        {
            var copies = _copies.TryGetValue(shard, out var found) ? found : _copies[shard] = [];
            copies.Add(world.Till.Save(shard));
            if (copies.Count > CopiesMax)
            {
                copies.RemoveAt(1);
            }
        }

        Sim.After(1_000 + Sim.Between(0, 500), () =>
        {
            if (Sim.NowMs < _untilMs)
            {
                Copy();
            }
        });
    }

    private void Count(string fault)
    {
        world.Oracle.Faults[fault] = world.Oracle.Faults.GetValueOrDefault(fault) + 1;
        world.Oracle.Note($"FAULT {fault}");
    }

    private void Until(long afterMs, Action heal)
    {
        var isHealed = false;
        _heal.Add(Once);
        Sim.After(afterMs, Once);

        void Once()
        {
            if (!isHealed)
            {
                isHealed = true;
                heal();
            }
        }
    }

    private void KillGateway() => KillFor(world.Gateways[Sim.Random.Next(world.Gateways.Count)], 12_000);

    private void KillControlPlane() => KillFor(world.ControlPlanes[Sim.Random.Next(world.ControlPlanes.Count)], 6_000);

    private void KillLedger() => KillFor(world.Ledger, 10_000);

    private void KillFor(Part part, long mostMs)
    {
        if (part.IsUp)
        {
            Count($"kill {part}");
            part.Kill();
            Until(Sim.Between(20, Sim.Chance(0.5) ? 1_000 : mostMs), part.Start);
        }
    }

    private void LoseDisk()
    {
        var gateway = world.Gateways[Sim.Random.Next(world.Gateways.Count)];
        if (gateway.IsUp)
        {
            Count($"disk of {gateway}");
            foreach (var slot in gateway.Open)
            {
                world.Oracle.Allow(slot.Account, slot.Hold, "disk");
            }

            gateway.Kill();
            gateway.LoseDisk(world.NextGatewayNo());
            Until(Sim.Between(100, 10_000), gateway.Start);
        }
    }

    // One way, or both, between any two.
    private void CutOff()
    {
        Part[] inner = [.. world.Gateways, .. world.ControlPlanes];
        var one = inner[Sim.Random.Next(inner.Length)];
        Part other = one is Gateway && Sim.Chance(0.5)
            ? world.ControlPlanes[Sim.Random.Next(world.ControlPlanes.Count)]
            : world.Till;
        var (forth, back) = (Sim.Chance(0.7), Sim.Chance(0.7));
        Count($"cut {one} {(forth ? ">" : "")}{(back ? "<" : "")} {other}");
        if (forth)
        {
            world.Net.Cut(one, other);
        }

        if (back)
        {
            world.Net.Cut(other, one);
        }

        Until(Sim.Between(100, Sim.Chance(0.2) ? 30_000 : 3_000), () =>
        {
            world.Net.Join(one, other);
            world.Net.Join(other, one);
        });
    }

    // Forward only: after a jump back, deadlines lie as far ahead as the jump was.
    private void JumpClock()
    {
        Count("clock");
        world.Till.JumpClock(Sim.Chance(0.3) ? 3_600_000 : Sim.Between(1, 1_000));
    }

    // One shard, or all of them.
    private void HarmTill(string name, Action<int> harm)
    {
        Count(name);
        if (Sim.Chance(0.3))
        {
            foreach (var shard in world.Shards)
            {
                harm(shard);
            }
        }
        else
        {
            harm(world.Shards[Sim.Random.Next(world.Shards.Count)]);
        }
    }

    private void Wipe(int shard) => world.Till.Wipe(shard);

    private void RollBack(int shard)
    {
        if (_copies.GetValueOrDefault(shard) is { Count: > 0 } copies)
        {
            var back = Sim.Chance(world.Focus is null ? 0.7 : 0.5) ? (int)Sim.Between(1, 3) : (int)Sim.Between(1, copies.Count);
            var before = world.Till.State(shard);
            world.Till.Restore(shard, copies[Math.Max(copies.Count - back, 0)]);
            world.AllowRollback(shard, before);
        }
    }

    private void Down(int shard)
    {
        world.Till.TakeDown(shard);
        Until(Sim.Between(50, 4_000), () =>
        {
            world.Till.BringUp(shard);
            world.Till.Restart(shard);
        });
    }
}
