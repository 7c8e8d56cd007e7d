using System.Diagnostics;
using System.Globalization;

namespace TokenHub.Simulation.Tests;

/// <summary>
/// The protocol of money under everything that may go wrong. A run that fails names its seed;
/// <c>TOKENHUB_TEST_SIMULATION_SEED=n</c> runs that one again and writes down what happened, and
/// <c>TOKENHUB_TEST_SIMULATION_RUNS=n</c> makes more of them.
/// </summary>
public sealed class SimulationTests
{
    private const int Runs = 100;
    private const int RequestsPerRun = 1_200;
    private const int RunsPerFlaw = 60;

    [Fact]
    public void No_run_breaks_a_rule()
    {
        if (Number("SEED") is { } asked)
        {
            Assert.Null(Fault(asked, Flaw.None, out _, keepsTrace: true));
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
    [InlineData(Flaw.ReaperSkipsLease)]
    [InlineData(Flaw.OpensBeforeReady)]
    [InlineData(Flaw.PostsTwice)]
    [InlineData(Flaw.ForgetsInFlight)]
    [InlineData(Flaw.IgnoresVersion)]
    [InlineData(Flaw.BelievesOldCopies)]
    [InlineData(Flaw.SkipsSweep)]
    [InlineData(Flaw.JoinsWithoutTelling)]
    [InlineData(Flaw.BelievesLateReservations)]
    [InlineData(Flaw.IgnoresOwnLease)]
    [InlineData(Flaw.ShipsOnce)]
    [InlineData(Flaw.SkipsSoftReplay)]
    public void Mistake_is_found(Flaw flaw)
    {
        for (var seed = 1; seed <= RunsPerFlaw; seed++)
        {
            if (Fault(seed, flaw, out _) is { } fault)
            {
                TestContext.Current.TestOutputHelper?.WriteLine($"seed {seed}: {fault}");
                return;
            }
        }

        Assert.Fail($"{flaw} went unnoticed in {RunsPerFlaw} runs.");
    }

    private static string? Fault(int seed, Flaw flaw, out World world, bool keepsTrace = false)
    {
        world = new World(seed, flaw, RequestsPerRun, keepsTrace);
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

    private static int? Number(string name) => int.TryParse(
        Environment.GetEnvironmentVariable($"TOKENHUB_TEST_SIMULATION_{name}"), CultureInfo.InvariantCulture, out var value)
        ? value
        : null;
}
