using System.Runtime.CompilerServices;
using TokenHub.Core.Money;
using TokenHub.Core.Usage;
using TokenHub.Gateway.Errors;

namespace TokenHub.Gateway.Channels.Gate;

/// <summary>Goes through the plan in its order and takes the first place there is; waits for none.</summary>
internal sealed class GateAdmission(IChannelGate gate) : IAdmission
{
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    public async ValueTask<Place> EnterAsync(Exchange exchange, CancellationToken cancellationToken)
    {
        var (plan, places) = (exchange.Plan, exchange.Places);
        var retryAfterMs = int.MaxValue;
        var isFull = false;
        for (var step = 0; step < plan.Count; step++)
        {
            if (places.HasTried(step))
            {
                continue;
            }

            var candidate = plan[step].Candidate;
            var reply = await AskAsync(exchange, candidate, places.NextAttempt, cancellationToken);
            if (reply.IsIn)
            {
                var place = new Place(step, places.NextAttempt, reply.Fence, default);
                places.Add(place);
                Interlocked.Increment(ref candidate.Channel.Live.Running);
                return place;
            }

            isFull = true;
            retryAfterMs = Math.Min(retryAfterMs, reply.RetryAfterMs > 0 ? reply.RetryAfterMs : int.MaxValue);
        }

        return Place.None(isFull
            ? new GatewayError(GatewayFault.ChannelsFull, RetryAfterMs: retryAfterMs == int.MaxValue ? 0 : retryAfterMs)
            : new GatewayError(GatewayFault.NoChannel));
    }

    public void Leave(Exchange exchange, in Place place, in AttemptRecord attempt)
    {
        if (!exchange.Places.Remove(place))
        {
            return;
        }

        // By the channel's own price: what the caller pays more or less is nothing that the upstream counts.
        var candidate = exchange.Plan[place.Step].Candidate;
        var cost = attempt.Usage.IsEmpty ? Usd.Zero : TariffMath.Cost(candidate.Tariff, attempt.Usage);
        Interlocked.Decrement(ref candidate.Channel.Live.Running);
        gate.Leave(candidate.Channel, exchange.Id, place.Attempt, place.Fence, attempt.Usage.Total, cost);
    }

    public void LeaveAll(Exchange exchange)
    {
        while (exchange.Places.Held is [var place, ..])
        {
            var made = exchange.Attempts;
            Leave(exchange, place, place.Attempt <= made.Count ? made[place.Attempt - 1] : default);
        }
    }

    private ValueTask<GateReply> AskAsync(
        Exchange exchange, Candidate candidate, int attempt, CancellationToken cancellationToken)
    {
        var channel = candidate.Channel;
        if (channel.Limits.IsNone)
        {
            return ValueTask.FromResult(new GateReply(GateCode.Ok, 0, 0));
        }

        var estimate = GateEstimate.Of(exchange, candidate);
        return gate.EnterAsync(channel, exchange.Id, attempt, estimate.Tokens, estimate.Cost, cancellationToken);
    }
}
