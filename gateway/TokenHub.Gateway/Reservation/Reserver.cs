using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using TokenHub.Core.Money;
using TokenHub.Core.Requests;
using TokenHub.Core.Snapshots;
using TokenHub.Gateway.Errors;
using TokenHub.Gateway.Exchanges.Limits;
using TokenHub.Gateway.Planes;
using TokenHub.Redis;

namespace TokenHub.Gateway.Reservation;

internal enum ReservationFault : byte
{
    None = 0,

    /// <summary>Redis, or the control plane behind it, could not be asked.</summary>
    Unavailable,
    Funds,
    KeyCap,
    Rate,
    GroupRate,
    Concurrency,
    AccountDisabled,

    /// <summary>The till says what can only be our own mistake.</summary>
    Internal,
}

/// <param name="Amount">What is held now.</param>
/// <param name="Available">What the account has left; on a refusal, what there is.</param>
/// <param name="Epoch">The epoch of the shard under which it was asked.</param>
/// <param name="IsLent">Redis is away and the amount was lent on the grace line.</param>
/// <param name="Rates">How far rates are used, where the till said so.</param>
/// <param name="GroupRates">The same of the group's, which stand in place of the key's.</param>
internal readonly record struct ReservationResult(
    ReservationFault Fault, Usd Amount, Usd Available, int RetryAfterMs, TillCode Code,
    long Epoch = 0, bool IsLent = false, RateState Rates = default, RateState GroupRates = default)
{
    public GatewayError ToError() => Fault switch
    {
        ReservationFault.None => default,
        ReservationFault.Funds => new(
            GatewayFault.Funds,
            $"The balance of {Available} USD does not cover this request, for which {Amount} USD are held."),
        ReservationFault.KeyCap => new(
            GatewayFault.KeyCap,
            $"The {Available} USD left of this API key's spend limit do not cover this request, "
            + $"for which {Amount} USD are held."),
        ReservationFault.Rate => new(GatewayFault.Rate, RetryAfterMs: RetryAfterMs),
        ReservationFault.GroupRate => new(
            GatewayFault.Rate, "The rate limit of this channel group is reached.", RetryAfterMs: RetryAfterMs),
        ReservationFault.Concurrency => new(GatewayFault.Concurrency),
        ReservationFault.AccountDisabled => new(GatewayFault.AccountDisabled),
        ReservationFault.Unavailable => new(GatewayFault.MoneyUnavailable),
        _ => new(GatewayFault.Internal),
    };
}

/// <summary>Room four: holds the money for a request before a byte of it leaves, in one call as a rule.</summary>
internal sealed class Reserver(
    Till till, ShardGate gate, PlaneClient plane, GatewayIdentity identity, GatewayOptions options,
    Closings closings, GraceLine grace, GroupLimits groups)
{
    /// <summary>Longest that a request waits for a shard that is being rebuilt.</summary>
    public const int RebuildWaitMs = 5_000;

    private static readonly TimeSpan HydrateTimeout = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan ReleaseTimeout = TimeSpan.FromSeconds(1);
    private const int ReleaseTriesMax = 5;

    /// <summary>So often a limit is asked again about, each time after another request was settled.</summary>
    private const int ClosingWaitsMax = 4;

    private readonly ConcurrentDictionary<(long Account, long Key), Lazy<Task<bool>>> _hydrating = new();

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    public async ValueTask<ReservationResult> ReserveAsync(
        RequestId rid, KeyEntry key, CostEstimate estimate, RoutePlan plan)
    {
        if (!GroupLimits.Limits(plan.Group))
        {
            return await HoldAsync(rid, key, estimate, plan);
        }

        // The group's rates are elsewhere in Redis: they come first, and go back where there is no hold.
        var group = await groups.TakeAsync(plan.Group!, rid, estimate.RatedTokens);
        if (group.Code == TillCode.Rate)
        {
            return new ReservationResult(
                ReservationFault.GroupRate, default, default, group.RetryAfterMs, group.Code, GroupRates: group.Rates);
        }

        var held = await HoldAsync(rid, key, estimate, plan);
        if (held.Fault != ReservationFault.None)
        {
            groups.PutRight(plan.Group, rid, counts: false, 0);
        }

        return held with { GroupRates = group.Rates };
    }

    // What a request that has ended, and is not settled, may still take up.
    private static bool IsFullOrShort(KeyEntry key, in HoldReply reply, Usd amount) => reply.Code switch
    {
        TillCode.Concurrency => true,
        TillCode.Rate => (key.Record.Tpm ?? key.Record.UserTpm) is not null,
        TillCode.Funds or TillCode.KeyCap => reply.Available < amount,
        _ => false,
    };

    /// <summary>The request was served, or refunded: its tokens are known now.</summary>
    public void PutRatesRight(RequestId rid, GroupEntry? group, long tokens) =>
        groups.PutRight(group, rid, counts: true, tokens);

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<ReservationResult> HoldAsync(
        RequestId rid, KeyEntry key, CostEstimate estimate, RoutePlan plan)
    {
        var amount = estimate.Amount(estimate.StepTokens, plan);
        var least = estimate.Amount(estimate.LeastTokens, plan);
        var epoch = EpochOf(key);
        var settled = closings.SettledOf(key.Account);
        try
        {
            var reply = await till.ReserveAsync(RequestOf(rid, key, estimate, amount), CancellationToken.None);
            if (reply.Code is TillCode.NotHydrated or TillCode.ShardNotBuilt or TillCode.StaleEpoch)
            {
                (var isKnown, reply, epoch) = await OpenAndReserveAsync(rid, key, estimate, amount, reply);
                if (!isKnown)
                {
                    return new ReservationResult(ReservationFault.AccountDisabled, default, default, 0, reply.Code);
                }
            }

            // Requests that have ended for their caller keep slot and hold until they are settled, milliseconds later.
            // What one of them leaves free, another caller may take first.
            for (var i = 0; i < ClosingWaitsMax && IsFullOrShort(key, reply, amount); i++)
            {
                if (!await closings.WaitAsync(key.Account, settled))
                {
                    break;
                }

                (epoch, settled) = (EpochOf(key), closings.SettledOf(key.Account));
                reply = await till.ReserveAsync(RequestOf(rid, key, estimate, amount), CancellationToken.None);
            }

            // The step cannot be afforded, but enough of it may be.
            if (reply.Code is TillCode.Funds or TillCode.KeyCap && reply.Available >= least && reply.Available < amount)
            {
                (amount, epoch) = (reply.Available, EpochOf(key));
                reply = await till.ReserveAsync(RequestOf(rid, key, estimate, amount), CancellationToken.None);
            }

            Note(key, reply);
            return ResultOf(reply, amount) with { Epoch = epoch };
        }
        catch (RedisUnavailableException error)
        {
            // What a key of limited spending has left is known to Redis alone. Should the hold have been taken after
            // all, it is dropped with the settlement.
            if (key.SpendLimit is null && grace.TryLend(rid, key.Account, amount, least, out var lent))
            {
                return new ReservationResult(ReservationFault.None, lent, Usd.Zero, 0, TillCode.None, IsLent: true);
            }

            if (error.Fault is RedisFault.TimedOut or RedisFault.ConnectionLost)
            {
                // Nobody knows whether the hold was taken; whoever waits for it must not pay for that.
                Release(rid, key);
            }

            return new ReservationResult(ReservationFault.Unavailable, default, default, 0, TillCode.None);
        }
        catch (Exception error) when (error is PlaneUnavailableException or OperationCanceledException)
        {
            return new ReservationResult(ReservationFault.Unavailable, default, default, 0, TillCode.None);
        }
    }

    // The shard is closed, or this gateway has not joined it, or the account is not there: each may follow another.
    private async Task<(bool IsKnown, HoldReply Reply, long Epoch)> OpenAndReserveAsync(
        RequestId rid, KeyEntry key, CostEstimate estimate, Usd amount, HoldReply reply)
    {
        var untilMs = Environment.TickCount64 + RebuildWaitMs;
        var epoch = EpochOf(key);
        while (true)
        {
            var isTried = reply.Code switch
            {
                TillCode.NotHydrated => Environment.TickCount64 < untilMs,
                TillCode.ShardNotBuilt or TillCode.StaleEpoch => await gate.WaitAsync(Shards.Of(key.Account), untilMs),
                _ => false,
            };
            if (!isTried)
            {
                return (true, reply, epoch);
            }

            if (reply.Code == TillCode.NotHydrated && !await HydrateAsync(key))
            {
                return (false, reply, epoch);
            }

            epoch = EpochOf(key);
            reply = await till.ReserveAsync(RequestOf(rid, key, estimate, amount), CancellationToken.None);
        }
    }

    /// <summary>
    /// False when the shard was built anew while the hold was being taken: what this gateway told Redis then did not
    /// have it, as its slot was not open yet. To be asked once the slot is. What was lent is not held in Redis at all.
    /// </summary>
    public bool IsStillHeld(KeyEntry key, in ReservationResult held) => held.IsLent || EpochOf(key) == held.Epoch;

    private long EpochOf(KeyEntry key) => till.JoinedEpochOf(Shards.Of(key.Account));

    /// <summary>Gives back a hold under which nothing was sent.</summary>
    public void Release(RequestId rid, KeyEntry key, GroupEntry? group)
    {
        groups.PutRight(group, rid, counts: false, 0);
        Release(rid, key);
    }

    private void Release(RequestId rid, KeyEntry key)
    {
        grace.TryTakeBack(rid);
        _ = ReleaseAsync(rid, key);
    }

    private void Note(KeyEntry key, in HoldReply reply)
    {
        if (reply.Code is TillCode.Ok or TillCode.Funds)
        {
            grace.Saw(key.Account, reply.Available);
        }
        else if (reply.Code == TillCode.Disabled)
        {
            grace.Saw(key.Account, Usd.Zero);
        }
    }

    private HoldRequest RequestOf(RequestId rid, KeyEntry key, in CostEstimate estimate, Usd amount) => new(
        rid, key.Account, key.Id, amount, (int)options.HoldTtl.TotalMilliseconds,
        identity.GatewayNo, identity.BootNo, key.SpendLimit, key.Record.UserMaxConcurrency,
        key.Record.MaxConcurrency, key.Record.Rpm, key.Record.Tpm, estimate.RatedTokens,
        key.Record.UserRpm, key.Record.UserTpm);

    // All requests that find the same account and key missing wait for one call: after a start or a loss of Redis a
    // thousand of them may come at once.
    private Task<bool> HydrateAsync(KeyEntry key) =>
        _hydrating.GetOrAdd(
            (key.Account, key.Id),
            pair => new Lazy<Task<bool>>(() => HydrateOnceAsync(pair.Account, pair.Key))).Value;

    private async Task<bool> HydrateOnceAsync(long account, long key)
    {
        using var limit = new CancellationTokenSource(HydrateTimeout);
        try
        {
            return (await plane.HydrateAsync(account, key, limit.Token)).Found;
        }
        finally
        {
            _hydrating.TryRemove((account, key), out _);
        }
    }

    private static ReservationResult ResultOf(in HoldReply reply, Usd amount)
    {
        var fault = reply.Code switch
        {
            TillCode.Ok or TillCode.Repeated => ReservationFault.None,
            TillCode.Funds => ReservationFault.Funds,
            TillCode.KeyCap => ReservationFault.KeyCap,
            TillCode.Rate => ReservationFault.Rate,
            TillCode.Concurrency => ReservationFault.Concurrency,
            TillCode.Disabled => ReservationFault.AccountDisabled,
            TillCode.NotHydrated or TillCode.ShardNotBuilt or TillCode.StaleEpoch => ReservationFault.Unavailable,
            _ => ReservationFault.Internal,
        };
        return new ReservationResult(
            fault, amount, reply.Available, reply.RetryAfterMs, reply.Code, Rates: reply.Rates);
    }

    private async Task ReleaseAsync(RequestId rid, KeyEntry key)
    {
        for (var i = 0; i < ReleaseTriesMax; i++)
        {
            try
            {
                using var limit = new CancellationTokenSource(ReleaseTimeout);
                await till.ReleaseAsync(rid, key.Account, key.Id, limit.Token);
                return;
            }
            catch (Exception error) when (error is RedisUnavailableException or OperationCanceledException)
            {
                // What stays held is reaped when its time is over.
                await Task.Delay(TimeSpan.FromMilliseconds(200 << i));
            }
        }
    }
}
