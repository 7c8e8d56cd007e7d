using System.Globalization;
using System.Diagnostics.CodeAnalysis;
using System.Numerics;
using System.Runtime.CompilerServices;
using TokenHub.Core.Money;
using TokenHub.Core.Snapshots;
using TokenHub.Core.Usage;
using TokenHub.Gateway.Channels.Gate;
using TokenHub.Gateway.Errors;

namespace TokenHub.Gateway.Channels.Queue;

/// <summary>
/// Lets attempts in, channel by channel in the order of the plan; where all have no room, they stand in line. Whoever
/// comes does not overtake those who wait for the same channel. A channel without limits costs one addition.
/// </summary>
/// <param name="rules">The rules in force.</param>
internal sealed class FairAdmission(IChannelGate gate, FairQueue queue, Func<RoutingRules> rules) : IAdmission
{
    public const string PositionHeader = "x-tokenhub-queue-position";
    public const string WaitHeader = "x-tokenhub-queue-ms";
    private const int RetryAfterMsMax = 60_000;

    public ValueTask<Place> EnterAsync(Exchange exchange, CancellationToken cancellationToken)
    {
        var plan = exchange.Plan;
        var first = BitOperations.TrailingZeroCount(~plan.Tried);
        if (first >= plan.Count)
        {
            return ValueTask.FromResult(Place.None(new GatewayError(GatewayFault.NoChannel)));
        }

        var channel = plan[first].Candidate.Channel;
        if (!channel.IsLimited)
        {
            Interlocked.Increment(ref channel.Live.Running);
            return ValueTask.FromResult(Taken(plan, first, 0));
        }

        return EnterLimitedAsync(exchange, cancellationToken);
    }

    public void Leave(Exchange exchange, in Place place, in AttemptRecord attempt)
    {
        var candidate = exchange.Plan[place.Step].Candidate;
        var channel = candidate.Channel;
        if (!channel.IsLimited)
        {
            Interlocked.Decrement(ref channel.Live.Running);
            return;
        }

        // By the channel's own price: what the caller pays more or less is nothing that the upstream counts.
        var cost = attempt.Usage.IsEmpty ? Usd.Zero : TariffMath.Cost(candidate.Tariff, attempt.Usage);
        gate.Leave(channel, exchange.Id, place.Attempt, place.Fence, attempt.Usage.Total, cost);
        queue.GaveBack(channel.Live, exchange.Key!.Account, attempt.ElapsedMs);
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<Place> EnterLimitedAsync(Exchange exchange, CancellationToken cancellationToken)
    {
        var plan = exchange.Plan;
        var key = exchange.Key!.Record;
        var call = new QueueCall(exchange.Id, NextAttempt(plan), key.Account, key.UserWeight);
        var steps = new StepList();
        var leftMs = rules().QueueWaitMs - plan.QueuedMs;
        var retryMs = 0;
        for (var i = 0; i < plan.Count; i++)
        {
            var channel = plan[i].Candidate.Channel;
            if (HasTried(plan, i))
            {
                continue;
            }

            if (!channel.IsLimited)
            {
                Interlocked.Increment(ref channel.Live.Running);
                return Taken(plan, i, 0);
            }

            var (tokens, cost) = EstimateOf(exchange);
            var left = QueueStep.NotAsked;
            GateReply reply = default;
            if (!FairQueue.HasLine(channel.Live))
            {
                // Not given up when the client leaves: nobody would know whether the place was taken.
                left = queue.LeftOf(channel.Live);
                reply = await gate.EnterAsync(
                    channel, call.Rid, call.Attempt, tokens, cost, CancellationToken.None);
            }

            if (reply.Code == GateCode.Ok
                || (reply.Code == GateCode.Unavailable && FairQueue.HasRoomHere(channel)))
            {
                queue.Took(channel.Live, call.Account, call.Weight);
                return Taken(plan, i, reply.Fence);
            }

            if (reply.Code == GateCode.Exhausted || (reply.Code == GateCode.Rate && reply.RetryAfterMs > leftMs))
            {
                retryMs = retryMs == 0 ? reply.RetryAfterMs : Math.Min(retryMs, reply.RetryAfterMs);
                continue;
            }

            steps.Add(new QueueStep(
                channel, i, tokens, cost, left, reply.Code == GateCode.Rate ? reply.RetryAfterMs : 0));
        }

        if (steps.Count == 0 || leftMs <= 0)
        {
            return Place.None(steps.Count > 0 ? Busy(retryMs)
                : new GatewayError(GatewayFault.NoChannel, RetryAfterMs: Math.Min(retryMs, RetryAfterMsMax)));
        }

        var queued = await queue.WaitAsync(call, steps.Span, leftMs, rules(), cancellationToken);
        return After(exchange, queued, call.Attempt);
    }

    private static Place After(Exchange exchange, in Queued queued, int attempt)
    {
        var plan = exchange.Plan;
        if (queued.Position > 0)
        {
            plan.QueuedMs += queued.WaitedMs;
            if (queued.End != QueueEnd.Gone && !exchange.HasStarted)
            {
                var headers = exchange.Response.Headers;
                headers[PositionHeader] = queued.Position.ToString(CultureInfo.InvariantCulture);
                headers[WaitHeader] = plan.QueuedMs.ToString(CultureInfo.InvariantCulture);
            }
        }

        return queued.End switch
        {
            QueueEnd.In => Taken(plan, queued.Step, queued.Fence),
            QueueEnd.Gone => Place.None(default),
            QueueEnd.UserFull => Place.None(new GatewayError(GatewayFault.QueueShare)),
            QueueEnd.Exhausted => Place.None(new GatewayError(GatewayFault.NoChannel)),
            _ => Place.None(Busy(queued.RetryAfterMs)),
        };
    }

    private static GatewayError Busy(int retryMs) =>
        new(GatewayFault.ChannelsBusy, RetryAfterMs: Math.Min(retryMs, RetryAfterMsMax));

    private static bool HasTried(RoutePlan plan, int step) => (plan.Tried & (1u << step)) != 0;

    private static int NextAttempt(RoutePlan plan) => BitOperations.PopCount(plan.Tried) + 1;

    private static Place Taken(RoutePlan plan, int step, long fence)
    {
        var attempt = NextAttempt(plan);
        plan.Tried |= 1u << step;
        return new Place(step, attempt, fence, default);
    }

    // What the attempt may use at most, as far as it is known.
    private static (long Tokens, Usd Cost) EstimateOf(Exchange exchange) => (
        Math.Max(exchange.RatedTokens, exchange.InputEstimate + (exchange.Facts.MaxOutputTokens ?? 0)),
        exchange.Hold.Amount);

    // Kept where it is: what does not wait allocates nothing for it.
    private struct StepList
    {
        private Slots _slots;

        public int Count { get; private set; }

        [UnscopedRef]
        public ReadOnlySpan<QueueStep> Span => ((ReadOnlySpan<QueueStep>)_slots)[..Count];

        public void Add(in QueueStep step) => _slots[Count++] = step;
    }

    [InlineArray(RoutingRules.AttemptsLimit)]
    private struct Slots
    {
        private QueueStep _first;
    }
}
