using System.Diagnostics;
using System.Globalization;

namespace TokenHub.Simulation.Tests;

/// <summary>
/// The protocol of money under everything that may go wrong. A run that fails names its seed;
/// <c>TOKENHUB_TEST_SIMULATION_SEED=n</c> runs that one again and writes down what happened, and
/// <c>TOKENHUB_TEST_SIMULATION_RUNS=n</c> makes more of them; <c>TOKENHUB_TEST_SIMULATION_FOCUS=mistake</c> gives the seed
/// the harm that the search for that mistake does.
/// </summary>
public sealed class SimulationTests
{
    private const int Runs = 100;
    private const int RequestsPerRun = 1_200;
    private const int RunsPerFlaw = 100;

    [Fact]
    public void No_run_breaks_a_rule()
    {
        if (Number("SEED") is { } asked)
        {
            var focus = Enum.TryParse<Flaw>(Text("FOCUS"), out var flaw) ? FocusOn(flaw) : null;
            Assert.Null(Fault(asked, Flaw.None, out _, keepsTrace: true, focus));
            return;
        }

        var clock = Stopwatch.StartNew();
        var (asks, admitted, events) = (0, 0, 0L);
        var faults = new SortedDictionary<string, int>();
        for (var seed = 1; seed <= (Number("RUNS") ?? Runs); seed++)
        {
            var fault = Fault(seed, Flaw.None, out var world);
            Assert.True(fault is null, $"TOKENHUB_TEST_SIMULATION_SEED={seed}: {fault}");
            (asks, admitted, events) = (asks + world.Oracle.Asked, admitted + world.Oracle.Admitted, events + world.Sim.EventCount);
            foreach (var (name, count) in world.Oracle.Faults)
            {
                var kind = name.Split(' ')[0];
                faults[kind] = faults.GetValueOrDefault(kind) + count;
            }
        }

        TestContext.Current.TestOutputHelper?.WriteLine(
            $"{asks} requests, {admitted} served, {events} events in {clock.Elapsed.TotalSeconds:f1} s; faults: "
            + string.Join(", ", faults.Select(fault => $"{fault.Value} {fault.Key}")));
        Assert.True(asks >= 1_000 * (Number("RUNS") ?? Runs), $"{asks}");
    }

    [Fact]
    public void Same_seed_gives_the_same_run()
    {
        Assert.Null(Fault(7, Flaw.None, out var one));
        Assert.Null(Fault(7, Flaw.None, out var other));

        Assert.Equal(one.Sim.EventCount, other.Sim.EventCount);
        Assert.Equal(one.Oracle.Served, other.Oracle.Served);
    }

    [Theory]
    [InlineData(Flaw.SettleCountsTwice)]
    [InlineData(Flaw.ReholdAddsTwice)]
    [InlineData(Flaw.ReholdKeepsSmaller)]
    [InlineData(Flaw.ReaperSkipsLease)]
    [InlineData(Flaw.OpensBeforeReady)]
    [InlineData(Flaw.TrustsRebuildUnderWay)]
    [InlineData(Flaw.PostsTwice)]
    [InlineData(Flaw.ForgetsInFlight)]
    [InlineData(Flaw.IgnoresVersion)]
    [InlineData(Flaw.BelievesOldCopies)]
    [InlineData(Flaw.SkipsSweep)]
    [InlineData(Flaw.TellsBalancesOnce)]
    [InlineData(Flaw.ShipsOnce)]
    [InlineData(Flaw.SkipsSoftReplay)]
    public void Mistake_is_found(Flaw flaw)
    {
        for (var seed = 1; seed <= RunsPerFlaw; seed++)
        {
            if (Fault(seed, flaw, out _, focus: FocusOn(flaw)) is { } fault)
            {
                TestContext.Current.TestOutputHelper?.WriteLine($"seed {seed}: {fault}");
                return;
            }
        }

        Assert.Fail($"{flaw} went unnoticed in {RunsPerFlaw} runs.");
    }

    private static Focus? FocusOn(Flaw flaw) => flaw switch
    {
        Flaw.OpensBeforeReady => new Focus(["flush"], 3_000, 1_000, 0.1),
        Flaw.TrustsRebuildUnderWay => new Focus(["flush"], 800, 1_000, 0.1),
        Flaw.SkipsSoftReplay => new Focus(["roll back"], 4_000, 3_000, 0.2),
        Flaw.ReholdKeepsSmaller => new Focus(["roll back"], 12_000, 20_000, 0.1),
        Flaw.BelievesOldCopies => new Focus(["roll back"], 12_000, 400, 0.1),
        Flaw.ReaperSkipsLease => new Focus(["clock"], 6_000, 3_000, 0.1),
        Flaw.TellsBalancesOnce => new Focus(["plane", "cut"], 2_000, 45_000, 0.02),
        _ => null,
    };

    // Without the mistake, the runs that are to show it have to pass.
    [Fact]
    public void Runs_that_look_for_one_mistake_pass_without_it()
    {
        foreach (var flaw in Enum.GetValues<Flaw>().Where(flaw => FocusOn(flaw) is not null))
        {
            for (var seed = 1; seed <= 10; seed++)
            {
                var fault = Fault(seed, Flaw.None, out _, focus: FocusOn(flaw));
                Assert.True(fault is null, $"TOKENHUB_TEST_SIMULATION_SEED={seed} TOKENHUB_TEST_SIMULATION_FOCUS={flaw}: {fault}");
            }
        }
    }

    private static string? Fault(int seed, Flaw flaw, out World world, bool keepsTrace = false, Focus? focus = null)
    {
        world = new World(seed, flaw, RequestsPerRun, keepsTrace, focus);
        try
        {
            world.Run();
            return null;
        }
        catch (BrokenInvariantException broken)
        {
            world.Oracle.Trace?.ForEach(line => TestContext.Current.TestOutputHelper?.WriteLine(line));
            return $"{broken.Message} (at {world.Sim.NowMs} ms, {flaw})";
        }
    }

    private static int? Number(string name) =>
        int.TryParse(Text(name), CultureInfo.InvariantCulture, out var value) ? value : null;

    private static string? Text(string name) => Environment.GetEnvironmentVariable($"TOKENHUB_TEST_SIMULATION_{name}");
}
