namespace TokenHub.Redis.Tests;

public sealed class ShardsTests
{
    // Data lies under these numbers: a change would lose it.
    [Theory]
    [InlineData(1, 158)]
    [InlineData(2, 60)]
    [InlineData(3, 218)]
    [InlineData(1_000_000, 253)]
    [InlineData(long.MaxValue, 225)]
    public void Shard_of_an_account_never_changes(long account, int shard)
    {
        Assert.Equal(shard, Shards.Of(account));
        Assert.Equal($"{{s{shard}}}:a:{account}", RedisKeys.Account(account));
    }

    [Fact]
    public void Accounts_spread_evenly()
    {
        var counts = new int[Shards.Count];
        for (var account = 1L; account <= 256_000; account++)
        {
            counts[Shards.Of(account)]++;
        }

        Assert.All(counts, count => Assert.InRange(count, 900, 1100));
    }
}
