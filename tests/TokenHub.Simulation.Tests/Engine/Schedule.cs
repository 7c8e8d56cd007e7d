namespace TokenHub.Simulation.Tests.Engine;

/// <summary>Virtual time and the one source of chance: the same seed gives the same run, event by event.</summary>
internal sealed class Schedule(int seed)
{
    private readonly PriorityQueue<Action, (long AtMs, long No)> _events = new();
    private long _no;

    public Random Random { get; } = new(seed);

    public long NowMs { get; private set; }

    public long EventCount { get; private set; }

    public bool Chance(double probability) => Random.NextDouble() < probability;

    public long Between(long from, long to) => Random.NextInt64(from, to + 1);

    public void After(long delayMs, Action happen) => _events.Enqueue(happen, (NowMs + delayMs, _no++));

    public void RunUntil(long untilMs)
    {
        while (_events.TryPeek(out _, out var next) && next.AtMs <= untilMs)
        {
            var happen = _events.Dequeue();
            NowMs = next.AtMs;
            EventCount++;
            happen();
        }

        NowMs = untilMs;
    }
}
