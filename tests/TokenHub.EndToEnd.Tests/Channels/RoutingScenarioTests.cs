using Xunit;

namespace TokenHub.EndToEnd.Tests.Channels;

/// <summary>
/// Shown 1 of the choice of channels, on three gateway processes: the bounds are those of the simulation.
/// </summary>
[Collection("alone")]
public sealed class RoutingScenarioTests(ITestOutputHelper output)
{
    private static readonly TimeSpan FirstByte = TimeSpan.FromSeconds(4);

    // The clock of deadlines ticks, and the channel after the one that was silent takes its time.
    private const int SlackMs = 1_000;

    [Fact]
    [Trait("row", "S05")]
    [Trait("row", "A34")]
    public async Task Channels_that_slow_fail_recover_and_run_out_are_felt_by_nobody_and_no_window_is_passed()
    {
        await using var scenario = await RoutingScenario.StartAsync(FirstByte);
        var began = DateTime.UtcNow;

        await scenario.RunAsync(TimeSpan.FromSeconds(40));

        var minutes = (int)((DateTime.UtcNow.Ticks / TimeSpan.TicksPerMinute) - (began.Ticks / TimeSpan.TicksPerMinute)) + 1;
        var calls = scenario.Calls;
        var good = calls.Count(call => call.IsWhole) / (double)calls.Count;
        var waits = calls.Where(call => !call.IsBurst).Select(scenario.WaitMsOf).Order().ToList();
        var bursts = calls.Where(call => call.IsBurst).Select(scenario.WaitMsOf).Order().ToList();
        output.WriteLine(
            $"{calls.Count} calls through 3 gateways to {RoutingScenario.Channels} channels, four of those without windows failing in turn: "
            + $"{good:P3} good, {scenario.AttemptsPerCall:f3} attempts a call after 10 s; steady users wait p50 "
            + $"{At(waits, 50)} ms, p99 {At(waits, 99)} ms, longest {waits[^1]} ms; who bursts p50 {At(bursts, 50)} ms, "
            + $"p99 {At(bursts, 99)} ms; asked {string.Join(' ', scenario.Asked)}; {Failures(calls)}");
        Assert.True(calls.Count > 1_000, $"{calls.Count} calls");
        Assert.True(good >= 0.999, $"{good:P3}: {Failures(calls)}");
        Assert.True(scenario.AttemptsPerCall <= 1.1, $"{scenario.AttemptsPerCall} attempts a call");
        Assert.True(waits[^1] <= FirstByte.TotalMilliseconds + SlackMs, $"{waits[^1]} ms");
        for (var i = 0; i < RoutingScenario.Channels; i++)
        {
            Assert.True(scenario.Asked[i] > 0, $"channel {i} was never used");
            if (RoutingScenario.HasMonthQuota(i))
            {
                Assert.Equal(RoutingScenario.MonthQuota, scenario.Asked[i]);
                Assert.Equal(RoutingScenario.MonthQuota, await scenario.UsedOfAsync(i));
            }
            else if (RoutingScenario.HasMinuteQuota(i))
            {
                Assert.InRange(
                    scenario.Asked[i], RoutingScenario.MinuteQuota / 2, RoutingScenario.MinuteQuota * minutes);
                Assert.InRange(await scenario.UsedOfAsync(i), 0, RoutingScenario.MinuteQuota);
            }
        }
    }

    private static long At(List<long> ordered, int percent) => ordered[Math.Min(ordered.Count - 1, ordered.Count * percent / 100)];

    private static string Failures(IEnumerable<RoutingScenario.Call> calls) => string.Join(
        "; ", calls.Where(call => !call.IsWhole).Select(
            call => $"after {call.At.TotalSeconds:f1} s, burst {call.IsBurst}, {call.Status}, {call.WaitMs} ms: {call.Text}"));
}
