using TokenHub.Core.Snapshots;
using TokenHub.Gateway.Channels.Circuits;
using TokenHub.Gateway.Tests.Rig;
using Xunit;

namespace TokenHub.Gateway.Tests.Channels;

/// <summary>When a channel's circuit opens, how long it rests, and what closes it.</summary>
public sealed class CircuitTests
{
    private static readonly RoutingRules Rules = new();
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);
    private readonly TestClock _clock = new();
    private readonly ChannelLives _lives = new();
    private readonly CircuitBoard _board;
    private readonly UpstreamChannel _channel;
    private readonly List<CircuitNotice> _told = [];

    public CircuitTests()
    {
        _board = new CircuitBoard(_clock, new Random(1)) { Moved = _told.Add };
        _channel = Channel("sk-one");
    }

    private double RestSeconds =>
        (_channel.Live.RestsUntil - _clock.GetTimestamp()) / (double)_clock.TimestampFrequency;

    [Fact]
    public void Single_429_without_a_header_does_not_make_a_channel_rest()
    {
        Fail(FailureClass.Rate);

        Assert.False(_board.IsResting(_channel));
        Assert.False(_channel.Live.IsHalfOpen);
    }

    [Fact]
    public void Reset_header_makes_it_rest_exactly_so_long_and_no_trial_is_needed_then()
    {
        Fail(FailureClass.Rate, TimeSpan.FromSeconds(120));

        Assert.Equal(120, RestSeconds, precision: 3);
        _clock.Advance(TimeSpan.FromSeconds(120.1));
        Assert.False(_board.IsResting(_channel));
        Assert.Equal(CircuitEntry.Ordinary, _board.Enter(_channel, Patience));
        Assert.Equal(CircuitEntry.Ordinary, _board.Enter(_channel, Patience));
    }

    [Fact]
    public void Reset_header_is_believed_up_to_the_cap()
    {
        Fail(FailureClass.Rate, TimeSpan.FromMinutes(1916));

        Assert.Equal(Rules.CooldownMaxMs / 1000.0, RestSeconds, precision: 3);
    }

    [Theory]
    [InlineData("Transient")]
    [InlineData("Overloaded")]
    [InlineData("Rate")]
    public void Failures_in_a_row_open_it_and_a_success_between_does_not(string failure)
    {
        var what = Enum.Parse<FailureClass>(failure);
        for (var i = 0; i < Rules.BreakerFailures - 1; i++)
        {
            Fail(what);
        }

        Succeed();
        for (var i = 0; i < Rules.BreakerFailures - 1; i++)
        {
            Fail(what);
        }

        Assert.False(_board.IsResting(_channel));
        Fail(what);
        Assert.True(_board.IsResting(_channel));
        Assert.InRange(RestSeconds, 5, 6);
        Assert.Equal(CircuitMove.Opened, Assert.Single(_told).Move);
    }

    [Fact]
    public void Half_of_many_failing_opens_it_although_never_in_a_row()
    {
        for (var i = 0; i < 11 && !_board.IsResting(_channel); i++)
        {
            Succeed();
            Fail(FailureClass.Transient);
        }

        Assert.True(_board.IsResting(_channel));
        Assert.InRange(_channel.Live.FailedBp, 3_500, 5_000);
    }

    [Fact]
    public void Half_open_lets_a_single_call_try_and_its_success_closes()
    {
        Open();
        _clock.Advance(TimeSpan.FromSeconds(6.1));

        Assert.Equal(CircuitEntry.Trial, _board.Enter(_channel, Patience));
        Assert.True(_board.IsResting(_channel));
        Assert.Equal(CircuitEntry.TrialElsewhere, _board.Enter(_channel, Patience));
        Succeed();

        Assert.False(_board.IsResting(_channel));
        Assert.Equal((false, 0), (_channel.Live.IsHalfOpen, _channel.Live.FailedBp));
        Assert.Equal([CircuitMove.Opened, CircuitMove.Closed], _told.Select(notice => notice.Move));
    }

    [Fact]
    public void Failed_trials_double_the_rest_up_to_its_bound()
    {
        Open();
        for (var seconds = 10; seconds < 400; seconds *= 2)
        {
            _clock.Advance(TimeSpan.FromSeconds(RestSeconds + 0.1));
            Fail(FailureClass.Transient, entry: _board.Enter(_channel, Patience));
            Assert.InRange(RestSeconds, Math.Min(seconds, 300), Math.Min(seconds * 1.2, 300));
        }
    }

    [Fact]
    public void Channel_that_fails_now_and_then_does_not_rest_ever_longer()
    {
        var rests = new List<double>();
        for (var round = 0; round < 8; round++)
        {
            // Down for eight seconds of each half minute: one trial comes too early.
            Open();
            _clock.Advance(TimeSpan.FromSeconds(RestSeconds + 0.1));
            Fail(FailureClass.Transient, entry: _board.Enter(_channel, Patience));
            rests.Add(RestSeconds);
            _clock.Advance(TimeSpan.FromSeconds(RestSeconds + 0.1));
            Assert.Equal(CircuitEntry.Trial, _board.Enter(_channel, Patience));
            Succeed();
            _clock.Advance(TimeSpan.FromSeconds(10));
        }

        Assert.All(rests, seconds => Assert.InRange(seconds, 10, 48));
        Assert.True(rests[^1] <= 24 * 2, $"{rests[^1]} s");
    }

    [Fact]
    public void Trial_that_says_nothing_gives_its_turn_to_the_next()
    {
        Open();
        _clock.Advance(TimeSpan.FromSeconds(6.1));
        Assert.Equal(CircuitEntry.Trial, _board.Enter(_channel, Patience));
        _board.Abandon(_channel);

        Assert.False(_board.IsResting(_channel));
        Assert.Equal(CircuitEntry.Trial, _board.Enter(_channel, Patience));
    }

    [Fact]
    public void Trial_that_never_ends_is_replaced_after_its_time()
    {
        Open();
        _clock.Advance(TimeSpan.FromSeconds(6.1));
        Assert.Equal(CircuitEntry.Trial, _board.Enter(_channel, Patience));
        _clock.Advance(Patience + TimeSpan.FromSeconds(1));

        Assert.Equal(CircuitEntry.Trial, _board.Enter(_channel, Patience));
    }

    [Fact]
    public void What_began_before_it_opened_neither_closes_nor_prolongs_it()
    {
        var before = _clock.GetTimestamp();
        _clock.Advance(TimeSpan.FromSeconds(1));
        Open();
        var rest = _channel.Live.RestsUntil;

        _board.Succeed(_channel, before);
        Fail(FailureClass.Transient);

        Assert.True(_channel.Live.IsHalfOpen);
        Assert.Equal(rest, _channel.Live.RestsUntil);
    }

    [Theory]
    [InlineData("Credential", 600)]
    [InlineData("Quota", 900)]
    public void Dead_credential_and_spent_quota_rest_at_once_and_long(string failure, int seconds)
    {
        Fail(Enum.Parse<FailureClass>(failure));

        Assert.InRange(RestSeconds, seconds, seconds * 1.2);
        Assert.True(_channel.Live.IsHalfOpen);
    }

    [Fact]
    public void Changed_credential_ends_a_rest_with_no_call_to_say_so()
    {
        Fail(FailureClass.Credential);
        var renewed = Channel("sk-two");
        _board.Look([renewed]);

        Assert.False(_board.IsResting(renewed));
        Assert.Equal(CircuitEntry.Ordinary, _board.Enter(renewed, Patience));
    }

    [Fact]
    public void Old_failures_fade_without_calls()
    {
        Fail(FailureClass.Transient);
        Assert.True(_channel.Live.FailedBp > 0);

        _clock.Advance(TimeSpan.FromSeconds(21));
        _board.Look([_channel]);

        Assert.Equal(0, _channel.Live.FailedBp);
    }

    [Fact]
    public void Other_gateways_word_opens_and_closes()
    {
        _board.Follow(_channel, CircuitMove.Opened, TimeSpan.FromSeconds(10));
        Assert.InRange(RestSeconds, 10, 12);
        Assert.True(_channel.Live.IsHalfOpen);

        _board.Follow(_channel, CircuitMove.Closed, TimeSpan.Zero);
        Assert.False(_board.IsResting(_channel));
        Assert.Empty(_told);
    }

    private void Open()
    {
        for (var i = 0; i < Rules.BreakerFailures; i++)
        {
            Fail(FailureClass.Transient);
        }

        Assert.True(_board.IsResting(_channel));
    }

    private void Fail(FailureClass failure, TimeSpan? wait = null, CircuitEntry entry = CircuitEntry.Ordinary) =>
        _board.Fail(_channel, entry, failure, wait, Rules);

    private void Succeed() => _board.Succeed(_channel, _clock.GetTimestamp());

    private UpstreamChannel Channel(string secret) => new(Entries.Channel(1, secret: secret), Entries.Box, _lives.Of(1));
}
