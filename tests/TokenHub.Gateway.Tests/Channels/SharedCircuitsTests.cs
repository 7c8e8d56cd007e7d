using Microsoft.Extensions.Logging.Abstractions;
using TokenHub.Core.Snapshots;
using TokenHub.Gateway.Channels.Circuits;
using TokenHub.Gateway.Tests.Rig;
using TokenHub.Redis;
using TokenHub.TestKit.Servers;
using Xunit;

namespace TokenHub.Gateway.Tests.Channels;

/// <summary>What one gateway learns of a channel the others know, through a real Redis.</summary>
[Trait("needs", "redis")]
public sealed class SharedCircuitsTests : IAsyncLifetime
{
    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(30);
    private static readonly RoutingRules Rules = new();
    private readonly CancellationTokenSource _stop = new();
    private readonly List<Member> _members = [];
    private RedisServer _redis = null!;

    public async ValueTask InitializeAsync() => _redis = await RedisServer.StartAsync();

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        foreach (var member in _members)
        {
            await member.Redis.DisposeAsync();
        }

        await _redis.DisposeAsync();
        _stop.Dispose();
    }

    [Fact]
    public async Task Opening_and_closing_reach_the_other_gateways()
    {
        var (one, two) = (await JoinAsync(), await JoinAsync());

        one.Board.Fail(one.Channel, CircuitEntry.Ordinary, FailureClass.Credential, null, Rules);
        await Probe.UntilAsync(() => two.Board.IsResting(two.Channel), Soon, "the other gateway spares the channel");
        Assert.True(two.Channel.Live.IsHalfOpen);

        one.Board.Succeed(one.Channel, long.MaxValue);
        await Probe.UntilAsync(() => !two.Board.IsResting(two.Channel), Soon, "the other gateway uses it again");
        Assert.False(two.Channel.Live.IsHalfOpen);
    }

    [Fact]
    public async Task Rested_channel_is_tried_by_one_call_of_all_gateways()
    {
        var members = new[] { await JoinAsync(), await JoinAsync(), await JoinAsync() };
        await OpenAsync(members);

        var entries = await Task.WhenAll(members.SelectMany(member => Enumerable.Range(0, 20).Select(
            _ => Task.Run(async () => (Member: member, Entry: await member.Board.EnterAsync(member.Channel, Soon * 2))))));

        var trial = Assert.Single(entries, entered => entered.Entry == CircuitEntry.Trial).Member;
        Assert.All(entries.Where(e => e.Entry != CircuitEntry.Trial), e => Assert.Equal(CircuitEntry.TrialElsewhere, e.Entry));
        Assert.All(members, member => Assert.True(member.Board.IsResting(member.Channel)));

        // Its end decides for all, and the next rest has a trial again.
        trial.Board.Succeed(trial.Channel, long.MaxValue);
        trial.Board.EndTrial(trial.Channel);
        await Probe.UntilAsync(
            () => members.All(member => !member.Channel.Live.IsHalfOpen), Soon, "all use it again");
        await Probe.UntilAsync(
            async () => await trial.Redis.GetAsync(RedisKeys.Trial(1), default) is null, Soon, "the claim is given back");
        await OpenAsync(members);
        Assert.Equal(CircuitEntry.Trial, await members[1].Board.EnterAsync(members[1].Channel, Soon));
    }

    [Fact]
    public async Task Trial_whose_gateway_is_gone_is_replaced_when_its_time_is_over()
    {
        var (one, two) = (await JoinAsync(), await JoinAsync());
        await OpenAsync(one, two);
        var time = TimeSpan.FromSeconds(3);
        Assert.Equal(CircuitEntry.Trial, await one.Board.EnterAsync(one.Channel, time));
        Assert.Equal(CircuitEntry.TrialElsewhere, await two.Board.EnterAsync(two.Channel, time));

        await Probe.UntilAsync(
            async () => await two.Board.EnterAsync(two.Channel, time) == CircuitEntry.Trial, Soon, "another tries");
    }

    [Fact]
    public async Task Cooldown_that_an_upstream_asked_for_reaches_them_without_a_trial_after_it()
    {
        var (one, two) = (await JoinAsync(), await JoinAsync());

        one.Board.Fail(one.Channel, CircuitEntry.Ordinary, FailureClass.Rate, TimeSpan.FromSeconds(40), Rules);

        await Probe.UntilAsync(() => two.Board.IsResting(two.Channel), Soon, "the other gateway spares the channel");
        Assert.False(two.Channel.Live.IsHalfOpen);
    }

    [Fact]
    public async Task Gateway_that_starts_later_finds_what_is_left_of_a_rest()
    {
        var one = await JoinAsync();
        one.Board.Fail(one.Channel, CircuitEntry.Ordinary, FailureClass.Quota, TimeSpan.FromSeconds(300), Rules);
        await Probe.UntilAsync(
            async () => await one.Redis.GetAsync(RedisKeys.Circuit(1), default) is not null, Soon, "the rest is kept");

        var two = await JoinAsync();

        await Probe.UntilAsync(() => two.Board.IsResting(two.Channel), Soon, "the later gateway spares the channel");
        Assert.InRange(Left(two), 200, 361);
    }

    [Fact]
    public async Task What_was_seen_of_another_credential_is_no_concern()
    {
        var (one, two, three) = (await JoinAsync("sk-old-one"), await JoinAsync("sk-new-one"), await JoinAsync("sk-old-one"));

        one.Board.Fail(one.Channel, CircuitEntry.Ordinary, FailureClass.Credential, null, Rules);

        await Probe.UntilAsync(() => three.Board.IsResting(three.Channel), Soon, "the third gateway has heard of it");
        Assert.False(two.Board.IsResting(two.Channel));
    }

    [Fact]
    public async Task Redis_away_leaves_each_gateway_to_itself()
    {
        var one = await JoinAsync();
        await _redis.KillAsync();

        for (var i = 0; i < Rules.BreakerFailures; i++)
        {
            one.Board.Fail(one.Channel, CircuitEntry.Ordinary, FailureClass.Transient, null, Rules);
        }

        Assert.True(one.Board.IsResting(one.Channel));
    }

    // Each has heard of it, and its rest is over everywhere.
    private static async Task OpenAsync(params Member[] members)
    {
        var quick = Rules with { BreakerFailures = 1, BreakerRestMs = 100 };
        members[0].Board.Fail(members[0].Channel, CircuitEntry.Ordinary, FailureClass.Transient, null, quick);
        await Probe.UntilAsync(
            () => members.All(member => member.Channel.Live.IsHalfOpen && !member.Board.IsResting(member.Channel)),
            Soon, "the rest is over");
    }

    private static double Left(Member member) =>
        (member.Channel.Live.RestsUntil - TimeProvider.System.GetTimestamp()) / (double)TimeProvider.System.TimestampFrequency;

    private async Task<Member> JoinAsync(string secret = "sk-upstream-secret-0123456789")
    {
        var options = RedisOptions.Parse(_redis.Url) with { ContinuesInline = false, CallTimeout = Soon };
        var redis = await RedisClient.ConnectAsync(options, default);
        var board = new CircuitBoard(TimeProvider.System, new Random(1));
        var channel = new UpstreamChannel(Entries.Channel(1, secret: secret), Entries.Box);
        var shared = new SharedCircuits(redis, board, () => [channel], $"g{_members.Count}", NullLogger.Instance)
        {
            ClaimWithin = Soon,
        };
        var member = new Member(redis, board, channel);
        _members.Add(member);
        _ = shared.RunAsync(_stop.Token);
        await Probe.UntilAsync(() => redis.Subscriber.IsConnected, Soon, "the gateway listens");
        return member;
    }

    private sealed record Member(RedisClient Redis, CircuitBoard Board, UpstreamChannel Channel);
}
