using TokenHub.Core.Snapshots;

namespace TokenHub.Gateway.Forwarding.Attempts;

/// <summary>
/// Bounds how many retries (and hedges) run at once: a share of the running requests, and a few always. So an outage of
/// many channels is not answered with a multiple of the load. A retry counts until it has content; one that finds no
/// room waits a moment for it, for most of those before it end soon.
/// </summary>
internal sealed class RetryBudget(Func<long> running)
{
    private readonly Lock _gate = new();
    private readonly LinkedList<TaskCompletionSource> _waiting = new();
    private int _retries;

    /// <summary>Retries that run now.</summary>
    public int Running => Volatile.Read(ref _retries);

    /// <summary>Takes room for a retry, at once or not at all.</summary>
    public bool TryEnter(RoutingRules rules)
    {
        lock (_gate)
        {
            if (!HasRoom(rules))
            {
                return false;
            }

            _retries++;
            return true;
        }
    }

    /// <summary>Takes room for a retry. False when there was none in time.</summary>
    public ValueTask<bool> EnterAsync(RoutingRules rules, TimeSpan patience, CancellationToken cancel) =>
        TryEnter(rules) ? new ValueTask<bool>(true) : EnterSlowAsync(rules, patience, cancel);

    public void Leave()
    {
        TaskCompletionSource? next;
        lock (_gate)
        {
            _retries--;
            next = TakeNext();
        }

        next?.TrySetResult();
    }

    private async ValueTask<bool> EnterSlowAsync(RoutingRules rules, TimeSpan patience, CancellationToken cancel)
    {
        var until = Environment.TickCount64 + (long)patience.TotalMilliseconds;
        while (Environment.TickCount64 < until)
        {
            var turn = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            LinkedListNode<TaskCompletionSource> place;
            lock (_gate)
            {
                if (HasRoom(rules))
                {
                    _retries++;
                    return true;
                }

                place = _waiting.AddLast(turn);
            }

            try
            {
                await turn.Task.WaitAsync(TimeSpan.FromMilliseconds(until - Environment.TickCount64), cancel);
            }
            catch (Exception error) when (error is TimeoutException or OperationCanceledException)
            {
                GiveUp(place);
                return false;
            }
        }

        return false;
    }

    // A turn that came in the same moment goes to the next in line.
    private void GiveUp(LinkedListNode<TaskCompletionSource> place)
    {
        TaskCompletionSource? next = null;
        lock (_gate)
        {
            if (place.List is not null)
            {
                _waiting.Remove(place);
            }
            else
            {
                next = TakeNext();
            }
        }

        next?.TrySetResult();
    }

    private TaskCompletionSource? TakeNext()
    {
        var next = _waiting.First;
        if (next is not null)
        {
            _waiting.RemoveFirst();
        }

        return next?.Value;
    }

    private bool HasRoom(RoutingRules rules) =>
        _retries < Math.Max(rules.RetriesMin, running() * rules.RetryShareBp / 10_000);
}
