using TokenHub.Core.Requests;

namespace TokenHub.Redis.Tests.Model;

internal sealed partial class TillModel
{
    private object[] Settle(ModelShard shard, long epoch, SettleCommand c)
    {
        if (!IsUnits(c.Cost.Units) || !AreIds(c.Account, c.Key) || (c.Tokens is { } tokens && !IsUnits(tokens)))
        {
            return Answer(TillCode.BadArgument);
        }

        if (WrongEpoch(shard, epoch, true) is { } wrong)
        {
            return wrong;
        }

        if (shard.Outbox.TryGetValue(c.Rid, out var charge))
        {
            var isSame = charge.Account == c.Account && charge.Key == c.Key
                && (charge.Cost == c.Cost.Units || charge.IsMark);
            return Answer(isSame ? TillCode.AlreadySettled : TillCode.Conflict, shard.Account(c.Account).Available(epoch));
        }

        var hold = shard.Hold(c.Account, c.Rid);
        if (hold is not null && hold.Key != c.Key)
        {
            return Answer(TillCode.Conflict);
        }

        if (Math.Max(shard.Account(c.Account).Unsettled, shard.Spend(c.Key).Unsettled) + c.Cost.Units > UnitsMax)
        {
            return Answer(TillCode.BadArgument);
        }

        if (hold is not null)
        {
            Drop(shard, c.Account, c.Rid, hold);
            if (hold.Taken is { } taken && c.Tokens is { } used)
            {
                PutRight(shard.Rates, c.Key, taken.Tokens, used, taken.KeyUs, taken.KeyTo);
                PutRight(shard.UserRates, c.Account, taken.Tokens, used, taken.UserUs, taken.UserTo);
            }
        }

        var (account, spend) = Touch(shard, c.Account, c.Key);
        account.Unsettled += c.Cost.Units;
        spend.Unsettled += c.Cost.Units;
        shard.Outbox[c.Rid] = new ModelCharge(c.Account, c.Key, c.Cost.Units, c.Payload.ToArray());
        shard.OutboxTimes[c.Rid] = NowMs;
        return Answer(hold is null ? TillCode.RecordedWithoutHold : TillCode.Ok, account.Available(epoch));
    }

    private static object[] Release(ModelShard shard, long epoch, ReleaseCommand c)
    {
        if (!AreIds(c.Account, c.Key))
        {
            return Answer(TillCode.BadArgument);
        }

        if (WrongEpoch(shard, epoch, true) is { } wrong)
        {
            return wrong;
        }

        if (shard.Hold(c.Account, c.Rid) is not { } hold)
        {
            return Answer(TillCode.Repeated, shard.Account(c.Account).Available(epoch));
        }

        if (hold.Key != c.Key)
        {
            return Answer(TillCode.Conflict);
        }

        Drop(shard, c.Account, c.Rid, hold);
        return Answer(TillCode.Ok, shard.Account(c.Account).Available(epoch));
    }

    private object[] Ack(ModelShard shard, long epoch, AckCommand c)
    {
        if (!IsBalance(c.Balance.Units) || !IsUnits(c.Version) || !IsUnits(c.KeySpent.Units) || !IsUnits(c.KeyVersion)
            || !AreIds(c.Account, c.Key))
        {
            return Answer(TillCode.BadArgument);
        }

        if (WrongEpoch(shard, epoch, true) is { } wrong)
        {
            return wrong;
        }

        var dropped = c.Rids.Skip(c.From).Take(c.Count).Count(rid => AckOne(shard, c, rid));
        var account = shard.Account(c.Account);
        if (account.Epoch == epoch && account.Version < c.Version)
        {
            (account.Balance, account.Version) = (c.Balance.Units, c.Version);
        }

        var spend = shard.Spend(c.Key);
        if (spend.Epoch == epoch && spend.Version < c.KeyVersion)
        {
            (spend.Spent, spend.Version) = (c.KeySpent.Units, c.KeyVersion);
        }

        return Answer(TillCode.Ok, dropped);
    }

    private bool AckOne(ModelShard shard, AckCommand c, RequestId rid)
    {
        var isDropped = false;
        if (shard.Outbox.TryGetValue(rid, out var charge) && charge.Account == c.Account && charge.Key == c.Key)
        {
            var (account, spend) = Touch(shard, c.Account, c.Key);
            account.Unsettled = Math.Max(account.Unsettled - charge.Cost, 0);
            spend.Unsettled = Math.Max(spend.Unsettled - charge.Cost, 0);
            shard.Outbox.Remove(rid);
            shard.OutboxTimes.Remove(rid);
            isDropped = true;
        }

        if (shard.Hold(c.Account, rid) is { } hold && hold.Key == c.Key)
        {
            Drop(shard, c.Account, rid, hold);
            if (!isDropped && !shard.Outbox.ContainsKey(rid))
            {
                shard.Outbox[rid] = new ModelCharge(c.Account, c.Key, 0, []);
                shard.OutboxTimes[rid] = NowMs;
            }

            isDropped = true;
        }

        return isDropped;
    }

    private static object[] SetBalance(ModelShard shard, long epoch, SetBalanceCommand c)
    {
        if (!IsBalance(c.Balance.Units) || !IsUnits(c.Version) || c.MaxConcurrency < 0)
        {
            return Answer(TillCode.BadArgument);
        }

        if (WrongEpoch(shard, epoch, false) is { } wrong)
        {
            return wrong;
        }

        var account = shard.Account(c.Account);
        if (account.Epoch != epoch)
        {
            return Answer(TillCode.NotHydrated);
        }

        var isNewer = c.Version > account.Version;
        var isOther = account.IsActive != c.IsActive || account.Slots != c.MaxConcurrency;
        (account.IsActive, account.Slots) = (c.IsActive, c.MaxConcurrency);
        if (isNewer)
        {
            (account.Balance, account.Version) = (c.Balance.Units, c.Version);
        }

        return Answer(isNewer || isOther ? TillCode.Ok : TillCode.Repeated, account.Available(epoch));
    }

    private object[] Rehold(ModelShard shard, long epoch, ReholdCommand c)
    {
        var holds = c.Holds.Skip(c.From).Take(c.Count).ToArray();
        if (!AreIds(c.Account, c.Key) || holds.Any(h => !IsUnits(h.Amount.Units) || !IsTtl(h.TtlMs)))
        {
            return Answer(TillCode.BadArgument);
        }

        if (WrongEpoch(shard, epoch, true) is { } wrong)
        {
            return wrong;
        }

        var held = Math.Max(shard.Account(c.Account).Held, shard.Spend(c.Key).Held);
        if (held + holds.Sum(h => (decimal)h.Amount.Units) > UnitsMax)
        {
            return Answer(TillCode.BadArgument);
        }

        var added = 0;
        foreach (var h in holds)
        {
            var hold = shard.Hold(c.Account, h.Rid);
            if (hold is not null && hold.Key == h.Key && hold.Amount < h.Amount.Units)
            {
                shard.Account(c.Account).Held += h.Amount.Units - hold.Amount;
                shard.Spend(h.Key).Held += h.Amount.Units - hold.Amount;
                shard.Holds[c.Account][h.Rid] = hold with { Amount = h.Amount.Units };
                added++;
            }
            else if (hold is null && !shard.Outbox.ContainsKey(h.Rid))
            {
                Take(shard, c.Account, h.Rid, new ModelHold(
                    h.Amount.Units, NowMs + h.TtlMs, $"{h.GatewayNo}.{h.BootNo}", c.Key, h.Amount.Units));
                added++;
            }
        }

        return Answer(TillCode.Ok, added);
    }

    private static object[] Hydrate(ModelShard shard, long epoch, HydrateCommand c)
    {
        if (!IsBalance(c.Balance.Units) || !IsUnits(c.Version) || c.MaxConcurrency < 0
            || c.Key < 0 || !IsUnits(c.KeySpent.Units) || !IsUnits(c.KeyVersion))
        {
            return Answer(TillCode.BadArgument);
        }

        if (WrongEpoch(shard, epoch, true) is { } wrong)
        {
            return wrong;
        }

        var code = TillCode.Repeated;
        var account = shard.Account(c.Account);
        if (account.Epoch != epoch || account.Version < c.Version)
        {
            account.Epoch = epoch;
            (account.Version, account.Balance) = (c.Version, c.Balance.Units);
            (account.IsActive, account.Slots) = (c.IsActive, c.MaxConcurrency);
            shard.Accounts[c.Account] = account;
            code = TillCode.Ok;
        }

        var spend = shard.Spend(c.Key);
        if (c.Key != 0 && (spend.Epoch != epoch || spend.Version < c.KeyVersion))
        {
            spend.Epoch = epoch;
            (spend.Version, spend.Spent) = (c.KeyVersion, c.KeySpent.Units);
            shard.Spends[c.Key] = spend;
            code = TillCode.Ok;
        }

        return Answer(code, account.Available(epoch));
    }

    private object[] Reap(ModelShard shard, long epoch, ReapCommand c)
    {
        var due = shard.Due.Where(entry => entry.Value <= NowMs)
            .OrderBy(entry => entry.Value).ThenBy(entry => entry.Key, StringComparer.Ordinal).Take(c.Limit);
        return WrongEpoch(shard, epoch, false) ?? [1L, .. due.SelectMany(e => new[] { e.Key, $"{e.Value}" })];
    }

    private object[] Outbox(ModelShard shard, long epoch, OutboxCommand c)
    {
        var old = shard.OutboxTimes.Where(entry => entry.Value <= NowMs - c.OlderThanMs)
            .OrderBy(entry => entry.Value).ThenBy(entry => entry.Key).Take(c.Limit);
        return WrongEpoch(shard, epoch, false)
            ?? [1L, .. old.SelectMany(e => new[] { ModelText.Id(e.Key), ModelText.Charge(shard.Outbox[e.Key]) })];
    }
}
