using TokenHub.Core.Routing;
using TokenHub.Core.Snapshots;

namespace TokenHub.Simulation.Tests.Routing;

/// <summary>
/// Users, channels and the routing function between them, in simulated time: channels slow, fail, recover and run out,
/// users burst, prompts are cached. Everything by chance comes from the seed.
/// </summary>
internal sealed class RoutingWorld
{
    private const int FailMs = 250;
    private const int WaitMs = 20;
    private const int AttemptsMax = 4;
    private readonly Random _chance;
    private readonly RouteMap _map;
    private readonly PriorityQueue<Step, long> _steps = new();
    private readonly Dictionary<int, int> _bound = [];
    private readonly RoutePick[] _picks = new RoutePick[RoutingRules.StepsFor(AttemptsMax)];

    public RoutingWorld(int seed, int channels, Action<WorldChannel, RouteInput[]>? shape = null)
    {
        _chance = new Random(seed);
        Known = new RouteInput[channels];
        Channels = [.. Enumerable.Range(0, channels).Select(at => new WorldChannel(at))];
        for (var at = 0; at < channels; at++)
        {
            Known[at] = new RouteInput { Channel = at + 1, Order = at, SlotsMax = 64 };
            shape?.Invoke(Channels[at], Known);
        }

        _map = RouteMap.Of(Known);
    }

    public WorldChannel[] Channels { get; }

    /// <summary>What the gateway knows of each channel.</summary>
    public RouteInput[] Known { get; }

    public RoutingPolicy Policy { get; init; }

    /// <summary>Calls are bound to the channel that has their conversation's prompt.</summary>
    public bool Binds { get; init; }

    public long NowMs { get; private set; }

    public int Asked { get; private set; }

    public int Good { get; private set; }

    public int Failed { get; private set; }

    public long Attempts { get; private set; }

    /// <summary>Times that a call found all its channels full.</summary>
    public long Waits { get; private set; }

    public long LongestMs { get; private set; }

    public long PromptTokens { get; private set; }

    public long CachedTokens { get; private set; }

    /// <summary>Asked before each choice, with the caller; and after it, with what was chosen.</summary>
    public Action<ReadOnlySpan<RoutePick>>? OnChosen { get; init; }

    /// <summary>So many calls of so many users, some of whom burst; returns when the last has ended.</summary>
    public void Run(int calls, double callsPerSecond, int users = 50, Action<RoutingWorld>? everySecond = null)
    {
        var (until, next, second) = (Asked + calls, (double)NowMs, NowMs / 1000);
        var burstUntil = new long[users];
        while (Asked < until || _steps.Count > 0)
        {
            if (Asked < until && (!_steps.TryPeek(out _, out var due) || due > next))
            {
                NowMs = Math.Max(NowMs, (long)next);
                for (; second <= NowMs / 1000; second++)
                {
                    everySecond?.Invoke(this);
                }

                var user = _chance.Next(users);
                if (_chance.Next(2_000) == 0)
                {
                    burstUntil[user] = NowMs + 2_000;
                }

                var size = burstUntil[user] > NowMs ? 10 : 1;
                for (var i = 0; i < size && Asked < until; i++)
                {
                    Ask(new Call { User = user, Conversation = user, Tokens = _chance.Next(500, 2_500) });
                }

                next += -Math.Log(1 - _chance.NextDouble()) * 1000 / callsPerSecond * size;
                continue;
            }

            _steps.TryDequeue(out var step, out var at);
            NowMs = Math.Max(NowMs, at);
            Do(step);
        }
    }

    /// <summary>One call of a conversation, run to its end.</summary>
    public void Turn(int conversation, int promptTokens)
    {
        Ask(new Call { User = conversation, Conversation = conversation, Tokens = promptTokens });
        while (_steps.TryDequeue(out var step, out var at))
        {
            NowMs = Math.Max(NowMs, at);
            Do(step);
        }
    }

    public void Pass(long ms) => NowMs += ms;

    private void Ask(Call call)
    {
        Asked++;
        call.StartedMs = NowMs;
        Choose(call);
    }

    private void Choose(Call call)
    {
        var asked = new RouteCall
        {
            Policy = Policy,
            Now = NowMs,
            Random = (ulong)_chance.NextInt64(),
            Caller = RouteChance.OfCaller(call.User, 1),
            StepsMax = RoutingRules.StepsFor(AttemptsMax),
            BoundAt = Binds ? _bound.GetValueOrDefault(call.Conversation, -1) : -1,
        };
        var count = RouteChoice.Choose(_map, new RouteInputs(Known), asked, _picks, out _);
        OnChosen?.Invoke(_picks.AsSpan(0, count));
        call.Plan = _picks[..count];
        call.Next = 0;
        TryNext(call);
    }

    // The next channel of the plan that has room and has not begun to rest since; when none has, the call waits and is
    // routed anew.
    private void TryNext(Call call)
    {
        while (call.Next < call.Plan.Length && call.Attempts < AttemptsMax)
        {
            var channel = Channels[call.Plan[call.Next++].At];
            ref var known = ref Known[channel.At];
            if (known.RestsUntil > NowMs && call.Next < call.Plan.Length)
            {
                continue;
            }

            if ((known.SlotsMax == 0 || known.Running < known.SlotsMax)
                && channel.TryUse(NowMs, call.Tokens, ref known))
            {
                Begin(call, channel, ref known);
                return;
            }
        }

        if (call.Attempts == 0 && NowMs - call.StartedMs < 30_000)
        {
            Waits++;
            _steps.Enqueue(new Step(call, null, IsGood: false, 0), NowMs + WaitMs);
            return;
        }

        Failed++;
        LongestMs = Math.Max(LongestMs, NowMs - call.StartedMs);
    }

    private void Begin(Call call, WorldChannel channel, ref RouteInput known)
    {
        call.Attempts++;
        Attempts++;
        channel.Attempts++;
        channel.FirstCallMs = channel.FirstCallMs < 0 ? NowMs : channel.FirstCallMs;
        known.Running++;
        known.SlotsUsed = known.Running;
        var isGood = !channel.IsFailing && _chance.Next(1_000) > 0;
        var firstTokenMs = (int)(channel.FirstTokenMs * channel.Slowness * (0.7 + (0.6 * _chance.NextDouble())));
        var endMs = NowMs + (isGood ? firstTokenMs + (call.Tokens / 4) : FailMs);
        _steps.Enqueue(new Step(call, channel, isGood, firstTokenMs), endMs);
    }

    private void Do(in Step step)
    {
        if (step.Channel is not { } channel)
        {
            Choose(step.Call);
            return;
        }

        ref var known = ref Known[channel.At];
        known.Running--;
        known.SlotsUsed = known.Running;
        channel.Learn(NowMs, step.IsGood, step.FirstTokenMs, ref known);
        if (!step.IsGood)
        {
            TryNext(step.Call);
            return;
        }

        Good++;
        channel.Served++;
        LongestMs = Math.Max(LongestMs, NowMs - step.Call.StartedMs);
        NoteCache(step.Call, channel.At);
    }

    // A prompt is cached where its conversation was served last; it grows with each turn.
    private void NoteCache(Call call, int at)
    {
        PromptTokens += call.Tokens;
        if (_bound.TryGetValue(call.Conversation, out var before) && before == at)
        {
            CachedTokens += call.Tokens * 9 / 10;
        }

        _bound[call.Conversation] = at;
    }

    private sealed class Call
    {
        public int User { get; init; }
        public int Conversation { get; init; }
        public int Tokens { get; init; }
        public long StartedMs { get; set; }
        public RoutePick[] Plan { get; set; } = [];
        public int Next { get; set; }
        public int Attempts { get; set; }
    }

    private readonly record struct Step(Call Call, WorldChannel? Channel, bool IsGood, int FirstTokenMs);
}
