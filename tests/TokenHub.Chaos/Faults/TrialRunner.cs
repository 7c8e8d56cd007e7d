using System.Diagnostics;
using System.Globalization;
using TokenHub.Chaos.Invariants;
using TokenHub.Chaos.Rigs;

namespace TokenHub.Chaos.Faults;

/// <summary>What came of one trial.</summary>
internal sealed record Verdict(string Id, IReadOnlyList<string> Wrong, string Summary)
{
    public bool Passed => Wrong.Count == 0;
}

/// <summary>
/// Plays faults under load, heals, waits for service and for rest, and holds everything against the invariants.
/// </summary>
internal static class TrialRunner
{
    private const int HungShownMax = 5;
    private static readonly TimeSpan SlowRest = TimeSpan.FromSeconds(10);

    /// <param name="debts">Takes holds that are left to the reaper, so that nobody waits for it here.</param>
    public static async Task<Verdict> RunAsync(
        IReadOnlyList<IFault> faults, Rig rig, int seed, bool isLong, Debts debts, CancellationToken cancel)
    {
        var id = string.Join('+', faults.Select(fault => fault.Id));
        var trial = new Trial(rig, seed, isLong, cancel);
        var clock = Stopwatch.StartNew();
        var before = rig.Swarm.Receipts.Count;
        var wrong = new List<string>();
        var summary = "";
        try
        {
            rig.Swarm.Start(faults.Max(fault => fault.Clients));
            try
            {
                await PlayAsync(faults, trial);
                summary = await HealAsync(faults, trial, wrong);
            }
            finally
            {
                rig.Edges.Heal();
                await rig.Swarm.StopAsync();
            }

            var rest = await Checklist.RestAsync(rig, debts.Patience, debts.Known, cancel);
            wrong.AddRange(rest.Wrong);
            wrong.AddRange(await Checklist.CheckAsync(rig));
            summary += $", at rest {Seconds(rest.Took)}";
            if (rest.Took > SlowRest)
            {
                summary += $" (waited for {string.Join(" / ", rest.Last.Take(4))})";
            }

            if (rest.Held.Count > 0)
            {
                debts.Add(id, rest.Held);
                summary += $" but for {rest.Held.Count} holds left to the reaper";
            }
        }
        catch (Exception error) when (error is not OperationCanceledException || !cancel.IsCancellationRequested)
        {
            wrong.Add($"the run broke off: {error}");
        }

        wrong.InsertRange(0, trial.Failures);
        var calls = rig.Swarm.Receipts.Skip(before).ToList();
        wrong.AddRange(calls.Where(call => call.HasHung).Take(HungShownMax).Select(
            call => $"{call.Model} of gateway{call.Gateway} {call.RequestId} hung: {call.Status}, {call.Tokens} tokens"));
        var answers = calls.GroupBy(call => call.IsWhole ? "whole" : call.HasLeft ? "left" : $"{call.Status}")
            .OrderBy(group => group.Key, StringComparer.Ordinal).Select(group => $"{group.Count()} {group.Key}");
        summary = $"{Seconds(clock.Elapsed)}: {summary}, calls {string.Join(", ", answers)}"
            + string.Concat(trial.Notes.Select(note => "; " + note));
        return new Verdict(id, wrong, summary);
    }

    private static async Task PlayAsync(IReadOnlyList<IFault> faults, Trial trial)
    {
        // Some work first, so that there is something to lose.
        await trial.PauseAsync(600, 1200);
        if (faults.Count == 1)
        {
            await faults[0].PlayAsync(trial);
            return;
        }

        await Task.WhenAll(faults.Select(async fault =>
        {
            await trial.PauseAsync(0, 1500);
            await fault.PlayAsync(trial);
        }));
    }

    /// <summary>Makes all whole and waits until each gateway serves again: liveness.</summary>
    private static async Task<string> HealAsync(IReadOnlyList<IFault> faults, Trial trial, List<string> wrong)
    {
        await trial.Rig.HealAsync();
        var clock = Stopwatch.StartNew();
        var within = faults.Max(fault => fault.ServesWithin);
        for (var i = 0; i < trial.Rig.Gateways.Count; i++)
        {
            var gateway = i;
            var last = "";
            var serves = await trial.WaitAsync(
                async () =>
                {
                    var receipt = await trial.CallAsync(gateway);
                    last = $"{receipt.Status} {receipt.Fault} {receipt.Tail}";
                    return receipt.IsWhole;
                },
                within - clock.Elapsed);
            if (!serves)
            {
                wrong.Add($"I12 gateway{i} does not serve {Seconds(clock.Elapsed)} after healing; it says {last}");
            }
        }

        return $"served again {Seconds(clock.Elapsed)}";
    }

    private static string Seconds(TimeSpan time) =>
        string.Create(CultureInfo.InvariantCulture, $"{time.TotalSeconds:0.0} s");
}
