using TokenHub.Gateway.Exchanges.Limits;
using Xunit;

namespace TokenHub.Gateway.Tests.Exchanges;

/// <summary>Who meets a limit waits for requests that have ended and are not settled, and for nothing else.</summary>
public sealed class ClosingsTests
{
    private const long Account = 7;

    private readonly Closings _closings = new();

    [Fact]
    public async Task Where_nothing_closes_the_wait_is_a_moment() => Assert.False(await WaitAsync());

    [Fact]
    public async Task One_that_closes_is_waited_for_and_the_first_that_is_settled_is_enough()
    {
        _closings.Begin(Account);
        _closings.Begin(Account);
        var waiting = WaitAsync();

        Assert.False(waiting.IsCompleted);
        _closings.End(Account);
        Assert.True(await waiting);
    }

    [Fact]
    public async Task What_was_settled_while_redis_was_asked_is_not_missed()
    {
        _closings.Begin(Account);
        var before = _closings.SettledOf(Account);
        _closings.End(Account);

        Assert.True(await _closings.WaitAsync(Account, before));
    }

    [Fact]
    public async Task End_that_is_noted_a_moment_late_is_waited_for_too()
    {
        var waiting = WaitAsync();
        _closings.Begin(Account);
        await Task.Delay(60, TestContext.Current.CancellationToken);

        Assert.False(waiting.IsCompleted);
        _closings.End(Account);
        Assert.True(await waiting);
    }

    [Fact]
    public async Task Others_are_not_waited_for()
    {
        _closings.Begin(Account + 1);

        Assert.False(await WaitAsync());
    }

    private Task<bool> WaitAsync() => _closings.WaitAsync(Account, _closings.SettledOf(Account));
}
