using System.Diagnostics;
using System.Globalization;
using TokenHub.Chaos.Faults;
using TokenHub.Chaos.Faults.Stores;
using TokenHub.Chaos.Invariants;
using TokenHub.Chaos.Rigs;

namespace TokenHub.Chaos.Commands;

/// <summary>
/// Endurance: many requests, and kills of every part spread evenly among them; then every unit is counted.
/// </summary>
internal sealed class KillsRun(Settings settings, CancellationToken cancel)
{
    private const int Clients = 48;
    private const int TellEveryMs = 10_000;
    private readonly int _requests = settings.Number("requests", 200_000);
    private readonly Random _random = new(settings.Seed);
    private readonly Dictionary<string, int> _played = [];
    private long _toldAtMs;

    public async Task<bool> RunAsync()
    {
        Console.WriteLine($"seed {settings.Seed}, backend {settings.Backend}, {_requests} requests");
        var options = new RigOptions(settings.Backend, settings.Seed) { PaceMs = 20 };
        await using var rig = await Rig.StartAsync(options, cancel);
        rig.Workload.CutPercent = 3;
        rig.Workload.TokensMost = settings.Number("tokens", 6);
        rig.Workload.GapMost = 2;
        var clock = Stopwatch.StartNew();
        var trial = new Trial(rig, settings.Seed, isLong: false, cancel);
        rig.Swarm.Start(settings.Number("clients", Clients));
        foreach (var (at, work) in Schedule())
        {
            await ReachAsync(rig, at, clock);
            await work(trial);
        }

        await ReachAsync(rig, _requests, clock);
        await rig.HealAsync();
        await rig.Swarm.StopAsync();
        var rest = await Checklist.RestAsync(rig, Checklist.QuietWithin, new HashSet<string>(), cancel);
        IReadOnlyList<string> wrong = [.. rest.Wrong, .. await Checklist.CheckAsync(rig)];
        Tell(rig, clock, "end");
        Console.WriteLine($"at rest after {rest.Took.TotalSeconds:0.0} s; {await SettledAsync(rig)} requests in the ledger");
        foreach (var line in wrong.Take(40))
        {
            Console.WriteLine($"    {line}");
        }

        Console.WriteLine(wrong.Count == 0 ? "1 passed, 0 failed" : "0 passed, 1 failed");
        return wrong.Count == 0;
    }

    /// <summary>What is done at which number of requests: gateways four of ten, the others two of ten each.</summary>
    private List<(int At, Func<Trial, Task> Work)> Schedule()
    {
        Func<Trial, Task>[] kills = [KillGateway, KillStore, KillGateway, KillDatabase, KillControlPlane];
        Func<Trial, Task>[] losses = [CutTail, Wipe, OldCopy];
        var count = settings.Number("kills", 100);
        var rollbacks = settings.Number("rollbacks", 20);
        return
        [
            .. Enumerable.Range(0, count).Select(i => (At: At(i, count), kills[i % kills.Length]))
                .Concat(Enumerable.Range(0, rollbacks).Select(i => (At: At(i, rollbacks), losses[i % losses.Length])))
                .OrderBy(entry => entry.At),
        ];
    }

    private int At(int index, int count) => (int)((index + _random.NextDouble()) * _requests / count);

    private async Task ReachAsync(Rig rig, int number, Stopwatch clock)
    {
        while (Done(rig) < number)
        {
            if (Environment.TickCount64 - _toldAtMs > TellEveryMs)
            {
                _toldAtMs = Environment.TickCount64;
                Tell(rig, clock, "...");
            }

            await Task.Delay(20, cancel);
        }
    }

    private static int Done(Rig rig) => rig.Swarm.Whole;

    private void Tell(Rig rig, Stopwatch clock, string what) => Console.WriteLine(string.Create(
        CultureInfo.InvariantCulture,
        $"{what} {clock.Elapsed.TotalSeconds:0} s: {Done(rig)} whole of {rig.Swarm.Receipts.Count} calls, "
        + $"{string.Join(", ", _played.Select(played => $"{played.Value} {played.Key}"))}"));

    private static async Task<long> SettledAsync(Rig rig) =>
        (await rig.Database.ReadAsync("select count(*) from usage_events where cost_units > 0", row => row.GetInt64(0)))[0];

    private void Count(string what) => _played[what] = _played.GetValueOrDefault(what) + 1;

    private async Task KillGateway(Trial trial)
    {
        Count("gateway kills");
        var gateway = trial.Rig.Gateways[_random.Next(trial.Rig.Gateways.Count)];
        await gateway.KillAsync();
        await trial.PauseAsync(0, 300);
        await gateway.StartAsync();
    }

    private async Task KillStore(Trial trial)
    {
        Count("Redis kills");
        await StoreLoss.PlayAsync(trial, _ => { }, _random.Next(300));
        await ServesAsync(trial);
    }

    private async Task KillDatabase(Trial trial)
    {
        Count("PostgreSQL kills");
        await trial.Rig.Database.KillAsync();
        await trial.PauseAsync(0, 300);
        await trial.Rig.Database.StartAgainAsync();
    }

    private async Task KillControlPlane(Trial trial)
    {
        Count("control plane kills");
        await trial.Rig.ControlPlanes[0].KillAsync();
        await trial.PauseAsync(0, 300);
        await trial.Rig.ControlPlanes[0].StartAsync();
    }

    private async Task CutTail(Trial trial)
    {
        Count("Redis tails cut");
        StoreLoss.GrantLostHolds(trial);
        await StoreLoss.PlayAsync(trial, store => store.CutTail(TimeSpan.FromSeconds(1.5)), _random.Next(300));
        await ServesAsync(trial);
    }

    private async Task Wipe(Trial trial)
    {
        Count("Redis wipes");
        StoreLoss.GrantLostHolds(trial);
        await StoreLoss.PlayAsync(trial, store => store.Wipe(), _random.Next(300));
        await ServesAsync(trial);
    }

    private async Task OldCopy(Trial trial)
    {
        Count("Redis copies");
        trial.Rig.Store.KeepCopy();
        await trial.PauseAsync(7000);
        StoreLoss.GrantLostHolds(trial);
        await StoreLoss.PlayAsync(trial, store => store.RestoreCopy(), _random.Next(300));
        await ServesAsync(trial);
    }

    private static async Task ServesAsync(Trial trial)
    {
        var within = TimeSpan.FromSeconds(30);
        if (!await trial.WaitAsync(async () => (await trial.CallAsync(0)).IsWhole, within))
        {
            throw new TimeoutException($"No request is served {within.TotalSeconds} s after a loss of Redis.");
        }
    }
}
