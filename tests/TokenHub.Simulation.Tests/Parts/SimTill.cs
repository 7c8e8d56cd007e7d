using System.Reflection;
using TokenHub.Redis.Tests.Model;
using TokenHub.Simulation.Tests.Engine;

namespace TokenHub.Simulation.Tests.Parts;

/// <summary>
/// Redis: the model of the scripts, each shard on a server of its own that may be restarted, emptied, or put back to
/// any state it was in before.
/// </summary>
internal sealed class SimTill : Part
{
    private const long StartUs = 1_790_000_000_000_000;
    private static readonly MethodInfo Copy =
        typeof(object).GetMethod("MemberwiseClone", BindingFlags.Instance | BindingFlags.NonPublic)!;

    private readonly TillModel _model = new();
    private readonly Flaw _flaw;
    private readonly Dictionary<int, long> _highWater = [];
    private readonly Dictionary<int, long> _planted = [];
    private readonly Dictionary<int, int> _runs = [];
    private readonly HashSet<int> _down = [];
    private long _skewMs;

    public SimTill(Schedule schedule, Network network, Flaw flaw)
        : base("till", schedule, network)
    {
        _flaw = flaw;
    }

    /// <summary>A server has been replaced or restarted: its connections break.</summary>
    public event Action<int>? Restarted;

    public int RunOf(int shard) => _runs.GetValueOrDefault(shard);

    public ModelShard State(int shard) => _model.Shard(shard);

    public void JumpClock(long byMs) => _skewMs += byMs;

    public void TakeDown(int shard) => _down.Add(shard);

    public void BringUp(int shard) => _down.Remove(shard);

    /// <summary>Runs on the connection that the caller has; one to an earlier run of the server is broken.</summary>
    public TillAnswer? Run(int shard, int run, ITillCommand command, long epoch)
    {
        if (_down.Contains(shard))
        {
            return null;
        }

        if (run != RunOf(shard))
        {
            return TillAnswer.Lost;
        }

        _model.NowUs = StartUs + (1000 * (Sim.NowMs + _skewMs));
        Spoil(shard, command);
        if (command is ReholdCommand rehold && _flaw == Flaw.ReholdKeepsSmaller)
        {
            command = WithoutKnown(State(shard), rehold);
        }

        return new TillAnswer(false, _model.Run(command, shard, epoch));
    }

    /// <summary>Epoch and high-water mark, -1 when absent.</summary>
    public TillAnswer? ReadMark(int shard, int run) => Plain(shard, run, () =>
        [(long)TillCode.Ok, State(shard).Epoch ?? -1, _highWater.GetValueOrDefault(shard, -1)]);

    public TillAnswer? RaiseMark(int shard, int run, long value) => Plain(shard, run, () =>
    {
        _highWater[shard] = value;
        return [(long)TillCode.Ok, 0L, 0L];
    });

    /// <summary>The number of a rebuild, there for as long as nothing is lost.</summary>
    public TillAnswer? Plant(int shard, int run, long number) => Plain(shard, run, () =>
    {
        _planted[shard] = number;
        return [(long)TillCode.Ok, 0L, 0L];
    });

    /// <summary>As one script: the epoch is written only where the number still stands; 1 when it was.</summary>
    public TillAnswer? Open(int shard, int run, long epoch, long number) => Plain(shard, run, () =>
    {
        var stands = _planted.GetValueOrDefault(shard, -1) == number || _flaw == Flaw.TrustsRebuildUnderWay;
        State(shard).Epoch = stands ? epoch : State(shard).Epoch;
        return [(long)TillCode.Ok, stands ? 1L : 0L, 0L];
    });

    public TillAnswer? SetEpoch(int shard, int run, long? epoch) => Plain(shard, run, () =>
    {
        State(shard).Epoch = epoch;
        return [(long)TillCode.Ok, 0L, 0L];
    });

    public void Restart(int shard)
    {
        _runs[shard] = RunOf(shard) + 1;
        Restarted?.Invoke(shard);
    }

    public void Wipe(int shard)
    {
        _model.Shards[shard] = new ModelShard();
        _highWater.Remove(shard);
        _planted.Remove(shard);
        Restart(shard);
    }

    /// <summary>FLUSHALL: everything goes, and every connection stays.</summary>
    public void Flush(int shard)
    {
        _model.Shards[shard] = new ModelShard();
        _highWater.Remove(shard);
        _planted.Remove(shard);
    }

    public void Restore(int shard, (ModelShard State, long HighWater) copy)
    {
        _model.Shards[shard] = Clone(copy.State);
        _highWater[shard] = copy.HighWater;
        Restart(shard);
    }

    public (ModelShard State, long HighWater) Save(int shard) =>
        (Clone(State(shard)), _highWater.GetValueOrDefault(shard, -1));

    private static ReholdCommand WithoutKnown(ModelShard state, ReholdCommand rehold)
    {
        Rehold[] fresh = [.. rehold.Holds.Skip(rehold.From).Take(rehold.Count)
            .Where(told => state.Hold(rehold.Account, told.Rid) is null)];
        return rehold with { Holds = fresh, From = 0, Count = fresh.Length };
    }

    private TillAnswer? Plain(int shard, int run, Func<object[]> work) =>
        _down.Contains(shard) ? null : run != RunOf(shard) ? TillAnswer.Lost : new TillAnswer(false, work());

    private void Spoil(int shard, ITillCommand command)
    {
        var state = State(shard);
        switch (_flaw, command)
        {
            case (Flaw.SettleCountsTwice, SettleCommand settle):
                state.Outbox.Remove(settle.Rid);
                state.OutboxTimes.Remove(settle.Rid);
                break;
            case (Flaw.ReholdAddsTwice, ReholdCommand rehold):
                foreach (var hold in rehold.Holds)
                {
                    state.Holds.GetValueOrDefault(rehold.Account)?.Remove(hold.Rid);
                }

                break;
            case (Flaw.IgnoresVersion, AckCommand ack) when state.Accounts.TryGetValue(ack.Account, out var account):
                account.Version = account.Version is null ? null : -1;
                break;
            case (Flaw.IgnoresVersion, SetBalanceCommand set) when state.Accounts.TryGetValue(set.Account, out var account):
                account.Version = account.Version is null ? null : -1;
                break;
        }
    }

    private static ModelShard Clone(ModelShard from)
    {
        var to = new ModelShard { Epoch = from.Epoch };
        foreach (var (id, account) in from.Accounts)
        {
            to.Accounts[id] = (ModelAccount)Copy.Invoke(account, null)!;
        }

        foreach (var (id, spend) in from.Spends)
        {
            to.Spends[id] = (ModelSpend)Copy.Invoke(spend, null)!;
        }

        foreach (var (id, rate) in from.Rates)
        {
            to.Rates[id] = rate;
        }

        foreach (var (id, rate) in from.UserRates)
        {
            to.UserRates[id] = rate;
        }

        foreach (var (account, holds) in from.Holds)
        {
            to.Holds[account] = [];
            foreach (var (rid, hold) in holds)
            {
                to.Holds[account][rid] = hold;
            }
        }

        foreach (var (member, deadline) in from.Due)
        {
            to.Due[member] = deadline;
        }

        foreach (var (rid, charge) in from.Outbox)
        {
            to.Outbox[rid] = charge;
        }

        foreach (var (rid, time) in from.OutboxTimes)
        {
            to.OutboxTimes[rid] = time;
        }

        return to;
    }
}
