using System.Threading.Tasks.Sources;
using TokenHub.Core.Money;
using TokenHub.Core.Requests;
using TokenHub.Core.Snapshots;

namespace TokenHub.Gateway.Channels.Queue;

/// <summary>Who asks for a place.</summary>
internal readonly record struct QueueCall(RequestId Rid, int Attempt, long Account, int Weight);

/// <summary>How long a request may stand in line, and with how many others.</summary>
/// <param name="Max">Requests in line at this gateway.</param>
/// <param name="UserMax">Of these, requests of one user.</param>
/// <param name="Group">The group that has a bound of its own; else null.</param>
/// <param name="GroupMax">Requests in line that are served by it.</param>
internal readonly record struct QueueBounds(int WaitMs, int Max, int UserMax, string? Group, int GroupMax)
{
    /// <summary>What a group says goes before the rules.</summary>
    public static QueueBounds Of(RoutingRules rules, GroupEntry? group) => new(
        group?.QueueWaitMs ?? rules.QueueWaitMs, rules.QueueMax, rules.QueueUserMax,
        group?.QueueMax is null ? null : group.Name, group?.QueueMax ?? int.MaxValue);
}

/// <summary>One channel that may serve a request in line, and how much of its limits the request may take.</summary>
/// <param name="Left">How often places had been given back there when its gate was asked.</param>
/// <param name="NotBeforeMs">Its gate said that it is of no use to ask before.</param>
internal readonly record struct QueueStep(
    UpstreamChannel Channel, int Step, long Tokens, Usd Cost, int Left, int NotBeforeMs)
{
    /// <summary>Stands for a gate that was not asked because there was a line already.</summary>
    public const int NotAsked = -1;
}

/// <summary>What came of standing in line.</summary>
internal enum QueueEnd : byte
{
    None = 0,

    /// <summary>A place is taken.</summary>
    In,

    /// <summary>The client left.</summary>
    Gone,

    /// <summary>The longest wait is over.</summary>
    TimedOut,

    /// <summary>By what is known it could not be served in time.</summary>
    TooLong,

    /// <summary>As many wait as may.</summary>
    Full,

    /// <summary>As many of this user wait as may.</summary>
    UserFull,

    /// <summary>None of its channels will have room.</summary>
    Exhausted,
}

/// <param name="Step">Of the plan; the place's.</param>
/// <param name="Position">Place in line when it joined, from 1; 0 when it did not.</param>
/// <param name="RetryAfterMs">When to try again; 0 when nothing is known.</param>
internal readonly record struct Queued(
    QueueEnd End, int Step, long Fence, int Position, int WaitedMs, int RetryAfterMs);

/// <summary>
/// One request in the lines of all channels that may serve it. Knows nothing of its exchange, which may be gone while a
/// gate is still being asked. All but the result is guarded by the queue's lock.
/// </summary>
internal sealed class Waiter(QueueCall call, string? group, long number, long since, long until)
    : IValueTaskSource<Queued>
{
    private readonly ChannelLine[] _lines = new ChannelLine[RoutingRules.AttemptsLimit];
    private readonly QueueStep[] _steps = new QueueStep[RoutingRules.AttemptsLimit];
    private ManualResetValueTaskSourceCore<Queued> _source;

    public QueueCall Call => call;

    /// <summary>The group whose own bound it counts for, or null.</summary>
    public string? Group => group;

    /// <summary>Counts those who ever joined: the earlier goes first among equals.</summary>
    public long Number => number;

    public long Since => since;

    public long Until => until;

    public ReadOnlySpan<ChannelLine> Lines => _lines.AsSpan(0, Count);

    public int Count { get; private set; }

    public int Position { get; set; }

    /// <summary>Where it stands in the queue's list.</summary>
    public int Index { get; set; }

    /// <summary>A gate is being asked for a place of this one.</summary>
    public bool IsAsked { get; set; }

    /// <summary>It is out of line; what a gate gives it now has to be given back.</summary>
    public bool IsOver { get; set; }

    public CancellationTokenRegistration Leaving { get; set; }

    public ValueTask<Queued> Task => new(this, _source.Version);

    public void Add(ChannelLine line, in QueueStep step)
    {
        (_lines[Count], _steps[Count]) = (line, step);
        Count++;
    }

    public ref readonly QueueStep At(ChannelLine line) => ref _steps[Lines.IndexOf(line)];

    /// <summary>It stands in this line no more.</summary>
    public void Drop(ChannelLine line)
    {
        var at = Lines.IndexOf(line);
        Count--;
        (_lines[at], _steps[at]) = (_lines[Count], _steps[Count]);
    }

    /// <summary>No channel of its own works as it should: a resting one is then better than none.</summary>
    public bool RestsEverywhere(long now)
    {
        foreach (var line in Lines)
        {
            if (!line.Rests(now))
            {
                return false;
            }
        }

        return true;
    }

    public void Complete(in Queued queued) => _source.SetResult(queued);

    Queued IValueTaskSource<Queued>.GetResult(short token)
    {
        Leaving.Dispose();
        return _source.GetResult(token);
    }

    ValueTaskSourceStatus IValueTaskSource<Queued>.GetStatus(short token) => _source.GetStatus(token);

    void IValueTaskSource<Queued>.OnCompleted(
        Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        _source.OnCompleted(continuation, state, token, flags);
}
