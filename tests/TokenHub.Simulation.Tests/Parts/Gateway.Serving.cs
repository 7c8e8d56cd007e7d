using TokenHub.Core.Money;
using TokenHub.Core.Requests;

namespace TokenHub.Simulation.Tests.Parts;

internal sealed partial class Gateway
{
    private const int HydrationsMax = 3;

    /// <summary>One request of a client; <paramref name="onEnd"/> hears whether it was taken.</summary>
    public void Serve(long account, long key, int events, long pauseMs, long cutAfter, Action<bool>? onEnd = null)
    {
        World.Oracle.Asked++;
        var shard = TokenHub.Redis.Shards.Of(account);
        if (!MayAdmit())
        {
            Refuse(onEnd);
        }
        else if (!_joined.TryGetValue(shard, out var epoch))
        {
            Enter(shard, Seen(shard));
            Refuse(onEnd);
        }
        else
        {
            var rid = RequestId.Create(1_790_000_000_000 + Sim.NowMs, No, _boot, _counter++);
            Reserve(new Slot(rid, account, key, Prices.FirstHold) { CutAfter = cutAfter }, epoch, events, pauseMs, 0, onEnd);
        }
    }

    private bool MayAdmit() => _boot != 0 && _leaseUntilMs > Sim.NowMs;

    private void Refuse(Action<bool>? onEnd)
    {
        World.Oracle.Refused++;
        onEnd?.Invoke(false);
    }

    private void Reserve(Slot slot, long epoch, int events, long pauseMs, int hydrations, Action<bool>? onEnd)
    {
        var shard = TokenHub.Redis.Shards.Of(slot.Account);
        var request = new HoldRequest(
            slot.Rid, slot.Account, slot.Key, new Usd(slot.Hold), (int)Prices.HoldTtlMs, No, _boot, null,
            Prices.SlotsPerAccount, null, null, null, 1);
        _reserving.Add(slot.Rid);
        Call(shard, new ReserveCommand(request), epoch, answer =>
        {
            _reserving.Remove(slot.Rid);
            World.Oracle.Note($"{this} reserves {slot.Account} under {epoch}: {answer?.Code}");
            switch (answer?.Code)
            {
                case TillCode.Ok or TillCode.Repeated when IsCurrent(shard, epoch):
                    Begin(slot, events, pauseMs);
                    onEnd?.Invoke(true);
                    return;
                case null or TillCode.Ok or TillCode.Repeated:
                    Release(slot, 0);
                    break;
                case TillCode.NotHydrated when hydrations < HydrationsMax:
                    Hydrate(slot, epoch, events, pauseMs, hydrations, onEnd);
                    return;
                case TillCode.StaleEpoch:
                    Adopt(shard, answer);
                    if (answer.First > epoch)
                    {
                        Enter(shard, answer.First);
                    }

                    break;
            }

            Refuse(onEnd);
        });
    }

    // While it was asked, the lease may have ended, or the shard have been lost and everything told without this one.
    private bool IsCurrent(int shard, long epoch) =>
        MayAdmit() && _joined.GetValueOrDefault(shard) == epoch;

    private void Hydrate(Slot slot, long epoch, int events, long pauseMs, int hydrations, Action<bool>? onEnd)
    {
        var plane = World.AnyControlPlane();
        Ask(plane, () => plane.Hydrate(slot.Account, slot.Key), _ => After(Sim.Between(10, 60), Again), () => Refuse(onEnd), 1_000);

        void Again()
        {
            if (IsCurrent(TokenHub.Redis.Shards.Of(slot.Account), epoch))
            {
                Reserve(slot, epoch, events, pauseMs, hydrations + 1, onEnd);
            }
            else
            {
                Refuse(onEnd);
            }
        }
    }

    // A shard whose epoch is new to this gateway: first everything is told there, then it may reserve.
    private void Enter(int shard, long epoch)
    {
        if (_telling.Add(shard))
        {
            Tell(shard, epoch, isTold =>
            {
                _telling.Remove(shard);
                if (isTold)
                {
                    Join(shard, epoch);
                }
            });
        }
    }

    // Nobody knows whether it was held; a hold that this does not reach goes with its deadline.
    private void Release(Slot slot, int tries)
    {
        var shard = TokenHub.Redis.Shards.Of(slot.Account);
        Call(shard, new ReleaseCommand(slot.Rid, slot.Account, slot.Key), Seen(shard), answer =>
        {
            if (answer is not null)
            {
                Adopt(shard, answer);
            }

            if (answer is not { Code: > 0 } && tries < 5)
            {
                After(200L << tries, () => Release(slot, tries + 1));
            }
        });
    }

    private void Begin(Slot slot, int events, long pauseMs)
    {
        _table[slot.Rid] = slot;
        World.Oracle.OnAdmitted(slot.Rid);
        World.Oracle.OnLetIn(slot.Rid, slot.Account, World.TrulyLeft(slot.Account));
        World.Oracle.Note($"{this} begins {slot.Rid} of {slot.Account}");
        var life = _life;
        World.Upstream.Stream(
            slot.Rid, events, pauseMs, (tokens, isLast) => IsUp && _life == life && OnEvent(slot, tokens, isLast));
    }

    private bool OnEvent(Slot slot, long tokens, bool isLast)
    {
        if (!_table.ContainsKey(slot.Rid))
        {
            return false;
        }

        slot.Tokens += tokens;
        var cost = slot.Tokens * Prices.UnitsPerToken;
        if (isLast)
        {
            World.Oracle.Told[slot.Rid] = cost;
        }

        if (isLast || slot.Tokens >= slot.CutAfter || cost >= slot.Hold)
        {
            Close(slot);
            return false;
        }

        if (cost * 5 >= slot.Hold * 4 && slot is { IsExtending: false, IsRefused: false })
        {
            Extend(slot, slot.Hold);
        }

        return true;
    }

    private void Extend(Slot slot, long more)
    {
        slot.IsExtending = true;
        var shard = TokenHub.Redis.Shards.Of(slot.Account);
        var command = new ExtendCommand(slot.Rid, slot.Account, slot.Key, new Usd(more), null, (int)Prices.HoldTtlMs);
        var epoch = Seen(shard);
        Call(shard, command, epoch, answer =>
        {
            slot.IsExtending = false;
            slot.IsRefused = answer is { Code: TillCode.Funds or TillCode.Disabled };
            if (answer is { Code: TillCode.Ok })
            {
                slot.Hold += more;
            }
            else if (answer is not null)
            {
                Adopt(shard, answer);
            }
        });
    }

    // A heartbeat: the hold stays, whatever else is refused.
    private void KeepHolds()
    {
        foreach (var slot in _table.Values.ToList())
        {
            Extend(slot, 0);
        }
    }
}
