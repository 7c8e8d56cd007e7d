using System.Runtime.CompilerServices;
using Microsoft.Extensions.Logging;
using TokenHub.Core.Snapshots;
using TokenHub.Core.Usage;
using TokenHub.Gateway.Channels.Circuits;
using TokenHub.Gateway.Errors;
using TokenHub.Gateway.Forwarding.Attempts;
using TokenHub.Gateway.Forwarding.Hedging;
using TokenHub.Gateway.Telemetry;

namespace TokenHub.Gateway.Forwarding;

/// <summary>
/// Room five: tries the channels of the plan until one answers. Once content has reached the client there is no other
/// channel any more; before, any failure that is not the client's own moves on, within a budget of attempts and time.
/// </summary>
internal sealed class Forwarder(
    AttemptRunner runner,
    IAdmission admission,
    CircuitBoard circuits,
    RetryBudget retries,
    Func<RoutingRules> rules,
    GatewayOptions options,
    GatewayMetrics metrics,
    TimeProvider time,
    ILogger log)
{
    // Retries that end make room for others: a moment is worth waiting for, more is not.
    private static readonly TimeSpan RetryWithin = TimeSpan.FromSeconds(2);

    // Who asks the same channel again gives it a breath.
    private static readonly TimeSpan RepeatAfter = TimeSpan.FromMilliseconds(50);
    private readonly HedgeRace _race = new(runner, admission, circuits, retries, options, metrics, time);

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    public async ValueTask<AttemptResult> ForwardAsync(Exchange exchange)
    {
        var course = new AttemptCourse(exchange, rules(), options);
        try
        {
            AttemptResult result;
            do
            {
                result = await NextAsync(exchange, course);
                course.Note(result);
            }
            while (course.GoesOn(result));
        }
        catch (OperationCanceledException) when (exchange.Lifetime.RequestAborted.IsCancellationRequested)
        {
            // It left while it stood in line.
            return AttemptResult.ClientGone();
        }
        finally
        {
            if (course.Opened is { } unused)
            {
                await _race.DropAsync(exchange, unused);
            }
        }

        return course.Last;
    }

    // One attempt, at the channel that has a place; or why there is none.
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<AttemptResult> NextAsync(Exchange exchange, AttemptCourse course)
    {
        if (course.Opened is { } opened)
        {
            course.Opened = null;
            return await AttemptAsync(exchange, course, opened.Place, opened.Entry, retries, opened);
        }

        var isRetry = course.Begun > 0;
        if (isRetry && !await MayRetryAsync(exchange, course))
        {
            return course.Last with { CanMoveOn = false };
        }

        var place = Place.None(default);
        try
        {
            while (true)
            {
                place = await admission.EnterAsync(exchange, exchange.Lifetime.RequestAborted);
                if (!place.IsTaken)
                {
                    return isRetry ? course.Last with { CanMoveOn = false } : AttemptResult.NotBegun(place.Error);
                }

                var channel = exchange.Plan[place.Step].Candidate.Channel;
                var entry = await circuits.EnterAsync(channel, options.FirstByteTimeout);
                if (entry != CircuitEntry.TrialElsewhere || !exchange.Plan.HasUntried)
                {
                    var mine = isRetry ? retries : null;
                    isRetry = false;
                    return await AttemptAsync(exchange, course, place, entry, mine, opened: null);
                }

                admission.Leave(exchange, place, new AttemptRecord(channel.Id, 0, AttemptFault.None, 0));
            }
        }
        finally
        {
            // Else the attempt has it, and gives it back.
            if (isRetry)
            {
                retries.Leave();
            }
        }
    }

    private async ValueTask<bool> MayRetryAsync(Exchange exchange, AttemptCourse course)
    {
        var left = TimeSpan.FromMilliseconds(course.Budget.LeftMs(exchange.ElapsedMs));
        if (course.IsRepeated)
        {
            await Task.Delay(RepeatAfter < left ? RepeatAfter : left, exchange.Lifetime.RequestAborted);
        }

        if (!await retries.EnterAsync(
            course.Rules, RetryWithin < left ? RetryWithin : left, exchange.Lifetime.RequestAborted))
        {
            return false;
        }

        metrics.FellBack();
        return true;
    }

    // Whatever happens in it, the place is left before the next attempt enters.
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<AttemptResult> AttemptAsync(
        Exchange exchange, AttemptCourse course, Place place, CircuitEntry entry, RetryBudget? retry, HedgeLeg? opened)
    {
        var candidate = exchange.Plan[place.Step].Candidate;
        var watch = new AttemptWatch(circuits, retry, candidate.Channel, entry, time, opened?.StartedAt);
        var stop = opened?.Stop ?? new CancellationTokenSource();
        var recorded = exchange.Attempts.Count;
        try
        {
            if (!exchange.BeginAttempt(exchange.Plan[place.Step], stop))
            {
                return course.Begun > 0 ? course.Last with { CanMoveOn = false }
                    : AttemptResult.NotBegun(new GatewayError(GatewayFault.TooManyOpen));
            }

            exchange.Tap.BeginAttempt();
            exchange.Watch = watch;
            exchange.Deadline.Set(Wait.Head, course.PatienceFor(candidate));
            var result = opened is null && HedgeRace.IsFor(exchange, course, candidate)
                ? await RaceAsync(exchange, course, place, candidate, stop, watch)
                : await RunAsync(exchange, course, candidate, stop, opened);
            exchange.EndAttempt();
            exchange.Tap.EndAttempt(new AttemptEnd(result.End, result.Fault, result.Status, watch.ElapsedMs));
            Report(exchange, course, candidate, watch, result);
            return result;
        }
        finally
        {
            exchange.Watch = null;
            exchange.EndAttempt();
            watch.Abandon();
            admission.Leave(exchange, place, exchange.Attempts.Count > recorded
                ? exchange.Attempts[^1]
                : new AttemptRecord(candidate.Channel.Id, 0, AttemptFault.None, watch.ElapsedMs));
            opened?.Dispose();
        }
    }

    private ValueTask<AttemptResult> RunAsync(
        Exchange exchange, AttemptCourse course, Candidate candidate, CancellationTokenSource stop, HedgeLeg? opened)
    {
        opened?.TurnTo();
        course.Begun += opened is null ? 1 : 0;
        return runner.RunAsync(exchange, candidate, isLast: !course.HasOthersNow, opened, stop.Token);
    }

    // The first of two attempts, if a second there is.
    private async ValueTask<AttemptResult> RaceAsync(
        Exchange exchange,
        AttemptCourse course,
        Place place,
        Candidate candidate,
        CancellationTokenSource stop,
        AttemptWatch watch)
    {
        course.Begun++;
        var first = new HedgeLeg(exchange, runner, options, place, candidate, stop, watch.StartedAt);
        var error = await first.PrepareAsync();
        if (!error.IsNone)
        {
            first.Dispose();
            return AttemptResult.Untranslatable(error);
        }

        if (await _race.RunAsync(exchange, course, first))
        {
            first.TurnTo();
            var result = await runner.RunAsync(
                exchange, candidate, isLast: !course.HasOthersNow, first, stop.Token);
            first.Dispose();
            return result;
        }

        // It lost: what it has read is the platform's to pay.
        if (first.Running.IsCompleted)
        {
            exchange.Tap.Take(first.Read);
            exchange.Tap.Complete();
            first.Dispose();
        }

        return AttemptResult.Lost(first.Status);
    }

    private void Report(
        Exchange exchange, AttemptCourse course, Candidate candidate, AttemptWatch watch, in AttemptResult result)
    {
        watch.Report(result, exchange.IsStream, course.Rules);
        metrics.AttemptEnded(candidate.Channel.ProviderName, result.Fault);
        if (result.BlamesChannel)
        {
            GatewayLog.AttemptFailed(
                log, exchange.IdText, candidate.Channel.Id, result.Fault.ToString(), result.Status);
        }
    }
}
