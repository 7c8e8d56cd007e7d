using System.Globalization;
using TokenHub.Chaos.Faults;
using TokenHub.Chaos.Invariants;
using TokenHub.Chaos.Rigs;

namespace TokenHub.Chaos.Commands;

/// <summary>
/// Plays lists of faults one after another and counts. Faults share a rig as long as all is well, which saves most of
/// the time; after a failure the next one gets a rig of its own.
/// </summary>
internal sealed class Trials(Settings settings, CancellationToken cancel) : IAsyncDisposable
{
    private static readonly TimeSpan OneWithin = TimeSpan.FromMinutes(8);
    private const int ShownMax = 12;
    private Debts _debts = new(settings.Command == "fault" ? Checklist.QuietWithin : TimeSpan.FromSeconds(6));
    private readonly List<Task<IReadOnlyList<string>>> _late = [];
    private Rig? _rig;
    private int _passed;
    private int _failed;

    public async Task PlayAsync(IReadOnlyList<IFault> faults)
    {
        var id = string.Join('+', faults.Select(fault => fault.Id));
        var seed = SeedOf(id);
        var isApart = faults.Any(fault => fault.NeedsOwnRig);
        Verdict verdict;
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        limit.CancelAfter(OneWithin);
        Rig? own = null;
        Debts? ownDebts = null;
        try
        {
            var options = new RigOptions(settings.Backend, seed);
            var rig = isApart
                ? own = await Rig.StartAsync(faults.Aggregate(options, (o, fault) => fault.Fit(o)), limit.Token)
                : _rig ??= await Rig.StartAsync(options, limit.Token);
            var debts = isApart ? new Debts(_debts.Patience) : _debts;
            ownDebts = isApart ? debts : null;
            verdict = await TrialRunner.RunAsync(faults, rig, seed, settings.IsLong, debts, limit.Token);
            KeepLogs(verdict, rig);
        }
        catch (Exception error) when (!cancel.IsCancellationRequested)
        {
            verdict = new Verdict(id, [$"the rig failed: {error}"], "");
        }

        Tell(verdict, faults, seed);
        if (own is not null)
        {
            // Its last holds are waited for beside the next trials.
            _late.Add(EndApartAsync(own, verdict.Passed ? ownDebts : null, faults));
        }
        else if (!verdict.Passed)
        {
            // What earlier trials have left is still looked after; this rig itself is not trusted any more.
            await CollectAsync(isWhole: false);
            await EndRigAsync();
        }
    }

    private async Task<IReadOnlyList<string>> EndApartAsync(Rig rig, Debts? debts, IReadOnlyList<IFault> faults)
    {
        try
        {
            return debts is null ? [] : await debts.CollectAsync(rig, isWhole: true, cancel);
        }
        finally
        {
            await rig.DisposeAsync();
            faults.OfType<IDisposable>().ToList().ForEach(fault => fault.Dispose());
        }
    }

    /// <summary>Waits for what trials have left to the reaper; what outlives its time is one more failure.</summary>
    /// <param name="isWhole">False after a failure: then only what others have left is looked for.</param>
    public async Task CollectAsync(bool isWhole = true)
    {
        var late = new List<string>();
        foreach (var apart in _late)
        {
            late.AddRange(await apart);
        }

        _late.Clear();
        if (_rig is { } rig)
        {
            late.AddRange(await _debts.CollectAsync(rig, isWhole, cancel));
        }

        _failed += late.Count > 0 ? 1 : 0;
        late.ForEach(Console.WriteLine);
    }

    /// <summary>The last line of a run, and whether all went well.</summary>
    public bool Sum()
    {
        Console.WriteLine($"{_passed} passed, {_failed} failed");
        return _failed == 0 && _passed > 0;
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var apart in _late)
        {
            try
            {
                await apart;
            }
            catch (OperationCanceledException)
            {
                // The whole run is being stopped; the rig is gone.
            }
        }

        await EndRigAsync();
    }

    // Each fault has chances of its own, so that one fault's change leaves the others as they were.
    private int SeedOf(string id) => settings.Command == "fault"
        ? settings.Seed
        : id.Aggregate(settings.Seed, (seed, c) => unchecked((seed * 31) + c)) & int.MaxValue;

    private void Tell(Verdict verdict, IReadOnlyList<IFault> faults, int seed)
    {
        var says = string.Join(" + ", faults.Select(fault => fault.Says));
        Console.WriteLine($"{verdict.Id} {(verdict.Passed ? "passed" : "FAILED")} [{settings.Backend}] {says}: {verdict.Summary}");
        if (verdict.Passed)
        {
            _passed++;
            return;
        }

        _failed++;
        foreach (var line in verdict.Wrong.Take(ShownMax))
        {
            Console.WriteLine($"    {line}");
        }

        if (verdict.Wrong.Count > ShownMax)
        {
            Console.WriteLine($"    and {verdict.Wrong.Count - ShownMax} more");
        }

        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"    seed {seed}; again: {settings.Again(verdict.Id, seed)}"));
    }

    private void KeepLogs(Verdict verdict, Rig rig)
    {
        if (!verdict.Passed && settings.Options.TryGetValue("logs", out var folder))
        {
            Directory.CreateDirectory(folder);
            foreach (var plane in rig.Gateways.Concat(rig.ControlPlanes))
            {
                File.WriteAllText(Path.Combine(folder, $"{verdict.Id}-{plane.Name}.log"), plane.Output);
            }
        }
    }

    private async Task EndRigAsync()
    {
        _debts = new Debts(_debts.Patience);
        if (_rig is { } rig)
        {
            _rig = null;
            await rig.DisposeAsync();
        }
    }
}
