using TokenHub.Core.Money;
using TokenHub.Gateway.Tests.Rig;
using Xunit;

namespace TokenHub.Gateway.Tests.Forwarding.Attempts;

/// <summary>A failing channel is felt by nobody.</summary>
[Trait("needs", "redis")]
public sealed class FailingThirdTests
{
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(4);

    // The clock of deadlines ticks, and a machine under test has other things to do.
    private const int SlackMs = 2_000;

    [Fact]
    public Task Third_of_the_channels_failing_in_turn_is_felt_by_nobody() =>
        RunAsync(TimeSpan.FromSeconds(24), TimeSpan.FromSeconds(8));

    [Fact(Explicit = true)]
    public Task Third_of_the_channels_failing_in_turn_is_felt_by_nobody_for_minutes() =>
        RunAsync(TimeSpan.FromSeconds(120), TimeSpan.FromSeconds(10));

    private static async Task RunAsync(TimeSpan time, TimeSpan round)
    {
        await using var rig = await GatewayRig.StartAsync(o => o with { FirstByteTimeout = Timeout });
        var caller = await rig.AddCallerAsync("1000");
        var world = new FailingThird(rig, round);

        await world.RunAsync(caller, time);

        var good = world.Calls.Count(call => call.Succeeded) * 100.0 / world.Calls.Count;
        var longest = world.Calls.Max(call => call.WaitMs);
        var records = await rig.RecordsOfAsync(caller.Account, world.Calls.Count);
        var costs = records.SelectMany(r => r.Attempts)
            .Aggregate(Usd.Zero, (sum, attempt) => sum + TariffMath.Cost(GatewayRig.Tariff, attempt.Usage));
        var attempts = records.Sum(r => r.Attempts.Count) / (double)records.Count;
        TestContext.Current.TestOutputHelper?.WriteLine(
            $"{world.Calls.Count} calls, {good:F3} % good, {attempts:F3} attempts a call in all, "
            + $"{world.AttemptsPerCall:F3} after 10 s, longest wait {longest} ms of {Timeout.TotalMilliseconds}, "
            + $"attempts cost {costs}, upstreams bill {world.Billed}");
        Assert.True(good >= 99.9, $"{good} % of {world.Calls.Count}");
        Assert.True(world.AttemptsPerCall <= 1.1, $"{world.AttemptsPerCall} attempts a call");
        Assert.True(longest <= Timeout.TotalMilliseconds + SlackMs, $"{longest} ms");
        Assert.Equal(world.Billed, costs);
        await rig.AssertNothingHeldAsync(caller.Account);
    }
}
