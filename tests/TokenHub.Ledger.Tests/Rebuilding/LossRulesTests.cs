using TokenHub.Ledger.Rebuilding;
using TokenHub.Redis;

namespace TokenHub.Ledger.Tests.Rebuilding;

public sealed class LossRulesTests
{
    // Epoch and mark in Redis (-1 is absent), the server's run id, and what becomes of a shard of epoch 3 that was last
    // seen with mark 100,000 on server "a".
    [Theory]
    [InlineData(3, 100_000, "a", "Intact")]
    [InlineData(3, 100_250, "a", "Intact")]
    [InlineData(3, 100_000, "b", "Replaced")]
    [InlineData(3, 98_000, "b", "Replaced")]
    [InlineData(3, 98_000, "a", "Replaced")]
    [InlineData(3, 95_000, "b", "Replaced")]
    [InlineData(3, 94_999, "b", "Lost")]
    [InlineData(3, 94_999, "a", "Lost")]
    [InlineData(3, -1, "a", "Lost")]
    [InlineData(-1, 100_000, "a", "Lost")]
    [InlineData(-1, -1, "b", "Lost")]
    [InlineData(2, 100_000, "a", "Lost")]
    [InlineData(4, 100_000, "a", "Lost")]
    [InlineData(3, 100_000, "", "Intact")]
    [InlineData(3, 99_000, "", "Replaced")]
    public void Shard_is_judged_by_epoch_mark_and_server(long epoch, long mark, string runId, string fate)
    {
        var found = new ShardMark(epoch < 0 ? null : epoch, mark < 0 ? null : mark);

        Assert.Equal(fate, LossRules.Judge(3, found, runId, "a", 100_000).ToString());
    }

    [Fact]
    public void Nothing_is_said_of_a_shard_that_does_not_answer() =>
        Assert.Equal(ShardFate.Unknown, LossRules.Judge(3, null, "b", "a", 100_000));
}
