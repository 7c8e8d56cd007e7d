using TokenHub.Load.Results;
using TokenHub.Load.Runs;
using TokenHub.Load.Scenarios;
using TokenHub.Load.Targets;

namespace TokenHub.Load;

/// <summary>Starts the targets once, runs each step against each of them, and tells what came of it.</summary>
internal sealed class LoadApplication(LoadOptions options) : IAsyncDisposable
{
    private readonly List<ITarget> _targets = [];
    private readonly List<StepResult> _results = [];
    private MockTarget _mock = null!;
    private ProductTarget? _product;
    private NginxTarget? _nginx;

    /// <summary>True when nothing was wrong.</summary>
    public async Task<bool> RunAsync(IReadOnlyList<Scenario> scenarios, CancellationToken cancel)
    {
        await StartAsync(scenarios, cancel);
        var isOk = true;
        foreach (var scenario in scenarios)
        {
            Tell($"== {scenario.Name}: {scenario.Summary}");
            var results = new List<StepResult>();
            foreach (var step in scenario.Steps.Where(s => options.Step is null || s.Name == options.Step))
            {
                isOk &= await TryStepAsync(scenario, options.Apply(step), results, cancel);
            }

            Console.Out.Write(Report.Table(results));
            foreach (var note in Report.Notes(results))
            {
                Tell(note);
            }

            if (_product is not null && results.Any(r => r.Target == _product.Name && !r.IsOk))
            {
                Tell("the gateway's log ends so:");
                _product.RecentLog().ToList().ForEach(Tell);
            }

            _results.AddRange(results);
        }

        isOk &= _results.TrueForAll(r => r.IsOk);
        Tell(Report.Json(_results, isOk));
        return isOk;
    }

    public async ValueTask DisposeAsync()
    {
        // What calls is stopped before what is called.
        foreach (var target in new IAsyncDisposable?[] { _product, _nginx, _mock })
        {
            if (target is not null)
            {
                await target.DisposeAsync();
            }
        }
    }

    private async Task StartAsync(IReadOnlyList<Scenario> scenarios, CancellationToken cancel)
    {
        _mock = await MockTarget.StartAsync(cancel);
        if (options.Via.Contains(_mock.Name))
        {
            _targets.Add(_mock);
        }

        if (options.Via.Contains("nginx") && IsUsed("nginx", scenarios))
        {
            if (NginxTarget.Find() is { } program)
            {
                _targets.Add(_nginx = await NginxTarget.StartAsync(program, _mock.Endpoint, cancel));
            }
            else
            {
                Tell("nginx is not on the PATH: the comparison with a plain proxy is skipped");
            }
        }

        if (options.Via.Contains("tokenhub") && IsUsed("tokenhub", scenarios))
        {
            Tell("starting tokenhub");
            _targets.Add(_product = await ProductTarget.StartAsync(_mock.Url, cancel));
        }
    }

    private static bool IsUsed(string target, IReadOnlyList<Scenario> scenarios) =>
        scenarios.Any(s => s.Steps.Any(t => t.Via?.Contains(target) ?? true));

    // A control plane that refuses or does not answer is a fault of this step; what was measured before still counts.
    private async Task<bool> TryStepAsync(
        Scenario scenario, Step step, List<StepResult> results, CancellationToken cancel)
    {
        try
        {
            return await RunStepAsync(scenario, step, results, cancel);
        }
        catch (Exception error) when (!cancel.IsCancellationRequested
            && error is HttpRequestException or TaskCanceledException or InvalidOperationException)
        {
            Tell($"{step.Name}: FAULT: {error.Message}");
            return false;
        }
    }

    private async Task<bool> RunStepAsync(
        Scenario scenario, Step step, List<StepResult> results, CancellationToken cancel)
    {
        if (step.Kind == Step.Money)
        {
            return await RunMoneyAsync(scenario, step, results, cancel);
        }

        foreach (var target in _targets.Where(t => step.Via?.Contains(t.Name) ?? true))
        {
            Tell($"{step.Name} via {target.Name} ...");
            using var run = LoadRun.Create(scenario.Name, step, target, _mock);
            results.Add(await run.RunAsync(cancel) with { Expected = step.Expect });
        }

        return true;
    }

    private async Task<bool> RunMoneyAsync(
        Scenario scenario, Step step, List<StepResult> results, CancellationToken cancel)
    {
        if (_product is null)
        {
            Tell($"{step.Name} needs tokenhub among --via: skipped");
            return true;
        }

        var run = new MoneyRun(scenario.Name, step, _product, _mock);
        results.Add(await run.RunAsync(cancel));
        run.Findings.ForEach(Tell);
        return run.Findings.TrueForAll(f => f.StartsWith("ok", StringComparison.Ordinal));
    }

    private static void Tell(string line) => Console.Out.WriteLine(line);
}
