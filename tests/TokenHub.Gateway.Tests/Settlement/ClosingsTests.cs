using TokenHub.Gateway.Settlement;
using Xunit;

namespace TokenHub.Gateway.Tests.Settlement;

/// <summary>Who meets a limit waits for requests that have ended and are not settled, and for nothing else.</summary>
public sealed class ClosingsTests
{
    private const long Account = 7;

    private readonly Closings _closings = new();

    [Fact]
    public async Task Nothing_that_closes_is_waited_for_a_moment_only() =>
        Assert.False(await _closings.WaitAsync(Account));

    [Fact]
    public async Task What_closes_is_waited_for()
    {
        _closings.Begin(Account);
        var waiting = _closings.WaitAsync(Account);

        Assert.False(waiting.IsCompleted);
        _closings.End(Account);
        Assert.True(await waiting);
    }

    [Fact]
    public async Task End_that_is_noted_a_moment_after_its_callers_next_call_is_waited_for_too()
    {
        var waiting = _closings.WaitAsync(Account);

        // Over before anybody looked again: its slot is free for whoever asks now.
        _closings.Begin(Account);
        _closings.End(Account);
        Assert.True(await waiting);

        waiting = _closings.WaitAsync(Account);
        _closings.Begin(Account);
        await Task.Delay(40, TestContext.Current.CancellationToken);
        Assert.False(waiting.IsCompleted);
        _closings.End(Account);
        Assert.True(await waiting);
    }

    [Fact]
    public async Task Others_are_not_waited_for()
    {
        _closings.Begin(Account + 1);

        Assert.False(await _closings.WaitAsync(Account));
    }
}
