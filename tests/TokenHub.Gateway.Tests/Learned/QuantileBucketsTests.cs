using TokenHub.Gateway.Learned;
using Xunit;

namespace TokenHub.Gateway.Tests.Learned;

public sealed class QuantileBucketsTests
{
    [Fact]
    public void Every_value_lies_within_its_range_and_ranges_never_fall()
    {
        for (var value = 0; value < 1 << 17; value++)
        {
            var bucket = QuantileBuckets.BucketOf(value);
            Assert.InRange(bucket, 0, QuantileBuckets.Count - 1);
            Assert.InRange(QuantileBuckets.UpperOf(bucket), value, value + (value / 4) + 1);
            Assert.True(bucket >= QuantileBuckets.BucketOf(value - 1));
        }
    }

    [Theory]
    [InlineData(50)]
    [InlineData(95)]
    public void Estimate_is_close_to_the_true_quantile(int percent)
    {
        var random = new Random(7);
        var samples = Enumerable.Range(0, 400).Select(_ => (int)(50 * Math.Exp(random.NextDouble() * 4))).ToList();
        var buckets = default(QuantileBuckets);
        foreach (var sample in samples)
        {
            buckets.Add(sample);
        }

        var exact = samples.Order().ElementAt((samples.Count * percent / 100) - 1);

        Assert.InRange(buckets.Quantile(percent), exact, exact * 1.26);
    }

    [Fact]
    public void Few_samples_say_nothing()
    {
        var buckets = default(QuantileBuckets);
        for (var i = 0; i < 7; i++)
        {
            buckets.Add(100);
        }

        Assert.Equal(0, buckets.Quantile(95));
    }

    [Fact]
    public void What_happens_now_outweighs_what_happened_long_ago()
    {
        var buckets = default(QuantileBuckets);
        for (var i = 0; i < 10_000; i++)
        {
            buckets.Add(5_000);
        }

        for (var i = 0; i < 2_000; i++)
        {
            buckets.Add(100);
        }

        Assert.InRange(buckets.Quantile(50), 100, 126);
    }
}
