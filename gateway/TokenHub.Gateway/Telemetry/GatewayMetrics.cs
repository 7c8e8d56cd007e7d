using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using TokenHub.Core.Snapshots;
using TokenHub.Core.Usage;
using TokenHub.Core.Money;

namespace TokenHub.Gateway.Telemetry;

/// <summary>What the gateway counts. Plain counters: adding is one interlocked addition.</summary>
internal sealed class GatewayMetrics
{
    private const int SeriesMax = 2000;

    private readonly ConcurrentDictionary<RequestSeries, StrongBox<long>> _requests = new();
    private readonly ConcurrentDictionary<(string Provider, AttemptFault Fault), StrongBox<long>> _attempts = new();
    private readonly ConcurrentDictionary<string, StrongBox<long>> _limits = new();
    private long _active;
    private long _fallbacks;
    private long _hedges;
    private long _leaks;
    private long _input;
    private long _cached;
    private long _cacheWrite;
    private long _output;
    private long _reasoning;
    private long _consumer;
    private long _owner;

    public Histogram Duration { get; } =
        new(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600);

    public Histogram FirstToken { get; } = new(0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120);

    /// <summary>From the request's arrival until it is sent on: the gateway's own part.</summary>
    public Histogram Admission { get; } =
        new(0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1);

    public ConversationCounts Conversations { get; } = new();
    public QueueMeter Queue { get; } = new();

    public long Active => Volatile.Read(ref _active);

    public long Fallbacks => Volatile.Read(ref _fallbacks);

    public long Leaks => Volatile.Read(ref _leaks);

    public IEnumerable<KeyValuePair<RequestSeries, long>> Requests =>
        _requests.Select(r => KeyValuePair.Create(r.Key, Volatile.Read(ref r.Value.Value)));

    public IEnumerable<KeyValuePair<(string Provider, AttemptFault Fault), long>> Attempts =>
        _attempts.Select(a => KeyValuePair.Create(a.Key, Volatile.Read(ref a.Value.Value)));

    public IEnumerable<KeyValuePair<string, long>> Limits =>
        _limits.Select(l => KeyValuePair.Create(l.Key, Volatile.Read(ref l.Value.Value)));

    public (long Input, long Cached, long CacheWrite, long Output, long Reasoning) Tokens => (
        Volatile.Read(ref _input), Volatile.Read(ref _cached), Volatile.Read(ref _cacheWrite),
        Volatile.Read(ref _output), Volatile.Read(ref _reasoning));

    public (Usd Consumer, Usd Owner) Cost => (new(Volatile.Read(ref _consumer)), new(Volatile.Read(ref _owner)));

    public void Entered() => Interlocked.Increment(ref _active);

    public void Left() => Interlocked.Decrement(ref _active);

    public void Leaked() => Interlocked.Increment(ref _leaks);

    public long Hedges => Volatile.Read(ref _hedges);

    public void Hedged() => Interlocked.Increment(ref _hedges);

    public void FellBack() => Interlocked.Increment(ref _fallbacks);

    public void AttemptEnded(string provider, AttemptFault fault) => Add(_attempts, (provider, fault), 1);

    public void Limited(string limit) => Add(_limits, limit, 1);

    public void RequestEnded(Dialect dialect, string model, string provider, string outcome, int status, int durationMs)
    {
        // Names of models come from callers only where a pattern lets them; they must not fill the memory.
        var series = new RequestSeries(dialect, model, provider, outcome, status);
        var hasRoom = _requests.ContainsKey(series) || _requests.Count < SeriesMax;
        Add(_requests, hasRoom ? series : series with { Model = "other" }, 1);
        Duration.Add(durationMs / 1000.0);
    }

    public void Settled(UsageRecord record)
    {
        var usage = record.Usage;
        Interlocked.Add(ref _input, usage.InputFresh);
        Interlocked.Add(ref _cached, usage.CacheRead);
        Interlocked.Add(ref _cacheWrite, usage.CacheWrite);
        Interlocked.Add(ref _output, usage.Output);
        Interlocked.Add(ref _reasoning, usage.Reasoning);
        Interlocked.Add(ref _consumer, record.Cost.Units);
        if (record.OwnerAccount != 0)
        {
            Interlocked.Add(ref _owner, TariffMath.Split(record.Cost, record.OwnerShareBp).Owner.Units);
        }

        if (record.FirstTokenMs >= 0)
        {
            FirstToken.Add(record.FirstTokenMs / 1000.0);
        }
    }

    private static void Add<TKey>(ConcurrentDictionary<TKey, StrongBox<long>> counters, TKey key, long value)
        where TKey : notnull
    {
        if (!counters.TryGetValue(key, out var counter))
        {
            counter = counters.GetOrAdd(key, static _ => new StrongBox<long>());
        }

        Interlocked.Add(ref counter.Value, value);
    }
}

/// <summary>One line of <c>tokenhub_requests_total</c>.</summary>
internal readonly record struct RequestSeries(
    Dialect Dialect, string Model, string Provider, string Outcome, int Status);

/// <summary>Counts values into fixed ranges. Thread-safe, without locks.</summary>
internal sealed class Histogram(params double[] bounds)
{
    private const double MicrosPerSecond = 1_000_000;
    private readonly long[] _counts = new long[bounds.Length + 1];
    private long _sumMicros;

    public IReadOnlyList<double> Bounds => bounds;

    public double Sum => Volatile.Read(ref _sumMicros) / MicrosPerSecond;

    public void Add(double seconds)
    {
        var at = 0;
        while (at < bounds.Length && seconds > bounds[at])
        {
            at++;
        }

        Interlocked.Increment(ref _counts[at]);
        Interlocked.Add(ref _sumMicros, (long)(seconds * MicrosPerSecond));
    }

    /// <summary>Values counted up to and including each range.</summary>
    public long[] Cumulative()
    {
        var total = 0L;
        return [.. _counts.Select((_, i) => total += Volatile.Read(ref _counts[i]))];
    }
}
