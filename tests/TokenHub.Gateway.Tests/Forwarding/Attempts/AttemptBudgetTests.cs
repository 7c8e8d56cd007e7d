using TokenHub.Core.Snapshots;
using TokenHub.Gateway.Forwarding.Attempts;
using Xunit;

namespace TokenHub.Gateway.Tests.Forwarding.Attempts;

public sealed class AttemptBudgetTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(4)]
    [InlineData(8)]
    public void Attempts_that_all_hang_wait_no_longer_than_one_may(int attempts)
    {
        var budget = Budget(new RoutingRules { AttemptsMax = attempts });
        var now = 0;
        var begun = 0;
        while (budget.AllowsMore(begun, now))
        {
            now += (int)budget.PatienceFor(now, hasOthers: budget.AllowsMore(begun + 1, now), 0).TotalMilliseconds;
            begun++;
        }

        Assert.InRange(now, 119_900, 120_000);
        Assert.Equal(attempts, begun);
    }

    [Fact]
    public void Channel_that_is_slow_by_habit_gets_more_of_the_time_and_not_all()
    {
        var budget = Budget(new RoutingRules());

        Assert.Equal(60, budget.PatienceFor(0, hasOthers: true, 1_000).TotalSeconds);
        Assert.Equal(80, budget.PatienceFor(0, hasOthers: true, 40_000).TotalSeconds);
        Assert.Equal(90, budget.PatienceFor(0, hasOthers: true, 100_000).TotalSeconds);
        Assert.Equal(120, budget.PatienceFor(0, hasOthers: false, 0).TotalSeconds);
    }

    [Fact]
    public void Number_and_time_of_attempts_are_bounded()
    {
        var budget = Budget(new RoutingRules { AttemptsMax = 3, AttemptsWithinMs = 5_000 });

        Assert.True(budget.AllowsMore(2, 4_999));
        Assert.False(budget.AllowsMore(3, 0));
        Assert.False(budget.AllowsMore(1, 5_001));
    }

    private static AttemptBudget Budget(RoutingRules rules) => new(rules, 120_000, StartedMs: 0, ShareBp: 5_000);
}
