namespace TokenHub.Gateway.Channels.Queue;

/// <summary>How many may stand in line: in all, of one user, of one group.</summary>
internal sealed partial class FairQueue
{
    // Of groups with a bound of their own.
    private readonly Dictionary<string, int> _waitersIn = new(StringComparer.Ordinal);

    private QueueEnd Bound(in QueueCall call, in QueueBounds bounds, out Waiter? pushedOut)
    {
        pushedOut = null;
        if (_waitersOf.GetValueOrDefault(call.Account) >= bounds.UserMax)
        {
            return QueueEnd.UserFull;
        }

        if (bounds.Group is { } group && _waitersIn.GetValueOrDefault(group) >= bounds.GroupMax)
        {
            // Room in the whole line is made with it.
            return PushOut(call.Account, group, out pushedOut);
        }

        return _waiters.Count < bounds.Max ? QueueEnd.None : PushOut(call.Account, null, out pushedOut);
    }

    // When as many wait as may, whoever has least in line takes the place of the last of whoever has most.
    private QueueEnd PushOut(long account, string? group, out Waiter? pushedOut)
    {
        pushedOut = null;
        var counts = group is null ? _waitersOf : CountsIn(group);
        var most = counts.Count == 0 ? default : counts.MaxBy(static of => of.Value);
        if (most.Value <= counts.GetValueOrDefault(account) + 1)
        {
            return QueueEnd.Full;
        }

        foreach (var waiter in _waiters)
        {
            if (waiter.Call.Account == most.Key && (group is null || waiter.Group == group)
                && (pushedOut is null || waiter.Number > pushedOut.Number))
            {
                pushedOut = waiter;
            }
        }

        Remove(pushedOut!, Now());
        return QueueEnd.None;
    }

    private Dictionary<long, int> CountsIn(string group)
    {
        var counts = new Dictionary<long, int>();
        foreach (var waiter in _waiters)
        {
            if (waiter.Group == group)
            {
                counts[waiter.Call.Account] = counts.GetValueOrDefault(waiter.Call.Account) + 1;
            }
        }

        return counts;
    }

    private void CountInGroup(Waiter waiter, int change)
    {
        if (waiter.Group is not { } group)
        {
            return;
        }

        var count = _waitersIn.GetValueOrDefault(group) + change;
        if (count > 0)
        {
            _waitersIn[group] = count;
        }
        else
        {
            _waitersIn.Remove(group);
        }
    }
}
