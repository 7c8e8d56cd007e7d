using Xunit;

namespace TokenHub.Core.Tests.Routing;

/// <summary>Shown 3 of the choice of channels, as a simulation over the pure functions.</summary>
[Trait("row", "S06")]
public sealed class FourAccountsTests(ITestOutputHelper output)
{
    private const int Seeds = 200;

    [Fact]
    public void Four_accounts_hit_the_prompt_cache_nearly_as_one_and_none_goes_over_its_window()
    {
        var (least, sum, leastShare, switches, most, unbound) = (1.0, 0.0, "", 0, 0.0, 0.0);
        for (var seed = 0; seed < Seeds; seed++)
        {
            var one = PoolSimulation.Run(seed, accounts: 1, slots: 1_000, long.MaxValue, isBinding: true);

            // Together the four may use a quarter more than one would: nobody has room for all.
            var window = one.AllUsed * 5 / 4 / 4;
            var four = PoolSimulation.Run(seed, accounts: 4, slots: 4, window, isBinding: true);
            var loose = PoolSimulation.Run(seed, accounts: 4, slots: 4, window * 8, isBinding: false);
            var share = four.HitRate / one.HitRate;
            if (share < least)
            {
                (least, leastShare) = (share, $"seed {seed}: {four.HitRate:P1} of {one.HitRate:P1}");
            }

            (sum, switches) = (sum + share, switches + four.Switches);
            (most, unbound) = (Math.Max(most, (double)four.MostUsed / window), unbound + (loose.HitRate / one.HitRate));
            Assert.Equal(0, four.Refused);
            Assert.True(four.MostUsed <= window, $"seed {seed}");
        }

        output.WriteLine(
            $"{Seeds} seeds, 4 accounts, 40 conversations of 20 turns: cache hits {sum / Seeds:P2} of one account's, "
            + $"least {least:P2} ({leastShare}); {(double)switches / Seeds:F1} switches a run; fullest window {most:P1}; "
            + $"without affinity {unbound / Seeds:P1}");
        Assert.True(least >= 0.95, leastShare);
        Assert.True(unbound / Seeds < 0.8, "the simulation tells affinity from chance");
    }
}
