using TokenHub.Core.Requests;

namespace TokenHub.Redis.Tests.Model;

/// <summary>
/// The scripts once more, in C#: same order of checks, same answers, same state, with a clock that the test sets.
/// Written from the description, so that a mistake would have to be made twice.
/// </summary>
internal sealed partial class TillModel
{
    public const long UnitsMax = (1L << 53) - 1;
    private const long TtlMsMax = 86_400_000;

    public Dictionary<int, ModelShard> Shards { get; } = [];

    public long NowUs { get; set; }

    private long NowMs => NowUs / 1000;

    public ModelShard Shard(int shard) =>
        Shards.TryGetValue(shard, out var found) ? found : Shards[shard] = new ModelShard();

    public object[] Run(ITillCommand command, int shardNo, long epoch)
    {
        var shard = Shard(shardNo);
        return command switch
        {
            ReserveCommand reserve => Reserve(shard, epoch, reserve.Request),
            ExtendCommand extend => Extend(shard, epoch, extend),
            SettleCommand settle => Settle(shard, epoch, settle),
            ReleaseCommand release => Release(shard, epoch, release),
            AckCommand ack => Ack(shard, epoch, ack),
            SetBalanceCommand set => SetBalance(shard, epoch, set),
            ReholdCommand rehold => Rehold(shard, epoch, rehold),
            HydrateCommand hydrate => Hydrate(shard, epoch, hydrate),
            ReapCommand reap => Reap(shard, epoch, reap),
            OutboxCommand outbox => Outbox(shard, epoch, outbox),
            _ => throw new InvalidOperationException("No such command."),
        };
    }

    private object[] Reserve(ModelShard shard, long epoch, HoldRequest r)
    {
        long?[] limits = [r.KeyCap?.Units, r.KeyMaxConcurrency, r.Rpm, r.Tpm, r.UserRpm, r.UserTpm];
        if (!IsUnits(r.Amount.Units) || !IsTtl(r.TtlMs) || r.UserMaxConcurrency < 0 || !IsUnits(r.Tokens)
            || limits.Any(limit => limit is { } value && !IsUnits(value)) || !AreIds(r.Account, r.Key))
        {
            return Answer(TillCode.BadArgument);
        }

        if (WrongEpoch(shard, epoch, false) is { } wrong)
        {
            return wrong;
        }

        var account = shard.Account(r.Account);
        if (shard.Outbox.TryGetValue(r.Rid, out var charge))
        {
            var isSame = charge.Account == r.Account && charge.Key == r.Key;
            return Answer(isSame ? TillCode.AlreadySettled : TillCode.Conflict, account.Available(epoch));
        }

        if (shard.Hold(r.Account, r.Rid) is { } hold)
        {
            var isSame = hold.First == r.Amount.Units && hold.Key == r.Key;
            return Answer(isSame ? TillCode.Repeated : TillCode.Conflict, account.Available(epoch));
        }

        var spend = shard.Spend(r.Key);
        if (RefusedBeforeRates(shard, epoch, account, spend, r) is { } refused)
        {
            return refused;
        }

        var ofKey = Flow(shard.Rates.GetValueOrDefault(r.Key), r.Tokens, r.Rpm, r.Tpm);
        var ofUser = Flow(shard.UserRates.GetValueOrDefault(r.Account), r.Tokens, r.UserRpm, r.UserTpm);
        if (!ofKey.Passes || !ofUser.Passes)
        {
            return Answer(TillCode.Rate, 0, (Math.Max(ofKey.WaitUs, ofUser.WaitUs) + 999) / 1000, ofKey, ofUser);
        }

        if (account.Available(epoch) < r.Amount.Units)
        {
            return Answer(TillCode.Funds, account.Available(epoch));
        }

        if (Math.Max(account.Held, spend.Held) + r.Amount.Units > UnitsMax)
        {
            return Answer(TillCode.BadArgument);
        }

        var owner = $"{r.GatewayNo}.{r.BootNo}";
        var taken = r.Tpm is null && r.UserTpm is null ? null : new ModelTaken(
            r.Tokens, TookUs(r.Tokens, r.Tpm), r.Tpm is null ? 0 : ofKey.State.Tokens,
            TookUs(r.Tokens, r.UserTpm), r.UserTpm is null ? 0 : ofUser.State.Tokens);
        Take(shard, r.Account, r.Rid, new ModelHold(
            r.Amount.Units, NowMs + r.TtlMs, owner, r.Key, r.Amount.Units, taken));
        if (ofKey.Limits)
        {
            shard.Rates[r.Key] = ofKey.State;
        }

        if (ofUser.Limits)
        {
            shard.UserRates[r.Account] = ofUser.State;
        }

        return Answer(TillCode.Ok, shard.Account(r.Account).Available(epoch), 0, ofKey, ofUser);
    }

    private static object[]? RefusedBeforeRates(
        ModelShard shard, long epoch, ModelAccount account, ModelSpend spend, HoldRequest r)
    {
        var open = shard.Holds.GetValueOrDefault(r.Account)?.Count ?? 0;
        return account.Epoch != epoch || spend.Epoch != epoch ? Answer(TillCode.NotHydrated)
            : !account.IsActive ? Answer(TillCode.Disabled)
            : open >= account.Slots || open >= r.UserMaxConcurrency ? Answer(TillCode.Concurrency)
            : r.KeyMaxConcurrency is { } slots && spend.Open >= slots ? Answer(TillCode.Concurrency)
            : spend.Remaining(r.KeyCap?.Units) < r.Amount.Units
                ? Answer(TillCode.KeyCap, spend.Remaining(r.KeyCap?.Units))
            : null;
    }

    private object[] Extend(ModelShard shard, long epoch, ExtendCommand c)
    {
        if (!IsUnits(c.More.Units) || !IsTtl(c.TtlMs) || !AreIds(c.Account, c.Key)
            || (c.KeyCap is { } cap && !IsUnits(cap.Units)))
        {
            return Answer(TillCode.BadArgument);
        }

        if (WrongEpoch(shard, epoch, false) is { } wrong)
        {
            return wrong;
        }

        var account = shard.Account(c.Account);
        var spend = shard.Spend(c.Key);
        if (shard.Hold(c.Account, c.Rid) is not { } hold)
        {
            var isSettled = shard.Outbox.ContainsKey(c.Rid);
            return Answer(isSettled ? TillCode.AlreadySettled : TillCode.NoHold, account.Available(epoch));
        }

        if (hold.Key != c.Key)
        {
            return Answer(TillCode.Conflict);
        }

        if (c.More.Units > 0)
        {
            var refused = account.Epoch != epoch || spend.Epoch != epoch ? Answer(TillCode.NotHydrated)
                : !account.IsActive ? Answer(TillCode.Disabled)
                : spend.Remaining(c.KeyCap?.Units) < c.More.Units
                    ? Answer(TillCode.KeyCap, spend.Remaining(c.KeyCap?.Units))
                : account.Available(epoch) < c.More.Units ? Answer(TillCode.Funds, account.Available(epoch))
                : Math.Max(Math.Max(account.Held, spend.Held), hold.Amount) + c.More.Units > UnitsMax
                    ? Answer(TillCode.BadArgument)
                : null;
            if (refused is not null)
            {
                return refused;
            }

            account.Held += c.More.Units;
            spend.Held += c.More.Units;
        }

        var later = Math.Max(hold.DeadlineMs, NowMs + c.TtlMs);
        Put(shard, c.Account, c.Rid, hold with { Amount = hold.Amount + c.More.Units, DeadlineMs = later });
        return Answer(TillCode.Ok, account.Available(epoch));
    }

    private static void Take(ModelShard shard, long accountId, RequestId rid, ModelHold hold)
    {
        var (account, spend) = Touch(shard, accountId, hold.Key);
        account.Held += hold.Amount;
        spend.Held += hold.Amount;
        spend.Open++;
        Put(shard, accountId, rid, hold);
    }

    private static void Put(ModelShard shard, long accountId, RequestId rid, ModelHold hold)
    {
        if (!shard.Holds.TryGetValue(accountId, out var holds))
        {
            shard.Holds[accountId] = holds = [];
        }

        holds[rid] = hold;
        shard.Due[ModelText.Due(accountId, rid, hold)] = hold.DeadlineMs;
    }

    private static void Drop(ModelShard shard, long accountId, RequestId rid, ModelHold hold)
    {
        var (account, spend) = Touch(shard, accountId, hold.Key);
        account.Held = Math.Max(account.Held - hold.Amount, 0);
        spend.Held = Math.Max(spend.Held - hold.Amount, 0);
        spend.Open = Math.Max(spend.Open - 1, 0);
        shard.Holds[accountId].Remove(rid);
        shard.Due.Remove(ModelText.Due(accountId, rid, hold));
    }

    // Both exist from here on, with their counters.
    private static (ModelAccount Account, ModelSpend Spend) Touch(ModelShard shard, long accountId, long key)
    {
        var account = shard.Accounts[accountId] = shard.Account(accountId);
        var spend = shard.Spends[key] = shard.Spend(key);
        account.HasCounters = spend.HasCounters = true;
        return (account, spend);
    }

    private static object[]? WrongEpoch(ModelShard shard, long epoch, bool mayBeUnbuilt) =>
        shard.Epoch == epoch || (shard.Epoch is null && mayBeUnbuilt) ? null
            : shard.Epoch is { } current ? Answer(TillCode.StaleEpoch, current)
            : Answer(TillCode.ShardNotBuilt);

    private static bool IsUnits(long value) => value is >= 0 and <= UnitsMax;

    private static bool IsBalance(long value) => value is >= -UnitsMax and <= UnitsMax;

    private static bool IsTtl(long value) => value is >= 0 and <= TtlMsMax;

    private static bool AreIds(long account, long key) => account > 0 && key > 0;

    private static object[] Answer(TillCode code, long first = 0, long second = 0) => [(long)code, first, second];
}
