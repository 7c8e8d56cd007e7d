using TokenHub.Core.Usage;
using TokenHub.Gateway.Channels.Circuits;
using TokenHub.Gateway.Forwarding.Attempts;
using TokenHub.Gateway.Telemetry;

namespace TokenHub.Gateway.Forwarding.Hedging;

/// <summary>
/// Starts a second attempt when the first is slower to begin than it usually is, and lets the faster one serve. The
/// slot in the in-flight table stays with the first until the winner is known, the hold covers the dearest of the plan:
/// the user pays for one answer, the platform for the other.
/// </summary>
internal sealed class HedgeRace(
    AttemptRunner runner,
    IAdmission admission,
    CircuitBoard circuits,
    RetryBudget retries,
    GatewayOptions options,
    GatewayMetrics metrics,
    TimeProvider time)
{
    // A place that is not free at once is none: whoever hedges must not stand in line.
    private static readonly TimeSpan PlaceWithin = TimeSpan.FromMilliseconds(50);

    // A loser that does not end at once ends by itself; nobody waits for it.
    private static readonly TimeSpan LoserEndsWithin = TimeSpan.FromMilliseconds(50);

    /// <summary>
    /// True when a request may be hedged: a billed stream, in a group that wants it, with somewhere to go.
    /// </summary>
    public static bool IsFor(Exchange exchange, AttemptCourse course, Candidate first) =>
        exchange is { IsStream: true, State: ExchangeState.Holding, Media: null, Plan.Group.Hedges: true }
        && course is { Begun: 0, HasOthers: true } && first.Channel.Live.FirstTokenP95Ms > 0;

    /// <summary>
    /// Runs the first attempt up to its first content, and after its usual time a second one beside it. True when the
    /// first is to be played; another that is to be played then, or instead, stands in the course.
    /// </summary>
    public async ValueTask<bool> RunAsync(Exchange exchange, AttemptCourse course, HedgeLeg first)
    {
        var rules = course.Rules;
        first.Start();
        var usual = first.Candidate.Channel.Live.FirstTokenP95Ms;
        var delay = TimeSpan.FromMilliseconds(Math.Max(rules.HedgeMinMs, Math.Min(usual, rules.HedgeMaxMs)));
        if (await EndsWithinAsync(first.Running, delay)
            || await TryOpenAsync(exchange, course, first) is not { } second)
        {
            await first.Running;
            return true;
        }

        metrics.Hedged();
        course.Begun++;
        using (exchange.Lifetime.RequestAborted.UnsafeRegister(
            static stop => ((CancellationTokenSource)stop!).Cancel(), second.Stop))
        {
            second.Stop.CancelAfter(course.Budget.LeftMs(exchange.ElapsedMs));
            second.Start();
            first.TurnTo();
            var one = await Task.WhenAny(first.Running, second.Running);
            if (!(one == first.Running ? first : second).HasContent)
            {
                await (one == first.Running ? second : first).Running;
            }
        }

        second.Stop.CancelAfter(Timeout.InfiniteTimeSpan);
        if (first.HasContent)
        {
            await first.Running;
            await DropAsync(exchange, second);
            exchange.KeepAttempts();
            return true;
        }

        course.Opened = second;
        if (second.HasContent && !first.Running.IsCompleted)
        {
            await EndAsync(first);
            return false;
        }

        return true;
    }

    /// <summary>Ends an attempt that will not be played: it stands in its own row, at the platform's cost.</summary>
    public async ValueTask DropAsync(Exchange exchange, HedgeLeg leg)
    {
        var hasEnded = await EndAsync(leg);
        var bytes = hasEnded ? leg.Read : default;
        exchange.Tap.AddLost(
            leg.Candidate, bytes,
            new AttemptEnd(AnswerEnd.LostRace, AttemptFault.None, hasEnded ? leg.Status : 0, ElapsedOf(leg)));
        admission.Leave(exchange, leg.Place, exchange.Attempts[^1]);
        retries.Leave();
        metrics.AttemptEnded(leg.Candidate.Channel.ProviderName, AttemptFault.None);
        if (hasEnded)
        {
            leg.Dispose();
        }
    }

    // What was learnt of a loser: only that it had not come so far. False when it has not ended yet.
    private static async ValueTask<bool> EndAsync(HedgeLeg leg)
    {
        await leg.Stop.CancelAsync();
        if (await EndsWithinAsync(leg.Running, LoserEndsWithin))
        {
            return true;
        }

        _ = leg.Running.ContinueWith(
            static (_, ended) => ((HedgeLeg)ended!).Dispose(), leg, CancellationToken.None,
            TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
        return false;
    }

    private async ValueTask<HedgeLeg?> TryOpenAsync(Exchange exchange, AttemptCourse course, HedgeLeg first)
    {
        if (exchange.IsClientGone || !retries.TryEnter(course.Rules))
        {
            return null;
        }

        var place = await TryEnterAsync(exchange);
        if (place.IsTaken)
        {
            var candidate = exchange.Plan[place.Step].Candidate;
            var second = new HedgeLeg(
                exchange, runner, options, place, candidate, new CancellationTokenSource(), time.GetTimestamp());

            // A channel that is only being tried is no help for anybody who is in a hurry.
            if (!candidate.Channel.Live.IsHalfOpen && !circuits.IsResting(candidate.Channel))
            {
                exchange.TurnTo(candidate, null, "");
                if ((await second.PrepareAsync()).IsNone)
                {
                    return second;
                }

                first.TurnTo();
            }

            second.Dispose();
            admission.Leave(exchange, place, new AttemptRecord(candidate.Channel.Id, 0, AttemptFault.None, 0));
        }

        retries.Leave();
        return null;
    }

    private async ValueTask<Place> TryEnterAsync(Exchange exchange)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(exchange.Lifetime.RequestAborted);
        limit.CancelAfter(PlaceWithin);
        try
        {
            return await admission.EnterAsync(exchange, limit.Token);
        }
        catch (OperationCanceledException)
        {
            return Place.None(default);
        }
    }

    private int ElapsedOf(HedgeLeg leg) =>
        (int)Math.Min(int.MaxValue, time.GetElapsedTime(leg.StartedAt).TotalMilliseconds);

    private static async ValueTask<bool> EndsWithinAsync(Task running, TimeSpan time)
    {
        try
        {
            await running.WaitAsync(time);
            return true;
        }
        catch (TimeoutException)
        {
            return false;
        }
    }
}
