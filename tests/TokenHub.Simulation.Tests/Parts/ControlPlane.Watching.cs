namespace TokenHub.Simulation.Tests.Parts;

internal sealed partial class ControlPlane
{
    private const long LagMsMax = 5_000;
    private readonly HashSet<int> _hidden = [];
    private readonly HashSet<int> _watching = [];
    private readonly Dictionary<int, long> _remembered = [];
    private long _recheckedReplay;
    private long _mark;
    private long _ticks;

    // More often while a shard is closed.
    private void Tick()
    {
        if (++_ticks % 5 == 0 || Ledger.Shards.Values.Any(shard => shard.Rebuilding is not null))
        {
            Watch();
        }
    }

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

        var isReplaced = row.PlantedRun != RunOf(shard) && World.Flaw != Flaw.TrustsRebuildUnderWay;
        if (number == 0 || isReplaced)
        {
            Plant(shard);
            return;
        }

        var waitedFor = Ledger.Gateways.Where(gateway => gateway.Value.LeaseUntilMs >= Sim.NowMs).ToList();
        if (waitedFor.All(gateway => gateway.Value.Ready >= number))
        {
            World.AllowUntold(shard, number);
            Open(shard, row.Epoch, number);
        }
    }

    // First the number stands in Redis, then gateways hear of it: whatever they tell is lost only together with it.
    private void Plant(int shard)
    {
        var number = ++Ledger.RebuildNo;
        var run = RunOf(shard);
        Plain(at => World.Till.Plant(shard, at, number), shard, answer =>
        {
            var row = Ledger.Shards[shard];
            if (answer is null || row.Rebuilding is null || !Ledger.TryLock("watch", this))
            {
                return;
            }

            (row.Rebuilding, row.PlantedRun) = (number, run);
            if (World.Flaw == Flaw.OpensBeforeReady)
            {
                Open(shard, row.Epoch, number);
                return;
            }

            foreach (var gateway in World.Gateways)
            {
                Net.Send(this, gateway, gateway.OnNotice);
            }
        });
    }

    private void Open(int shard, long epoch, long number)
    {
        var value = NextMark();
        Plain(at => World.Till.RaiseMark(shard, at, value), shard, raised =>
        {
            var row = Ledger.Shards[shard];
            if (raised is null || row.Rebuilding != number || row.Epoch != epoch)
            {
                return;
            }

            var run = World.Flaw == Flaw.TrustsRebuildUnderWay ? RunOf(shard) : row.PlantedRun;
            Ask(
                World.Till,
                () => World.Till.Open(shard, run, epoch, number),
                opened => OnOpened(shard, epoch, number, value, opened),
                () => { });
        });
    }

    // Where the number does not stand any more, what gateways told is gone with it: once more from the start.
    private void OnOpened(int shard, long epoch, long number, long mark, TillAnswer opened)
    {
        var row = Ledger.Shards[shard];
        if (!Ledger.TryLock("watch", this) || row.Rebuilding != number || row.Epoch != epoch)
        {
            return;
        }

        if (opened.IsLost || opened.First == 0)
        {
            row.Rebuilding = 0;
            return;
        }

        (row.Rebuilding, row.SeenHighWater, row.SeenRun) = (null, mark, row.PlantedRun);
        _remembered[shard] = mark;
        World.Oracle.Note($"{this} opens shard {shard} under {epoch}");
        Ledger.ReplayNo++;
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
