using TokenHub.Gateway.Channels.Gate;
using TokenHub.Gateway.Telemetry;

namespace TokenHub.Gateway.Channels.Queue;

/// <summary>
/// The lines in front of channels with limits. A request stands in the lines of all channels that may serve it; when a
/// slot of one is given back here, the gate of that channel is asked for whoever's turn it is, and now and then also
/// without, for slots that other gateways gave back. One question at a time a channel, one timer for all, no thread
/// for anybody who waits. Thread-safe.
/// </summary>
internal sealed partial class FairQueue : IDisposable
{
    private const int TickMs = 5;

    // A place given back is on its way to Redis on another connection perhaps.
    private const int AskSoonMs = 5;
    private const int AskEveryMsMin = 25;
    private const int AskEveryMsMax = 50;

    private readonly IChannelGate _gate;
    private readonly QueueMeter _meter;
    private readonly TimeProvider _time;
    private readonly Random _random;
    private readonly ITimer _timer;
    private readonly Lock _lock = new();
    private readonly Dictionary<long, ChannelLine> _lines = [];
    private readonly List<ChannelLine> _busy = [];
    private readonly List<Waiter> _waiters = [];
    private readonly Dictionary<long, int> _waitersOf = [];
    private long _number;
    private int _isTicking;

    public FairQueue(IChannelGate gate, QueueMeter meter, TimeProvider time, Random random)
    {
        (_gate, _meter, _time, _random) = (gate, meter, time, random);
        _timer = time.CreateTimer(
            static state => ((FairQueue)state!).Tick(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    public int Waiting
    {
        get
        {
            lock (_lock)
            {
                return _waiters.Count;
            }
        }
    }

    /// <summary>True when a newcomer would overtake somebody here.</summary>
    public static bool HasLine(ChannelLive live) => Volatile.Read(ref live.Waiting) > 0;

    /// <summary>How often places were given back at a channel; taken before its gate is asked.</summary>
    public int LeftOf(ChannelLive live)
    {
        lock (_lock)
        {
            return LineOf(live).Left;
        }
    }

    /// <summary>A place was taken without standing in line.</summary>
    public void Took(ChannelLive live, long account, int weight)
    {
        Interlocked.Increment(ref live.Running);
        lock (_lock)
        {
            LineOf(live).Take(account, weight, Now());
        }
    }

    /// <summary>A place was given back; the gate knows.</summary>
    public void GaveBack(ChannelLive live, long account, int heldMs)
    {
        ChannelLine line;
        Interlocked.Decrement(ref live.Running);
        lock (_lock)
        {
            line = LineOf(live);
            var now = Now();
            line.Leave(account, heldMs, now);
            if (line.Waiting == 0 || IsShut(line, now))
            {
                return;
            }
        }

        Ask(line);
    }

    /// <summary>Stands in line for one of these channels, within the bounds of the rules.</summary>
    public ValueTask<Queued> WaitAsync(
        in QueueCall call,
        ReadOnlySpan<QueueStep> steps,
        in QueueBounds bounds,
        CancellationToken cancellationToken)
    {
        Waiter waiter;
        Waiter? pushedOut = null;
        var refusal = QueueEnd.None;
        var retryMs = 0;
        lock (_lock)
        {
            var now = Now();
            waiter = new Waiter(call, bounds.Group, _number++, now, now + Ticks(bounds.WaitMs));
            refusal = Bound(call, bounds, out pushedOut);
            if (refusal == QueueEnd.None)
            {
                Join(waiter, steps, now);
                var (position, inMs) = Estimate(waiter);
                waiter.Position = position;
                if (inMs > bounds.WaitMs)
                {
                    Remove(waiter, now);
                    (refusal, retryMs) = (QueueEnd.TooLong, (int)Math.Min(int.MaxValue, Math.Ceiling(inMs)));
                }
            }
        }

        Finish(pushedOut, QueueEnd.Full);
        if (refusal != QueueEnd.None)
        {
            _meter.Ended(refusal.ToString(), 0);
            return ValueTask.FromResult(new Queued(refusal, -1, 0, 0, 0, retryMs));
        }

        waiter.Leaving = cancellationToken.UnsafeRegister(
            static (state, _) => ((Departure)state!).Go(), new Departure(this, waiter));
        AskForNewcomer(waiter, steps);
        return waiter.Task;
    }

    /// <summary>Looks after those who wait: whose time is over, and which gates are to be asked again.</summary>
    internal void Tick()
    {
        if (Interlocked.Exchange(ref _isTicking, 1) == 1)
        {
            return;
        }

        List<Waiter>? late = null;
        List<ChannelLine>? due = null;
        lock (_lock)
        {
            var now = Now();
            foreach (var waiter in _waiters)
            {
                if (waiter.Until <= now)
                {
                    (late ??= []).Add(waiter);
                }
            }

            foreach (var line in _busy)
            {
                if (!line.IsAsking && line.AskAt <= now)
                {
                    (due ??= []).Add(line);
                }
            }

            foreach (var waiter in late ?? [])
            {
                Remove(waiter, now);
            }
        }

        Volatile.Write(ref _isTicking, 0);
        foreach (var waiter in late ?? [])
        {
            Finish(waiter, QueueEnd.TimedOut);
        }

        foreach (var line in due ?? [])
        {
            Ask(line);
        }
    }

    public void Dispose() => _timer.Dispose();

    // A client that leaves is out of line at once, even while a gate is being asked for it.
    private void Leave(Waiter waiter)
    {
        lock (_lock)
        {
            if (waiter.IsOver)
            {
                return;
            }

            Remove(waiter, Now());
        }

        Finish(waiter, QueueEnd.Gone);
    }

    private void Join(Waiter waiter, ReadOnlySpan<QueueStep> steps, long now)
    {
        waiter.Index = _waiters.Count;
        _waiters.Add(waiter);
        _meter.Waiting = _waiters.Count;
        _waitersOf[waiter.Call.Account] = _waitersOf.GetValueOrDefault(waiter.Call.Account) + 1;
        CountInGroup(waiter, 1);
        foreach (ref readonly var step in steps)
        {
            var line = LineOf(step.Channel.Live);
            if (waiter.Lines.IndexOf(line) >= 0)
            {
                continue;
            }

            if (line.Waiting == 0)
            {
                _busy.Add(line);
                line.AskAt = Math.Max(line.AskAt, now + Pause());
            }

            waiter.Add(line, step);
            line.Join(waiter, now);
            line.AskAt = Math.Max(line.AskAt, now + Ticks(step.NotBeforeMs));
        }

        if (_waiters.Count == 1)
        {
            var tick = TimeSpan.FromMilliseconds(TickMs);
            _timer.Change(tick, tick);
        }
    }

    private void Remove(Waiter waiter, long now)
    {
        waiter.IsOver = true;
        var last = _waiters[^1];
        _waiters[waiter.Index] = last;
        last.Index = waiter.Index;
        _waiters.RemoveAt(_waiters.Count - 1);
        CountInGroup(waiter, -1);
        _meter.Waiting = _waiters.Count;
        if (_waitersOf[waiter.Call.Account] is var count && count > 1)
        {
            _waitersOf[waiter.Call.Account] = count - 1;
        }
        else
        {
            _waitersOf.Remove(waiter.Call.Account);
        }

        foreach (var line in waiter.Lines)
        {
            RemoveFrom(line, waiter, now);
        }

        if (_waiters.Count == 0)
        {
            _timer.Change(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        }
    }

    private void RemoveFrom(ChannelLine line, Waiter waiter, long now)
    {
        line.Remove(waiter, now);
        if (line.Waiting == 0)
        {
            _busy.Remove(line);
        }
    }

    // Each line moves on at its own speed, and whichever comes first serves.
    private static (int Position, double InMs) Estimate(Waiter waiter)
    {
        var (best, speed) = (int.MaxValue, 0.0);
        foreach (var line in waiter.Lines)
        {
            var position = line.PositionOfLast(waiter.Call.Account);
            best = Math.Min(best, position);
            if (line.TurnsPerMs == 0)
            {
                return (best, 0);
            }

            speed += line.TurnsPerMs / (position - 0.5);
        }

        return (best, 1 / speed);
    }

    private ChannelLine LineOf(ChannelLive live)
    {
        if (!_lines.TryGetValue(live.Channel, out var line))
        {
            _lines[live.Channel] = line = new ChannelLine(live, _time.TimestampFrequency);
        }

        return line;
    }

    private void Finish(Waiter? waiter, QueueEnd end, int step = -1, long fence = 0)
    {
        if (waiter is null)
        {
            return;
        }

        var waitedMs = (int)Math.Min(int.MaxValue, _time.GetElapsedTime(waiter.Since).TotalMilliseconds);
        _meter.Ended(end.ToString(), waitedMs);
        waiter.Complete(new Queued(end, step, fence, waiter.Position, waitedMs, 0));
    }

    private long Now() => _time.GetTimestamp();

    private long Ticks(int ms) => ms * _time.TimestampFrequency / 1000;

    private long Pause() => Ticks(_random.Next(AskEveryMsMin, AskEveryMsMax + 1));

    private sealed record Departure(FairQueue Queue, Waiter Waiter)
    {
        public void Go() => Queue.Leave(Waiter);
    }
}
