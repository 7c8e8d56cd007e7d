using System.Collections.Concurrent;
using System.Diagnostics;

namespace TokenHub.TestKit;

/// <summary>
/// How late timers of this process are, all the time: what a busy machine takes from a test, as against the product.
/// </summary>
public sealed class TimerLateness : IAsyncDisposable
{
    private static readonly TimeSpan Every = TimeSpan.FromMilliseconds(8);

    // What a timer may be late by though nothing stands still.
    private static readonly TimeSpan Usual = TimeSpan.FromMilliseconds(20);

    private readonly ConcurrentQueue<(long At, TimeSpan Late)> _late = new();
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _running;

    private TimerLateness() => _running = Task.Run(RunAsync);

    public static TimerLateness Start() => new();

    /// <summary>Milliseconds that a call took, without the moments in which nothing in this process went on.</summary>
    public static async Task<long> MeasureAsync(Func<Task> call)
    {
        var lateness = Start();
        var begun = Stopwatch.GetTimestamp();
        await call();
        var ended = Stopwatch.GetTimestamp();

        // The tick that the call ended in counts too: it is noted when it has ended itself.
        await lateness.DisposeAsync();
        return (long)(Stopwatch.GetElapsedTime(begun, ended) - lateness.Between(begun, ended)).TotalMilliseconds;
    }

    /// <summary>All of it that fell between two stamps of <see cref="Stopwatch"/>.</summary>
    public TimeSpan Between(long from, long to) => _late.Aggregate(
        TimeSpan.Zero, (sum, late) => sum + Within(late.At, late.Late, from, to));

    /// <summary>The longest that one was late between two stamps of <see cref="Stopwatch"/>.</summary>
    public TimeSpan LongestBetween(long from, long to) => _late
        .Where(late => Within(late.At, late.Late, from, to) > TimeSpan.Zero)
        .Select(late => late.Late)
        .DefaultIfEmpty()
        .Max();

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _running;
        _stop.Dispose();
    }

    // Of what ended at a stamp, the part that lies between two others.
    private static TimeSpan Within(long at, TimeSpan late, long from, long to)
    {
        var begun = at - (long)(late.TotalSeconds * Stopwatch.Frequency);
        var (first, last) = (Math.Max(begun, from), Math.Min(at, to));
        return last > first ? Stopwatch.GetElapsedTime(first, last) : TimeSpan.Zero;
    }

    private async Task RunAsync()
    {
        while (!_stop.IsCancellationRequested)
        {
            var begun = Stopwatch.GetTimestamp();
            await Task.Delay(Every);
            var late = Stopwatch.GetElapsedTime(begun) - Every;
            if (late > Usual)
            {
                _late.Enqueue((Stopwatch.GetTimestamp(), late));
            }
        }
    }
}
