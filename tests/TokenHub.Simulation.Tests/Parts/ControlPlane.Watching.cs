namespace TokenHub.Simulation.Tests.Parts;

internal sealed partial class ControlPlane
{
    private const long LagMsMax = 5_000;
    private readonly HashSet<int> _hidden = [];
    private readonly HashSet<int> _watching = [];
    private readonly Dictionary<int, long> _remembered = [];
    private long _recheckedReplay;
    private long _mark;

    // One look at each shard, one step for each that is closed.
    private void Watch()
    {
        if (!Ledger.TryLock("watch", this))
        {
            _remembered.Clear();
            return;
        }

        foreach (var shard in World.Shards.Where(_watching.Add))
        {
            var generation = Generation;
            var run = RunOf(shard);
            Plain(at => World.Till.ReadMark(shard, at), shard, answer =>
            {
                if (answer is null || !Ledger.TryLock("watch", this))
                {
                    _watching.Remove(shard);
                    return;
                }

                Judge(shard, run, answer.First, (long)answer.Values[2]);
                Continue(shard, answer.First);
                Raise(shard, run, generation);
            });
        }
    }

    private void Judge(int shard, int run, long epoch, long highWater)
    {
        var row = Ledger.Shards[shard];
        if (row.Rebuilding is not null)
        {
            _hidden.Remove(shard);
            return;
        }

        var seen = _remembered.GetValueOrDefault(shard, row.SeenHighWater);
        var isOld = highWater < seen - LagMsMax && World.Flaw != Flaw.BelievesOldCopies;
        if (epoch != row.Epoch || isOld || _hidden.Remove(shard))
        {
            World.Oracle.Note($"{this} closes shard {shard}: epoch {epoch} of {row.Epoch}, mark {highWater} of {seen}");
            Ledger.Close(shard);
            World.Oracle.Faults["rebuild"] = World.Oracle.Faults.GetValueOrDefault("rebuild") + 1;
        }
        else if (run != row.SeenRun || highWater < seen)
        {
            (row.SeenRun, row.SeenHighWater) = (run, highWater);
            _remembered[shard] = highWater;
            Ledger.ReplayNo++;
            World.Oracle.Faults["replay"] = World.Oracle.Faults.GetValueOrDefault("replay") + 1;
        }
    }

    private void Continue(int shard, long epoch)
    {
        var row = Ledger.Shards[shard];
        if (row.Rebuilding is not { } number)
        {
            return;
        }

        if (epoch != -1 && epoch != row.Epoch)
        {
            Plain(at => World.Till.SetEpoch(shard, at, null), shard, _ => { });
            return;
        }

        var waitedFor = Ledger.Gateways.Where(gateway => gateway.Value.LeaseUntilMs >= Sim.NowMs).ToList();
        if (waitedFor.All(gateway => gateway.Value.Ready >= number) || World.Flaw == Flaw.OpensBeforeReady)
        {
            World.AllowUntold(shard, number);
            Open(shard, row.Epoch, number);
        }
    }

    private void Open(int shard, long epoch, long number)
    {
        var value = NextMark();
        Plain(at => World.Till.RaiseMark(shard, at, value), shard, raised =>
        {
            if (raised is null || Ledger.Shards[shard].Rebuilding != number)
            {
                return;
            }

            Plain(at => World.Till.SetEpoch(shard, at, epoch), shard, written =>
            {
                var row = Ledger.Shards[shard];
                if (written is not null && Ledger.IsUp && row.Rebuilding == number && row.Epoch == epoch)
                {
                    (row.Rebuilding, row.SeenHighWater, row.SeenRun) = (null, value, RunOf(shard));
                    _remembered[shard] = value;
                    World.Oracle.Note($"{this} opens shard {shard} under {epoch}");
                    Ledger.ReplayNo++;
                }
            });
        });
    }

    private void Raise(int shard, int run, long generation)
    {
        var value = NextMark();
        Plain(at => World.Till.RaiseMark(shard, at, value), shard, answer =>
        {
            _watching.Remove(shard);
            if (Generation != generation)
            {
                // Was it the server that was looked at that took the mark? If not, an older copy looks new now.
                _hidden.Add(shard);
            }
            else if (answer is not null && Ledger.TryLock("watch", this))
            {
                _remembered[shard] = value;
                (Ledger.Shards[shard].SeenHighWater, Ledger.Shards[shard].SeenRun) = (value, run);
            }
        });
    }

    private long NextMark() => _mark = Math.Max(_mark + 1, Sim.NowMs);

    // After anything was replaced or rebuilt: old copies of charges go, and every balance is told again.
    private void Recheck()
    {
        if (_recheckedReplay == Ledger.ReplayNo || World.Flaw == Flaw.SkipsSoftReplay || !Ledger.IsUp)
        {
            return;
        }

        _recheckedReplay = Ledger.ReplayNo;
        Sweep(0);
        foreach (var account in World.Accounts.Concat(World.ProbeAccounts))
        {
            Tell(account);
        }
    }
}
