using TokenHub.Core.Money;
using TokenHub.Core.Requests;

namespace TokenHub.Simulation.Tests.Parts;

/// <summary>The word of the control plane in answer to a beat.</summary>
internal sealed record BeatReply(
    bool IsKnown, IReadOnlyList<(int Shard, long Epoch, long Number)> Rebuilding, long Replay, IReadOnlyList<RequestId> Unsure);

/// <summary>
/// One gateway: takes requests, streams, settles. Its disk (table and log) outlives it, its memory does not.
/// </summary>
internal sealed partial class Gateway(World world, int no) : TillCaller($"gateway {no}", world)
{
    private const long LeaseMs = 6_000;
    private const int BatchMax = 50;
    private readonly Dictionary<RequestId, Slot> _table = [];
    private readonly List<CloseRecord> _log = [];
    private readonly Dictionary<int, long> _seen = [];
    private readonly Dictionary<int, long> _joined = [];
    private readonly HashSet<int> _telling = [];
    private readonly HashSet<RequestId> _reserving = [];
    private readonly HashSet<RequestId> _unsettled = [];
    private readonly HashSet<RequestId> _settling = [];
    private readonly List<RequestId> _unknown = [];
    private long _lsn;
    private int _boot;
    private uint _counter;
    private int _life;
    private long _leaseUntilMs;
    private long _ready;
    private long _replay;
    private bool _isShipping;

    public int No { get; private set; } = no;

    public IEnumerable<Slot> Open => _table.Values;

    public IEnumerable<CloseRecord> Unshipped => _log;

    public bool IsIdle => _table.Count == 0 && _log.Count == 0;

    /// <summary>Starts with what the disk has: what was open is closed with what had been counted.</summary>
    public override void Start()
    {
        base.Start();
        _life++;
        _seen.Clear();
        _joined.Clear();
        _telling.Clear();
        _reserving.Clear();
        _unsettled.Clear();
        _settling.Clear();
        _unknown.Clear();
        (_boot, _leaseUntilMs, _ready, _replay, _isShipping) = (0, 0, 0, 0, false);
        if (World.Flaw == Flaw.ForgetsInFlight)
        {
            _table.Clear();
        }

        foreach (var slot in _table.Values.ToList())
        {
            Close(slot);
        }

        _unsettled.UnionWith(_log.Select(record => record.Rid));
        Register();
        Every(2_000, Beat);
        Every(100, Settle);
        Every(100, Ship);
        Every(30_000, KeepHolds);
    }

    /// <summary>The disk is gone for ever; what comes in its place is another gateway.</summary>
    public void LoseDisk(int newNo)
    {
        World.Oracle.LostWithDisk.UnionWith(_table.Keys);
        World.Oracle.LostWithDisk.UnionWith(_log.Select(record => record.Rid));
        _table.Clear();
        _log.Clear();
        No = newNo;
    }

    /// <summary>The control plane has news: they come with the answer to a beat.</summary>
    public void OnNotice()
    {
        if (IsUp)
        {
            Beat();
        }
    }

    protected override void OnReplaced(int shard)
    {
        if (World.Flaw != Flaw.SkipsSoftReplay)
        {
            Insist(shard);
        }
    }

    private void Insist(int shard) => Tell(shard, Seen(shard), isTold =>
    {
        if (!isTold)
        {
            After(200, () => Insist(shard));
        }
    });

    private long Seen(int shard) => _seen.GetValueOrDefault(shard);

    private void Adopt(int shard, TillAnswer answer)
    {
        if (answer.Code == TillCode.StaleEpoch)
        {
            _seen[shard] = Math.Max(Seen(shard), answer.First);
        }
    }

    private void Register() => Ask(
        World.AnyControlPlane(),
        () => ControlPlane.Register(World, No),
        boot =>
        {
            _boot = (int)boot[0];
            Beat();
        },
        () => After(300, Register),
        1_000);

    private void Beat()
    {
        if (_boot == 0)
        {
            return;
        }

        var (sentMs, ready, unknown) = (Sim.NowMs, _ready, _unknown.ToList());
        Ask(
            World.AnyControlPlane(),
            () => ControlPlane.Beat(World, No, _boot, ready, unknown),
            reply => OnBeat(reply, sentMs),
            () => { },
            1_500);
    }

    private void OnBeat(BeatReply reply, long sentMs)
    {
        if (!reply.IsKnown)
        {
            // A registration that came twice gave the number that counts to nobody.
            if (_boot != 0)
            {
                _boot = 0;
                Register();
            }

            return;
        }

        _leaseUntilMs = Math.Max(_leaseUntilMs, sentMs + LeaseMs);
        _unknown.Clear();
        _unknown.AddRange(reply.Unsure.Where(rid => !_table.ContainsKey(rid) && !_reserving.Contains(rid)));
        if (reply.Rebuilding.Count > 0 && reply.Rebuilding.Max(shard => shard.Number) > _ready)
        {
            JoinRebuild(reply.Rebuilding);
        }

        if (reply.Replay > _replay && World.Flaw != Flaw.SkipsSoftReplay)
        {
            _replay = reply.Replay;
            foreach (var shard in World.Shards)
            {
                Insist(shard);
            }
        }

        if (reply.Unsure.Count > 0 && _unknown.Count > 0)
        {
            After(50, Beat);
        }
    }

    // From here on nothing is reserved in these shards but under the epoch in which they will open.
    private void JoinRebuild(IReadOnlyList<(int Shard, long Epoch, long Number)> shards)
    {
        var number = shards.Max(shard => shard.Number);
        var left = shards.Count;
        foreach (var (shard, epoch, _) in shards)
        {
            if (_joined.GetValueOrDefault(shard) < epoch)
            {
                _joined.Remove(shard);
            }

            Tell(shard, epoch, isTold =>
            {
                if (isTold)
                {
                    Join(shard, epoch);
                    if (--left == 0)
                    {
                        _ready = Math.Max(_ready, number);
                        Beat();
                    }
                }
            });
        }
    }

    private void Join(int shard, long epoch)
    {
        _seen[shard] = Math.Max(Seen(shard), epoch);
        _joined[shard] = Math.Max(_joined.GetValueOrDefault(shard), epoch);
    }

    // Everything open and everything the ledger has not: each until it is answered, and if any is not, none counts.
    private void Tell(int shard, long epoch, Action<bool> then)
    {
        var holds = _table.Values.Where(slot => TokenHub.Redis.Shards.Of(slot.Account) == shard).ToList();
        var closed = _log.Where(record => TokenHub.Redis.Shards.Of(record.Account) == shard).ToList();
        var left = holds.Count + closed.Count;
        var isFine = true;
        if (left == 0)
        {
            then(true);
            return;
        }

        foreach (var slot in holds)
        {
            var rehold = new Rehold(slot.Rid, slot.Key, new Usd(slot.Hold), (int)Prices.HoldTtlMs, No, _boot);
            Call(shard, new ReholdCommand(slot.Account, slot.Key, [rehold], 0, 1), epoch, answer => End(answer));
        }

        foreach (var record in closed)
        {
            Call(shard, Settlement(record), epoch, answer => End(answer));
        }

        void End(TillAnswer? answer)
        {
            isFine &= answer is { Code: > 0 };
            if (answer is not null)
            {
                Adopt(shard, answer);
            }

            if (--left == 0)
            {
                then(isFine);
            }
        }
    }

    private static SettleCommand Settlement(CloseRecord record) =>
        new(record.Rid, record.Account, record.Key, new Usd(record.Cost), new byte[] { 1 }, record.Tokens);

    private void Close(Slot slot)
    {
        var record = new CloseRecord(
            ++_lsn, slot.Rid, slot.Account, slot.Key, slot.Tokens, slot.Tokens * Prices.UnitsPerToken);
        _log.Add(record);
        _table.Remove(slot.Rid);
        _unsettled.Add(slot.Rid);
        World.Oracle.Note($"{this} closes {record}");
    }

    private void Settle()
    {
        foreach (var record in _log.Where(record => _unsettled.Contains(record.Rid) && _settling.Add(record.Rid)).ToList())
        {
            var shard = TokenHub.Redis.Shards.Of(record.Account);
            Call(shard, Settlement(record), Seen(shard), answer =>
            {
                _settling.Remove(record.Rid);
                if (answer is { Code: > 0 })
                {
                    _unsettled.Remove(record.Rid);
                }
                else if (answer is { Code: TillCode.Conflict or TillCode.BadArgument })
                {
                    throw new BrokenInvariantException($"{answer.Code} for {record}");
                }
                else if (answer is not null)
                {
                    Adopt(shard, answer);
                }
            });
        }
    }

    private void Ship()
    {
        if (_isShipping || _log.Count == 0)
        {
            return;
        }

        var batch = _log.Take(BatchMax).ToList();
        _isShipping = true;
        var plane = World.AnyControlPlane();
        Ask(
            plane,
            () => plane.Drain(batch),
            _ => Shipped(batch[^1].Lsn),
            () => _isShipping = false,
            2_000);
        if (World.Flaw == Flaw.ShipsOnce)
        {
            Shipped(batch[^1].Lsn);
        }
    }

    private void Shipped(long lsn)
    {
        _isShipping = false;
        _log.RemoveAll(record => record.Lsn <= lsn);
        _unsettled.IntersectWith(_log.Select(record => record.Rid));
    }
}
