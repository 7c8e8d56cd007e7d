using TokenHub.Load.Results;
using TokenHub.Load.Scenarios;
using TokenHub.Load.Targets;

namespace TokenHub.Load.Runs;

/// <summary>
/// Many streams open at once. Their starts are spread, so that their chunks are; what is measured is a window in which
/// all of them are open, so that the cost of opening and closing is no part of it.
/// </summary>
internal sealed class StreamsRun(string scenario, Step step, ITarget target, MockTarget mock)
    : LoadRun(scenario, step, target, mock)
{
    protected override async Task<StepResult> MeasureAsync()
    {
        var callers = CreateCallers(Step.StreamCount);
        var calls = new List<Task>(callers.Length);
        var clock = System.Diagnostics.Stopwatch.StartNew();
        for (var i = 0; i < callers.Length; i++)
        {
            var due = TimeSpan.FromSeconds((double)Step.StartOverSeconds * i / callers.Length) - clock.Elapsed;
            if (due > TimeSpan.FromMilliseconds(1))
            {
                await WaitAsync(due);
            }

            var caller = callers[i];
            calls.Add(Task.Run(async () => await caller.CallAsync()));
        }

        await WaitAsync(TimeSpan.FromSeconds(Step.WarmUpSeconds));
        var measurement = Begin();
        await WaitAsync(TimeSpan.FromSeconds(Step.Seconds));
        var result = await EndAsync(measurement, rests: false);
        await Task.WhenAll(calls);
        return result with { Calls = Meter.Calls };
    }

    private async Task WaitAsync(TimeSpan time) =>
        await Task.Delay(time, Over).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
}
