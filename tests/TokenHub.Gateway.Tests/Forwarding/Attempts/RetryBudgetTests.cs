using TokenHub.Core.Snapshots;
using TokenHub.Gateway.Forwarding.Attempts;
using Xunit;

namespace TokenHub.Gateway.Tests.Forwarding.Attempts;

public sealed class RetryBudgetTests
{
    private static readonly RoutingRules Rules = new();
    private static readonly TimeSpan Long = TimeSpan.FromSeconds(20);
    private long _running;
    private readonly RetryBudget _budget;

    public RetryBudgetTests() => _budget = new RetryBudget(() => _running);

    [Theory]
    [InlineData(0, 50)]
    [InlineData(100, 50)]
    [InlineData(250, 50)]
    [InlineData(1000, 200)]
    public void Fifth_of_the_running_requests_may_be_retries_and_fifty_always(int running, int retries)
    {
        _running = running;

        Assert.Equal(retries, Enumerable.Range(0, 2000).TakeWhile(_ => _budget.TryEnter(Rules)).Count());
    }

    [Fact]
    public async Task Retry_waits_for_room_in_the_order_of_coming()
    {
        Fill();
        var first = _budget.EnterAsync(Rules, Long, default).AsTask();
        var second = _budget.EnterAsync(Rules, Long, default).AsTask();
        Assert.False(first.IsCompleted);

        _budget.Leave();
        Assert.True(await first);
        Assert.False(second.IsCompleted);
        _budget.Leave();
        Assert.True(await second);
        Assert.Equal(Rules.RetriesMin, _budget.Running);
    }

    [Fact]
    public async Task Retry_that_finds_no_room_in_time_is_none()
    {
        Fill();

        Assert.False(await _budget.EnterAsync(Rules, TimeSpan.FromMilliseconds(20), default));
        _budget.Leave();
        Assert.True(_budget.TryEnter(Rules));
    }

    [Fact]
    public async Task Room_of_who_gave_up_goes_to_the_next()
    {
        Fill();
        using var gone = new CancellationTokenSource();
        var first = _budget.EnterAsync(Rules, Long, gone.Token).AsTask();
        var second = _budget.EnterAsync(Rules, Long, default).AsTask();
        await gone.CancelAsync();
        Assert.False(await first);

        _budget.Leave();
        Assert.True(await second);
    }

    private void Fill()
    {
        while (_budget.TryEnter(Rules))
        {
            // On.
        }
    }
}
