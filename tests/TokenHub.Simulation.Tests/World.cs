using TokenHub.Core.Requests;
using TokenHub.Simulation.Tests.Engine;
using TokenHub.Simulation.Tests.Parts;

namespace TokenHub.Simulation.Tests;

/// <summary>What one run is made of. All of it follows from the seed.</summary>
internal sealed class World
{
    public const long SafetyMs = 120_000;
    public const long LivenessMs = 125_000;

    private const int GatewayCount = 3;
    private const int ControlPlaneCount = 2;
    private const int ShardCount = 4;
    private const int AccountsPerShard = 3;
    private int _gatewayNo;

    public World(int seed, Flaw flaw, int requests, bool keepsTrace, Focus? focus = null)
    {
        (Seed, Flaw, Requests, Focus) = (seed, flaw, requests, focus);
        Sim = new Schedule(seed);
        Net = new Network(Sim);
        Oracle = new Oracle { Trace = keepsTrace ? [] : null, NowMs = () => Sim.NowMs, RetoldMs = focus?.RetoldMs ?? 45_000 };
        Upstream = new Upstream(Sim, Oracle);
        Shards = [.. Enumerable.Range(100, ShardCount).Select(id => TokenHub.Redis.Shards.Of(id))];
        var accounts = Shards.Select(shard => Enumerable.Range(100, 10_000).Select(id => (long)id)
            .Where(id => TokenHub.Redis.Shards.Of(id) == shard).Take(AccountsPerShard + 1).ToArray()).ToList();
        Accounts = [.. accounts.SelectMany(ofShard => ofShard[1..])];
        ProbeAccounts = [.. accounts.Select(ofShard => ofShard[0])];
        Till = new SimTill(Sim, Net, flaw);
        Ledger = new Ledger(Sim, Net, Oracle, flaw);
        Till.Start();
        Ledger.Start();
        foreach (var shard in Shards)
        {
            Ledger.Shards[shard] = new LedgerShard();
        }

        ControlPlanes = [.. Enumerable.Range(1, ControlPlaneCount).Select(no => new ControlPlane(this, no))];
        Gateways = [.. Enumerable.Range(1, GatewayCount).Select(_ => new Gateway(this, ++_gatewayNo))];
    }

    public int Seed { get; }

    public Flaw Flaw { get; }

    public int Requests { get; }

    public Focus? Focus { get; }

    public Schedule Sim { get; }

    public Network Net { get; }

    public Oracle Oracle { get; }

    public Upstream Upstream { get; }

    public SimTill Till { get; }

    public Ledger Ledger { get; }

    public IReadOnlyList<ControlPlane> ControlPlanes { get; }

    public IReadOnlyList<Gateway> Gateways { get; }

    public IReadOnlyList<long> Accounts { get; }

    /// <summary>One in each shard, of which nobody makes use before everything is healed.</summary>
    public IReadOnlyList<long> ProbeAccounts { get; }

    /// <summary>Shards that have accounts; the others would stay empty.</summary>
    public IReadOnlyList<int> Shards { get; }

    public int NextGatewayNo() => ++_gatewayNo;

    /// <summary>As a load balancer gives it; one that is dead is found out by no answer.</summary>
    public ControlPlane AnyControlPlane() => ControlPlanes[Sim.Random.Next(ControlPlanes.Count)];

    /// <summary>What an account truly has left, which nobody but the simulation can know.</summary>
    public long TrulyLeft(long account)
    {
        var left = Ledger.Account(account).Balance;
        foreach (var gateway in Gateways)
        {
            left -= gateway.Open.Where(slot => slot.Account == account).Sum(slot => slot.Hold);
            left -= gateway.Unshipped.Where(record => record.Account == account && !Ledger.Events.ContainsKey(record.Rid))
                .Sum(record => record.Cost);
        }

        return left;
    }

    /// <summary>A hold of a gateway without lease was released although its request may still be running.</summary>
    public void AllowReaped(long account, RequestId rid)
    {
        var open = Gateways.SelectMany(gateway => gateway.Open).FirstOrDefault(slot => slot.Rid == rid)?.Hold ?? 0;
        var closed = Gateways.SelectMany(gateway => gateway.Unshipped).FirstOrDefault(record => record.Rid == rid)?.Cost ?? 0;
        Oracle.Allow(account, Math.Max(open, closed), $"reaped {rid}");
    }

    /// <summary>A shard opens without those gateways that have no lease any more: what they have is not told.</summary>
    public void AllowUntold(int shard, long number)
    {
        foreach (var gateway in Gateways)
        {
            var row = Ledger.Gateways.GetValueOrDefault(gateway.No);
            if (row is null || row.LeaseUntilMs >= Sim.NowMs || row.Ready >= number)
            {
                continue;
            }

            foreach (var slot in gateway.Open.Where(slot => TokenHub.Redis.Shards.Of(slot.Account) == shard))
            {
                Oracle.Allow(slot.Account, slot.Hold, $"untold {slot.Rid}");
            }

            foreach (var record in gateway.Unshipped.Where(record => TokenHub.Redis.Shards.Of(record.Account) == shard))
            {
                Oracle.Allow(record.Account, record.Cost, $"untold {record.Rid}");
            }
        }
    }

    /// <summary>A shard went back in time: what was spent since may be spent again until it is told again.</summary>
    public void AllowRollback(int shard, TokenHub.Redis.Tests.Model.ModelShard before)
    {
        var now = Till.State(shard);
        foreach (var account in Accounts.Where(account => TokenHub.Redis.Shards.Of(account) == shard))
        {
            var lost = Available(now, account) - Available(before, account);
            Oracle.Allow(account, lost, $"rollback of shard {shard}");
        }

        static long Available(TokenHub.Redis.Tests.Model.ModelShard state, long account) =>
            state.Account(account).Available(state.Epoch ?? -1);
    }

    /// <summary>Both phases; throws at the first broken rule.</summary>
    public void Run()
    {
        foreach (var account in Accounts)
        {
            Ledger.Credit(account, 3_000);
        }

        foreach (var part in ControlPlanes)
        {
            part.Start();
        }

        foreach (var gateway in Gateways)
        {
            gateway.Start();
        }

        var load = new Load(this);
        var faults = new Faults(this);
        load.Begin(SafetyMs);
        faults.Begin(SafetyMs);
        Sim.RunUntil(SafetyMs);
        Invariants.CheckAlways(this);
        faults.HealAll();
        Liveness.Check(this);
    }
}
