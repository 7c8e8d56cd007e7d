using System.Globalization;
using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using TokenHub.Core.Money;
using TokenHub.Core.Snapshots;
using TokenHub.Core.Usage;
using TokenHub.Gateway.Channels.Gate;
using TokenHub.Gateway.Errors;
using TokenHub.Gateway.Learned;

namespace TokenHub.Gateway.Channels.Queue;

/// <summary>
/// Lets attempts in, channel by channel in the order of the plan; where all have no room, they stand in line. Whoever
/// comes does not overtake those who wait for the same channel. A channel without limits costs one addition. Channels
/// that have begun to rest since the plan was made come after all others.
/// </summary>
/// <param name="rules">The rules in force.</param>
internal sealed class FairAdmission(
    IChannelGate gate, FairQueue queue, Func<RoutingRules> rules, OutputLengths lengths, TimeProvider time) : IAdmission
{
    public const string PositionHeader = "x-tokenhub-queue-position";
    public const string WaitHeader = "x-tokenhub-queue-ms";
    private const int RetryAfterMsMax = 60_000;

    public ValueTask<Place> EnterAsync(Exchange exchange, CancellationToken cancellationToken)
    {
        var plan = exchange.Plan;
        var first = FirstOf(plan);
        if (first < 0)
        {
            return ValueTask.FromResult(Place.None(new GatewayError(GatewayFault.NoChannel)));
        }

        var channel = plan[first].Candidate.Channel;
        if (!channel.IsLimited)
        {
            Interlocked.Increment(ref channel.Live.Running);
            return ValueTask.FromResult(Taken(exchange, first, 0));
        }

        return EnterLimitedAsync(exchange, cancellationToken);
    }

    public void Leave(Exchange exchange, in Place place, in AttemptRecord attempt)
    {
        if (!exchange.Places.Remove(place))
        {
            return;
        }

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

    public void LeaveAll(Exchange exchange)
    {
        while (exchange.Places.Held is [var place, ..])
        {
            var made = exchange.Attempts;
            Leave(exchange, place, place.Attempt <= made.Count ? made[place.Attempt - 1] : default);
        }
    }

    // The first that was not tried yet; one that rests by now only where there is no other.
    private int FirstOf(RoutePlan plan)
    {
        var resting = -1;
        for (var i = 0; i < plan.Count; i++)
        {
            if (plan.IsTried(i))
            {
                continue;
            }

            if (!Rests(plan[i]))
            {
                return i;
            }

            resting = resting < 0 ? i : resting;
        }

        return resting;
    }

    private bool Rests(in RouteStep step) =>
        Volatile.Read(ref step.Candidate.Channel.Live.RestsUntil) is not 0 and var until && until > time.GetTimestamp();

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<Place> EnterLimitedAsync(Exchange exchange, CancellationToken cancellationToken)
    {
        var plan = exchange.Plan;
        var key = exchange.Key!.Record;
        var call = new QueueCall(exchange.Id, exchange.Places.NextAttempt, key.Account, key.UserWeight);
        var steps = new StepList();
        var bounds = QueueBounds.Of(rules(), plan.Group);
        var leftMs = bounds.WaitMs - plan.QueuedMs;
        var (retryMs, resting) = (0, 0u);
        for (var n = 0; n < plan.Count || (n < 2 * plan.Count && steps.Count == 0); n++)
        {
            // Those that rest are left for a second turn, which is made when no other will have room.
            var (i, isSecond) = (n % plan.Count, n >= plan.Count);
            var channel = plan[i].Candidate.Channel;
            resting |= !isSecond && Rests(plan[i]) ? 1u << i : 0;
            if (plan.IsTried(i) || (resting & (1u << i)) != 0 != isSecond)
            {
                continue;
            }

            if (!channel.IsLimited)
            {
                Interlocked.Increment(ref channel.Live.Running);
                return Taken(exchange, i, 0);
            }

            var (tokens, cost) = GateEstimate.Of(exchange, plan[i].Candidate, lengths);
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
                return Taken(exchange, i, reply.Fence);
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
                : new GatewayError(GatewayFault.ChannelsExhausted, RetryAfterMs: retryMs));
        }

        var queued = await queue.WaitAsync(call, steps.Span, bounds with { WaitMs = leftMs }, cancellationToken);
        return After(exchange, queued);
    }

    private static Place After(Exchange exchange, in Queued queued)
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
            QueueEnd.In => Taken(exchange, queued.Step, queued.Fence),
            QueueEnd.Gone => Place.None(default),
            QueueEnd.UserFull => Place.None(new GatewayError(GatewayFault.QueueShare)),
            QueueEnd.Exhausted => Place.None(new GatewayError(GatewayFault.ChannelsExhausted)),
            _ => Place.None(Busy(queued.RetryAfterMs)),
        };
    }

    private static GatewayError Busy(int retryMs) =>
        new(GatewayFault.ChannelsBusy, RetryAfterMs: Math.Min(retryMs, RetryAfterMsMax));

    private static Place Taken(Exchange exchange, int step, long fence)
    {
        var place = new Place(step, exchange.Places.NextAttempt, fence, default);
        exchange.Plan.MarkTried(step);
        exchange.Places.Add(place);
        return place;
    }

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
