using TokenHub.Load.Results;
using TokenHub.Load.Scenarios;
using TokenHub.Load.Targets;

namespace TokenHub.Load.Runs;

/// <summary>A fixed number of callers, each of which begins its next call when the last has been answered.</summary>
internal sealed class ClosedRun(string scenario, Step step, ITarget target, MockTarget mock)
    : LoadRun(scenario, step, target, mock)
{
    protected override async Task<StepResult> MeasureAsync()
    {
        var callers = CreateCallers(Step.InFlight);
        await CallAsync(callers, Step.WarmUpCount);
        var measurement = Begin();
        await CallAsync(callers, Step.Count);
        return await EndAsync(measurement, rests: true);
    }

    private Task CallAsync(Caller[] callers, int count)
    {
        var left = count;
        return Task.WhenAll(callers.Select(caller => Task.Run(async () =>
        {
            while (Interlocked.Decrement(ref left) >= 0 && !Over.IsCancellationRequested)
            {
                await caller.CallAsync();
            }
        })));
    }
}
