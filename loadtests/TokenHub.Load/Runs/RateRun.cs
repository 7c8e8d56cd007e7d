using System.Collections.Concurrent;
using System.Diagnostics;
using TokenHub.Load.Results;
using TokenHub.Load.Scenarios;
using TokenHub.Load.Targets;

namespace TokenHub.Load.Runs;

/// <summary>Calls begun at a steady rate, whether or not earlier ones have been answered.</summary>
internal sealed class RateRun(string scenario, Step step, ITarget target, MockTarget mock)
    : LoadRun(scenario, step, target, mock)
{
    private readonly ConcurrentStack<Caller> _idle = new();
    private int _underWay;

    protected override async Task<StepResult> MeasureAsync()
    {
        _idle.PushRange(CreateCallers(Step.InFlight));
        await Task.Factory.StartNew(
            () => Dispatch(Step.WarmUpSeconds, isMeasured: false), TaskCreationOptions.LongRunning);
        var measurement = Begin();
        await Task.Factory.StartNew(() => Dispatch(Step.Seconds, isMeasured: true), TaskCreationOptions.LongRunning);
        while (Volatile.Read(ref _underWay) > 0 && !Over.IsCancellationRequested)
        {
            await Task.Delay(5, CancellationToken.None);
        }

        return await EndAsync(measurement, rests: true);
    }

    // On a thread of its own: the pool's timers are too coarse for a call every two milliseconds.
    private void Dispatch(int seconds, bool isMeasured)
    {
        var clock = Stopwatch.StartNew();
        for (var i = 0; i < seconds * Step.PerSecond && !Over.IsCancellationRequested; i++)
        {
            var wait = TimeSpan.FromSeconds((double)i / Step.PerSecond) - clock.Elapsed;
            if (wait > TimeSpan.Zero)
            {
                Thread.Sleep(wait);
            }

            if (_idle.TryPop(out var caller))
            {
                Interlocked.Increment(ref _underWay);
                _ = CallAsync(caller);
            }
            else if (isMeasured)
            {
                Interlocked.Increment(ref Meter.Faults.Refused);
                Meter.Faults.Keep($"{Step.InFlight} callers do not suffice for {Step.PerSecond} calls a second");
            }
        }
    }

    private async Task CallAsync(Caller caller)
    {
        await caller.CallAsync();
        _idle.Push(caller);
        Interlocked.Decrement(ref _underWay);
    }
}
