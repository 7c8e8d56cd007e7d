using TokenHub.ControlPlane.Sessions;

namespace TokenHub.ControlPlane.Tests.Sessions;

public sealed class LoginThrottleRulesTests
{
    private static readonly DateTime Start = new(2030, 1, 1, 0, 0, 0, DateTimeKind.Utc);
    private static readonly LoginThrottleRules Rules = new(5, TimeSpan.FromMinutes(15));

    [Fact]
    public void Delay_doubles_after_the_free_failures_up_to_its_bound()
    {
        var state = new ThrottleState(0, Start, null);
        var now = Start;
        var delays = new List<double>();
        for (var i = 0; i < 17; i++)
        {
            state = Rules.Count(state, now)!.Value;
            delays.Add(state.BlockedUntil is { } until ? (until - now).TotalSeconds : 0);
            now = state.BlockedUntil ?? now;
        }

        Assert.Equal([0, 0, 0, 0, 1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900, 900], delays);
    }

    [Fact]
    public void Attempt_before_its_time_is_refused_and_not_counted()
    {
        var state = new ThrottleState(5, Start, Start.AddSeconds(1));

        Assert.Null(Rules.Count(state, Start.AddMilliseconds(999)));
        Assert.Equal(6, Rules.Count(state, Start.AddSeconds(1))!.Value.Failures);
    }

    [Fact]
    public void Failures_are_forgotten_after_a_quiet_hour()
    {
        var state = new ThrottleState(14, Start, Start.AddMinutes(15));

        var after = Rules.Count(state, Start.AddHours(1).AddSeconds(1))!.Value;

        Assert.Equal((1, null), (after.Failures, after.BlockedUntil));
    }

    [Fact]
    public void Account_is_never_locked_for_longer_than_a_minute_by_strangers()
    {
        Assert.Equal(TimeSpan.FromMinutes(1), LoginThrottleRules.Account.DelayMax);
        Assert.True(LoginThrottleRules.Account.FreeFailures > LoginThrottleRules.Pair.FreeFailures);
    }
}
