using Microsoft.Extensions.Logging;
using TokenHub.Gateway.Forwarding.Providers;
using TokenHub.Gateway.Tests.Rig;
using TokenHub.Protocols.Signing;
using Xunit;

namespace TokenHub.Gateway.Tests.Forwarding.Providers;

public sealed class TokenSourceTests
{
    private static readonly TimeSpan Hour = TimeSpan.FromHours(1);
    private readonly TestClock _clock = new();
    private readonly LogLines _log = new();
    private readonly TokenSource _source;
    private Func<int, Task<IssuedToken>> _issuer = n => Task.FromResult(new IssuedToken($"token-{n}", Hour, null));
    private int _asked;

    public TokenSourceTests() =>
        _source = new TokenSource(7, _ => _issuer(Interlocked.Increment(ref _asked)), _clock, _log);

    [Fact]
    public async Task Token_is_fetched_once_and_then_at_hand_without_waiting()
    {
        Assert.Null(_source.TryGet());
        Assert.Equal("Bearer token-1", await GetAsync());

        _clock.Advance(TimeSpan.FromMinutes(54));
        Assert.Equal("Bearer token-1", _source.TryGet()!.Headers[0].Value);
        Assert.Equal(1, _asked);
    }

    [Fact]
    public async Task Token_is_renewed_behind_the_callers_back_before_it_ends()
    {
        await GetAsync();
        _clock.Advance(TimeSpan.FromMinutes(56));

        Assert.Equal("Bearer token-1", _source.TryGet()!.Headers[0].Value);
        await UntilAsync(() => _source.TryGet()!.Headers[0].Value == "Bearer token-2");
        Assert.Equal(2, _asked);
    }

    [Fact]
    public async Task Token_that_has_ended_is_waited_for()
    {
        await GetAsync();
        _clock.Advance(TimeSpan.FromMinutes(61));

        Assert.Null(_source.TryGet());
        Assert.Equal("Bearer token-2", await GetAsync());
    }

    [Fact]
    public async Task Many_callers_wait_for_one_renewal()
    {
        var gate = new TaskCompletionSource<IssuedToken>();
        _issuer = _ => gate.Task;
        var callers = Enumerable.Range(0, 100).Select(_ => GetAsync()).ToArray();
        await UntilAsync(() => Volatile.Read(ref _asked) == 1);

        gate.SetResult(new IssuedToken("one", Hour, null));

        Assert.All(await Task.WhenAll(callers), value => Assert.Equal("Bearer one", value));
        Assert.Equal(1, _asked);
    }

    [Fact]
    public async Task Caller_who_leaves_does_not_stop_the_renewal_of_others()
    {
        var gate = new TaskCompletionSource<IssuedToken>();
        _issuer = _ => gate.Task;
        using var left = new CancellationTokenSource();
        var leaver = _source.GetAsync(left.Token).AsTask();
        var stayer = GetAsync();

        await left.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => leaver);
        gate.SetResult(new IssuedToken("one", Hour, null));

        Assert.Equal("Bearer one", await stayer);
        Assert.Equal(1, _asked);
    }

    [Fact]
    public async Task Failed_renewal_rests_longer_each_time_and_says_why_without_a_secret()
    {
        _issuer = _ => Task.FromException<IssuedToken>(new TokenException("The issuer refused with 400, invalid_grant."));
        foreach (var rest in (int[])[1, 2, 4, 8, 16, 32, 60, 60])
        {
            var asked = _asked;
            Assert.Equal("The issuer refused with 400, invalid_grant.", (await Assert.ThrowsAsync<CredentialException>(GetAsync)).Message);
            Assert.Equal(asked + 1, _asked);
            _clock.Advance(TimeSpan.FromSeconds(rest) - TimeSpan.FromMilliseconds(1));
            await Assert.ThrowsAsync<CredentialException>(GetAsync);
            Assert.Equal(asked + 1, _asked);
            _clock.Advance(TimeSpan.FromMilliseconds(1));
        }

        _issuer = n => Task.FromResult(new IssuedToken("well", Hour, null));
        Assert.Equal("Bearer well", await GetAsync());
        Assert.All(_log.Lines, line => Assert.Equal("Channel 7 gets no token: The issuer refused with 400, invalid_grant.", line));
    }

    [Fact]
    public async Task Token_serves_to_its_end_while_its_renewal_fails()
    {
        await GetAsync();
        _issuer = _ => Task.FromException<IssuedToken>(new IOException("secret-host:443"));
        _clock.Advance(TimeSpan.FromMinutes(58));

        Assert.NotNull(_source.TryGet());
        await UntilAsync(() => _log.Lines.Count == 1);
        Assert.NotNull(_source.TryGet());
        Assert.Equal("Channel 7 gets no token: The issuer of the token cannot be reached.", _log.Lines[0]);
    }

    [Fact]
    public async Task Refused_token_is_renewed_once_for_all_and_not_when_it_was_just_issued()
    {
        var first = (await _source.GetAsync(default)).Headers;
        Assert.False(await _source.RenewAsync(first, default));

        _clock.Advance(TokenSource.RefusedAgeMin);
        Assert.True(await _source.RenewAsync(first, default));
        Assert.True(await _source.RenewAsync(first, default));
        Assert.Equal(2, _asked);
        Assert.Equal("Bearer token-2", await GetAsync());
    }

    [Fact]
    public async Task Token_without_a_lifetime_serves_the_call_that_fetched_it()
    {
        _issuer = n => Task.FromResult(new IssuedToken($"token-{n}", TimeSpan.Zero, null));

        Assert.Equal("Bearer token-1", await GetAsync());
        Assert.Equal("Bearer token-2", await GetAsync());
    }

    private async Task<string> GetAsync() => (await _source.GetAsync(default)).Headers[0].Value;

    private static async Task UntilAsync(Func<bool> condition)
    {
        for (var i = 0; i < 500 && !condition(); i++)
        {
            await Task.Delay(10);
        }

        Assert.True(condition());
    }

    private sealed class LogLines : ILogger
    {
        private readonly List<string> _lines = [];

        public IReadOnlyList<string> Lines
        {
            get
            {
                lock (_lines)
                {
                    return [.. _lines];
                }
            }
        }

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(
            LogLevel logLevel, EventId eventId, TState state, Exception? exception,
            Func<TState, Exception?, string> formatter)
        {
            lock (_lines)
            {
                _lines.Add(formatter(state, exception));
            }
        }
    }
}
