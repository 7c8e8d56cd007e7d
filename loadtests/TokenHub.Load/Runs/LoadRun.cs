using TokenHub.Load.Results;
using TokenHub.Load.Scenarios;
using TokenHub.Load.Targets;

namespace TokenHub.Load.Runs;

/// <summary>One step against one target.</summary>
internal abstract class LoadRun(string scenario, Step step, ITarget target, MockTarget mock) : IDisposable
{
    private static readonly TimeSpan Rest = TimeSpan.FromMilliseconds(500);
    private readonly CancellationTokenSource _limit = new(TimeSpan.FromSeconds(step.SecondsMax));
    private Caller[] _callers = [];

    protected Step Step { get; } = step;

    protected Meter Meter { get; } = new();

    /// <summary>Set when the time is up or the user breaks off.</summary>
    protected CancellationToken Over => _limit.Token;

    public static LoadRun Create(string scenario, Step step, ITarget target, MockTarget mock) => step.Kind switch
    {
        Step.Closed => new ClosedRun(scenario, step, target, mock),
        Step.Rate => new RateRun(scenario, step, target, mock),
        _ => new StreamsRun(scenario, step, target, mock),
    };

    public async Task<StepResult> RunAsync(CancellationToken cancel)
    {
        using var breaking = cancel.Register(_limit.Cancel);
        // Callers at work wait for bytes only; at the end of the time their connections are taken away.
        using var ending = Over.Register(() => Array.ForEach(_callers, c => c.Dispose()));
        var result = await MeasureAsync();
        cancel.ThrowIfCancellationRequested();
        return result;
    }

    public void Dispose()
    {
        Array.ForEach(_callers, c => c.Dispose());
        _limit.Dispose();
    }

    protected abstract Task<StepResult> MeasureAsync();

    protected Caller[] CreateCallers(int count) =>
        _callers = [.. Enumerable.Range(0, count).Select(i => new Caller(target, Step, Meter, i))];

    protected Measurement Begin() => Measurement.Begin(target, mock, Meter);

    protected Task<StepResult> EndAsync(Measurement measurement, bool rests) =>
        measurement.EndAsync(scenario, Step.Name, rests ? Rest : TimeSpan.Zero, CancellationToken.None);
}
