using TokenHub.Core.Routing;
using Xunit;

namespace TokenHub.Core.Tests.Routing;

/// <summary>Shares by chance, counted; the bounds are five standard deviations.</summary>
[Trait("row", "A21")]
public sealed class RouteWeightTests
{
    private const int Calls = 40_000;

    [Theory]
    [InlineData(4)]
    [InlineData(100)]
    public void Each_gets_its_share_of_the_weights(int count)
    {
        var inputs = Pool.Channels(count);
        for (var i = 0; i < count; i++)
        {
            inputs[i].Weight = 1 + i % 4 * 3;
        }

        AssertShares(new Pool(inputs), inputs, input => input.Weight);
    }

    [Theory]
    [InlineData(4)]
    [InlineData(100)]
    [Trait("row", "A22")]
    public void Fire_sale_multiplies_the_weight_in_the_same_pool(int count)
    {
        var inputs = Pool.Channels(count);
        for (var i = 0; i < count; i += 2)
        {
            (inputs[i].WeightBp, inputs[i].WeightBpMax) = (30_000, 50_000);
        }

        AssertShares(new Pool(inputs), inputs, input => input.WeightBp);
    }

    [Theory]
    [InlineData(4)]
    [InlineData(100)]
    [Trait("row", "S05")]
    public void Load_errors_slowness_and_quota_left_take_from_the_share(int count)
    {
        var inputs = Pool.Channels(count);
        for (var i = 0; i < count; i++)
        {
            (inputs[i].SlotsMax, inputs[i].SlotsUsed) = i % 4 == 0 ? (10, 5) : (0, 0);
            inputs[i].FailedBp = i % 4 == 1 ? 5_000 : 0;
            inputs[i].FirstTokenMs = i % 4 == 2 ? 12_000 : 0;
            inputs[i].LeftBp = i % 4 == 3 ? 7_500 : 10_000;
        }

        AssertShares(new Pool(inputs), inputs, input => (input.Channel % 4) switch
        {
            1 => 0.5,
            2 => 0.125,
            3 => 0.25,
            _ => 0.75,
        });
    }

    [Fact]
    public void Channel_in_the_worst_state_still_gets_a_little()
    {
        var worst = Pool.Channel(1) with
        {
            SlotsMax = 10, SlotsUsed = 10, Waiting = 100, FailedBp = 10_000, FirstTokenMs = 600_000, LeftBp = 0,
        };

        Assert.InRange(RouteScore.LiveOf(worst), 1e-6, 1e-3);
    }

    [Fact]
    public void Second_step_is_by_weight_among_the_rest()
    {
        var inputs = Pool.Channels(3);
        (inputs[0].Weight, inputs[1].Weight, inputs[2].Weight) = (1000, 3, 1);
        var pool = new Pool(inputs);

        var seconds = Enumerable.Range(0, Calls).Select(_ => pool.Choose().Order)
            .Where(order => order[0] == 1).Count(order => order[1] == 2);

        Assert.InRange(seconds / (double)Calls, 0.73, 0.77);
    }

    [Fact]
    public void Equal_prices_are_shared_by_weight()
    {
        var inputs = Pool.Channels(3);
        (inputs[0].InputPrice, inputs[1].Weight) = (5, 3);
        var first = new Pool(inputs).Firsts(Calls, new RouteCall { Policy = RoutingPolicy.Cheapest });

        Assert.False(first.ContainsKey(1));
        Assert.InRange(first[2] / (double)Calls, 0.73, 0.77);
    }

    private static void AssertShares(Pool pool, RouteInput[] inputs, Func<RouteInput, double> shareOf)
    {
        var first = pool.Firsts(Calls);
        var whole = inputs.Sum(shareOf);
        foreach (var input in inputs)
        {
            var share = shareOf(input) / whole;
            var slack = 5 * Math.Sqrt(share * (1 - share) / Calls);
            Assert.InRange(first.GetValueOrDefault(input.Channel) / (double)Calls, share - slack, share + slack);
        }
    }
}
