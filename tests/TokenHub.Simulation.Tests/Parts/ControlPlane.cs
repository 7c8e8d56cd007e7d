using System.Globalization;
using TokenHub.Core.Money;
using TokenHub.Core.Requests;

namespace TokenHub.Simulation.Tests.Parts;

/// <summary>
/// One control plane of several: drains logs into the ledger, hydrates, sweeps the outbox, reaps, and watches Redis.
/// What only one may do at a time is done under a lock of the ledger.
/// </summary>
internal sealed partial class ControlPlane(World world, int no) : TillCaller($"control plane {no}", world)
{
    private const long LeaseMs = 6_000;
    private const long SweepAgeMs = 60_000;
    private const long RetellMs = 40_000;

    private Ledger Ledger => World.Ledger;

    public override void Start()
    {
        base.Start();
        _hidden.Clear();
        _watching.Clear();
        _remembered.Clear();
        _mark = 0;
        Every(50, Tick);
        Every(5_000, Reap);
        Every(10_000, () => Sweep(SweepAgeMs));
        Every(1_000, Recheck);
        Every(10_000, Retell);
    }

    public override void Kill()
    {
        Ledger.Unlock(this);
        base.Kill();
    }

    /// <summary>A new number for this life of a gateway; null while PostgreSQL is away.</summary>
    public static object[]? Register(World world, int gateway)
    {
        if (!world.Ledger.IsUp)
        {
            return null;
        }

        if (!world.Ledger.Gateways.TryGetValue(gateway, out var row))
        {
            world.Ledger.Gateways[gateway] = row = new LedgerGateway();
        }

        row.BootNo++;
        (row.LeaseUntilMs, row.Ready) = (world.Sim.NowMs + LeaseMs, 0);
        row.Unsure.Clear();
        row.Unknown.Clear();
        return [row.BootNo];
    }

    public static BeatReply? Beat(World world, int gateway, int boot, long ready, IReadOnlyList<RequestId> unknown)
    {
        if (!world.Ledger.IsUp || !world.Ledger.Gateways.TryGetValue(gateway, out var row))
        {
            return null;
        }

        if (row.BootNo != boot)
        {
            return new BeatReply(false, [], 0, []);
        }

        row.LeaseUntilMs = Math.Max(row.LeaseUntilMs, world.Sim.NowMs + LeaseMs);
        row.Ready = Math.Max(row.Ready, ready);
        row.Unknown.UnionWith(unknown.Where(row.Unsure.Contains));
        row.Unsure.ExceptWith(unknown);
        var rebuilding = world.Ledger.Shards.Where(shard => shard.Value.Rebuilding is > 0)
            .Select(shard => (shard.Key, shard.Value.Epoch, shard.Value.Rebuilding!.Value)).ToList();
        return new BeatReply(true, rebuilding, world.Ledger.ReplayNo, [.. row.Unsure]);
    }

    /// <summary>Posts a batch in one transaction, then tells Redis: whether that arrives is of no matter.</summary>
    public object? Drain(IReadOnlyList<CloseRecord> batch)
    {
        if (!Ledger.IsUp)
        {
            return null;
        }

        Ledger.Post(batch);
        Acknowledge(batch.Select(record => (record.Rid, record.Account, record.Key)));
        return this;
    }

    /// <summary>Begins to bring an account into Redis.</summary>
    public object? Hydrate(long account, long key)
    {
        if (!Ledger.IsUp)
        {
            return null;
        }

        var shard = TokenHub.Redis.Shards.Of(account);
        var (state, spent) = (Ledger.Account(account), Ledger.Keys.GetValueOrDefault(key));
        var command = new HydrateCommand(
            account, new Usd(state.Balance), state.Version, true, Prices.SlotsPerAccount, key, new Usd(spent.Spent),
            spent.Version);
        Call(shard, command, Ledger.Shards[shard].Epoch, _ => { });
        return this;
    }

    /// <summary>A top-up: first the ledger, then Redis.</summary>
    public void Credit(long account, long amount)
    {
        if (IsUp && Ledger.IsUp)
        {
            Ledger.Credit(account, amount);
            Tell(account);
        }
    }

    protected override void OnReplaced(int shard)
    {
    }

    private void Tell(long account)
    {
        var shard = TokenHub.Redis.Shards.Of(account);
        var state = Ledger.Account(account);
        var command = new SetBalanceCommand(account, new Usd(state.Balance), state.Version, true, Prices.SlotsPerAccount);
        Call(shard, command, Ledger.Shards[shard].Epoch, _ => { });
    }

    // An acknowledgement may be lost together with the settlement that would have left a copy in the outbox: then
    // nothing in Redis tells that a balance is old. So what was posted of late is told again and again.
    private void Retell()
    {
        if (World.Flaw == Flaw.TellsBalancesOnce || !Ledger.TryLock("retell", this))
        {
            return;
        }

        foreach (var ((account, key), postedMs) in Ledger.PostedMs)
        {
            if (postedMs > Sim.NowMs - RetellMs)
            {
                Acknowledge(account, key, []);
            }
        }
    }

    private void Acknowledge(IEnumerable<(RequestId Rid, long Account, long Key)> posted)
    {
        foreach (var group in posted.GroupBy(one => (one.Account, one.Key)))
        {
            Acknowledge(group.Key.Account, group.Key.Key, [.. group.Select(one => one.Rid)]);
        }
    }

    private void Acknowledge(long account, long key, RequestId[] rids)
    {
        var (state, spent) = (Ledger.Account(account), Ledger.Keys.GetValueOrDefault(key));
        var shard = TokenHub.Redis.Shards.Of(account);
        var command = new AckCommand(
            account, new Usd(state.Balance), state.Version, key, new Usd(spent.Spent), spent.Version, rids, 0, rids.Length);
        Call(shard, command, Ledger.Shards[shard].Epoch, _ => { });
    }

    // Charges that wait in Redis: those that are posted go; those whose gateway never brought them are posted.
    private void Sweep(long ageMs)
    {
        if (World.Flaw == Flaw.SkipsSweep || !Ledger.TryLock("sweep", this))
        {
            return;
        }

        foreach (var shard in World.Shards)
        {
            Call(shard, new OutboxCommand(ageMs, 1_000), Ledger.Shards[shard].Epoch, answer =>
            {
                if (answer is { Code: TillCode.Ok } && Ledger.IsUp)
                {
                    SweepListed(answer.Values, ageMs);
                }
            });
        }
    }

    private void SweepListed(object[] values, long ageMs)
    {
        var posted = new List<(RequestId, long, long)>();
        for (var i = 1; i + 1 < values.Length; i += 2)
        {
            var rid = Id((string)values[i]);
            var charge = ((string)values[i + 1]).Split('|');
            var (account, key, cost) = (Number(charge[0]), Number(charge[1]), Number(charge[2]));
            if (!Ledger.Events.ContainsKey(rid) && ageMs > 0)
            {
                Ledger.Post([new CloseRecord(0, rid, account, key, cost / Prices.UnitsPerToken, cost)]);
            }

            if (Ledger.Events.ContainsKey(rid))
            {
                posted.Add((rid, account, key));
            }
        }

        Acknowledge(posted);
    }

    // Overdue by Redis' clock, and its gateway is dead or says that it does not know it.
    private void Reap()
    {
        if (!Ledger.TryLock("reap", this))
        {
            return;
        }

        foreach (var shard in World.Shards)
        {
            Call(shard, new ReapCommand(1_000), Ledger.Shards[shard].Epoch, answer =>
            {
                if (answer is { Code: TillCode.Ok } && Ledger.IsUp)
                {
                    ReapListed(shard, answer.Values);
                }
            });
        }
    }

    private void ReapListed(int shard, object[] values)
    {
        for (var i = 1; i + 1 < values.Length; i += 2)
        {
            var due = ((string)values[i]).Split('|');
            var (account, rid, key) = (Number(due[0]), Id(due[1]), Number(due[3]));
            var owner = due[2].Split('.');
            var row = Ledger.Gateways.GetValueOrDefault((int)Number(owner[0]));
            var isDead = row is null || row.BootNo != Number(owner[1]) || row.LeaseUntilMs < Sim.NowMs;
            if (isDead || row!.Unknown.Remove(rid) || World.Flaw == Flaw.ReaperSkipsLease)
            {
                if (isDead)
                {
                    World.AllowReaped(account, rid);
                }

                World.Oracle.Note($"{this} releases {rid} of {account}");
                Call(shard, new ReleaseCommand(rid, account, key), Ledger.Shards[shard].Epoch, _ => { });
            }
            else
            {
                row.Unsure.Add(rid);
            }
        }
    }

    private static RequestId Id(string hex) => new(
        ulong.Parse(hex.AsSpan(0, 16), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture),
        ulong.Parse(hex.AsSpan(16), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture));

    private static long Number(string text) => long.Parse(text, CultureInfo.InvariantCulture);
}
