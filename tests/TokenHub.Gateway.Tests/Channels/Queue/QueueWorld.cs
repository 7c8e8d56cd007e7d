using TokenHub.Core.Money;
using TokenHub.Core.Requests;
using TokenHub.Core.Snapshots;
using TokenHub.Gateway.Channels.Gate;
using TokenHub.Gateway.Channels.Queue;
using TokenHub.Gateway.Telemetry;
using TokenHub.Gateway.Tests.Rig;
using Xunit;

namespace TokenHub.Gateway.Tests.Channels.Queue;

/// <summary>Lines, channels and a gate in one process, by a clock that moves only when told to.</summary>
internal sealed class QueueWorld : IDisposable
{
    private int _calls;

    public QueueWorld(int seed = 1, int channels = 1, int slots = 1)
    {
        Queue = new FairQueue(Gate, Meter, Clock, new Random(seed));
        for (var i = 1; i <= channels; i++)
        {
            Channels.Add(new UpstreamChannel(Entries.Channel(i) with { MaxConcurrency = slots }, Entries.Box));
        }
    }

    public VirtualClock Clock { get; } = new();

    public SlotGate Gate { get; } = new();

    public QueueMeter Meter { get; } = new();

    public FairQueue Queue { get; }

    public List<UpstreamChannel> Channels { get; } = [];

    public RoutingRules Rules { get; set; } = new();

    /// <summary>By which whoever comes is served.</summary>
    public GroupEntry? Group { get; set; }

    /// <summary>Comes as the admission does: to the gate where there is no line, else into the line.</summary>
    public Task<Queued> ComeAsync(
        long account, out RequestId rid, int weight = 1, CancellationToken cancel = default, params int[] to)
    {
        rid = new RequestId(1, (ulong)Interlocked.Increment(ref _calls));
        List<QueueStep> steps = [];
        foreach (var (channel, i) in Channels.Select((c, i) => (c, i)).Where(c => to.Length == 0 || to.Contains(c.i)))
        {
            if (FairQueue.HasLine(channel.Live))
            {
                steps.Add(new QueueStep(channel, i, 0, Usd.Zero, QueueStep.NotAsked, 0));
                continue;
            }

            var left = Queue.LeftOf(channel.Live);
            var reply = Gate.EnterAsync(channel, rid, 1, 0, Usd.Zero, default).AsTask().GetAwaiter().GetResult();
            if (reply.Code == GateCode.Ok)
            {
                Queue.Took(channel.Live, account, weight);
                return Task.FromResult(new Queued(QueueEnd.In, i, reply.Fence, 0, 0, 0));
            }

            steps.Add(new QueueStep(
                channel, i, 0, Usd.Zero, left, reply.Code == GateCode.Rate ? reply.RetryAfterMs : 0));
        }

        var call = new QueueCall(rid, 1, account, weight);
        return Queue.WaitAsync(call, steps.ToArray(), QueueBounds.Of(Rules, Group), cancel).AsTask();
    }

    public void GiveBack(long account, RequestId rid, in Queued place, int heldMs = 100)
    {
        var channel = Channels[place.Step];
        Gate.Leave(channel, rid, 1, place.Fence, 0, Usd.Zero);
        Queue.GaveBack(channel.Live, account, heldMs);
    }

    /// <summary>Lets time pass, with the queue's looks in between.</summary>
    public void Pass(int ms)
    {
        for (var i = 0; i < ms; i += 5)
        {
            Clock.Advance(TimeSpan.FromMilliseconds(Math.Min(5, ms - i)));
            Queue.Tick();
        }
    }

    public void Dispose() => Queue.Dispose();

    /// <summary>Timers of this clock never fire: who tests does what they would.</summary>
    internal sealed class VirtualClock : TimeProvider
    {
        private long _ticks = 1;

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override long GetTimestamp() => Volatile.Read(ref _ticks);

        public void Advance(TimeSpan by) => Interlocked.Add(ref _ticks, by.Ticks);

        public override ITimer CreateTimer(
            TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) => new Still();

        private sealed class Still : ITimer
        {
            public bool Change(TimeSpan dueTime, TimeSpan period) => true;

            public void Dispose()
            {
                // Nothing runs.
            }

            public ValueTask DisposeAsync() => default;
        }
    }
}

/// <summary>Slots of channels in memory, as Redis would keep them for several gateways.</summary>
internal sealed class SlotGate : IChannelGate
{
    private readonly Lock _lock = new();
    private readonly HashSet<(long Channel, RequestId Rid, int Attempt)> _places = [];
    private readonly Dictionary<long, int> _taken = [];
    private long _fence;

    /// <summary>Answers in place of the count of slots, when it gives one.</summary>
    public Func<UpstreamChannel, RequestId, GateReply?>? Says { get; set; }

    /// <summary>Waited for before each answer.</summary>
    public Func<Task>? Delay { get; set; }

    public int Asked { get; private set; }

    public int Most { get; private set; }

    public int TakenAt(UpstreamChannel channel)
    {
        lock (_lock)
        {
            return _taken.GetValueOrDefault(channel.Id);
        }
    }

    public async ValueTask<GateReply> EnterAsync(
        UpstreamChannel channel, RequestId rid, int attempt, long tokens, Usd cost, CancellationToken cancellationToken)
    {
        if (Delay is not null)
        {
            await Delay();
        }

        if (Says?.Invoke(channel, rid) is { } said)
        {
            return said;
        }

        lock (_lock)
        {
            Asked++;
            var taken = _taken.GetValueOrDefault(channel.Id);
            if (taken >= channel.Entry.MaxConcurrency)
            {
                return new GateReply(GateCode.Full, 0, 0);
            }

            Assert.True(_places.Add((channel.Id, rid, attempt)));
            _taken[channel.Id] = taken + 1;
            Most = Math.Max(Most, taken + 1);
            return new GateReply(GateCode.Ok, 0, ++_fence);
        }
    }

    public void Leave(UpstreamChannel channel, RequestId rid, int attempt, long fence, long tokens, Usd cost)
    {
        lock (_lock)
        {
            Assert.True(_places.Remove((channel.Id, rid, attempt)));
            _taken[channel.Id]--;
        }
    }
}
