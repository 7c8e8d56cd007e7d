using Microsoft.Extensions.Logging.Abstractions;
using TokenHub.Core.Snapshots;
using TokenHub.Core.Usage;
using TokenHub.Gateway.Affinity;
using TokenHub.Gateway.Telemetry;
using TokenHub.Gateway.Tests.Rig;
using TokenHub.Redis;
using TokenHub.TestKit.Servers;
using Xunit;

namespace TokenHub.Gateway.Tests.Affinity;

/// <summary>What is learnt from answers, one by one.</summary>
[Trait("needs", "redis")]
public sealed class ConversationBinderTests : IAsyncLifetime
{
    private const string Body = """{"model":"m","max_tokens":9,"stream":true,"messages":[{"role":"user","content":"Hi"}]}""";

    private static readonly AffinityRule Rule = new() { Id = 1, Name = "prefix", Source = "prefix", TtlSeconds = 90_000 };
    private static readonly TokenUsage Written = new() { Input = 20_000, CacheWrite5m = 19_000, Output = 5 };
    private static readonly TokenUsage ReadBack = new() { Input = 22_000, CacheRead = 19_000, CacheWrite5m = 2_000, Output = 5 };

    // Not the product's: after one wait in vain the store pauses by the test's clock, which stands still.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    private readonly TestClock _clock = new();
    private readonly ConversationCounts _counts = new();
    private Snapshot _snapshot = Entries.Snapshot(
        [Entries.Channel(1, provider: Provider.Anthropic), Entries.Channel(2, provider: Provider.Anthropic), Entries.Channel(3)])
        with { AffinityRules = [Rule] };

    private RedisServer _redis = null!;
    private RedisClient _client = null!;
    private ConversationBinder _binder = null!;

    public async ValueTask InitializeAsync()
    {
        _redis = await RedisServer.StartAsync();
        _client = await RedisClient.ConnectAsync(
            RedisOptions.Parse(_redis.Url) with { CallTimeout = Patience }, default);
        _binder = new ConversationBinder(
            new BindingStore(_client, _clock, NullLogger.Instance) { Patience = Patience }, _counts, _clock);
    }

    public async ValueTask DisposeAsync()
    {
        await _client.DisposeAsync();
        await _redis.DisposeAsync();
    }

    [Fact]
    public async Task Cached_tokens_and_their_age_are_learnt_from_the_answer()
    {
        Assert.False((await FindAsync()).IsBound);
        await AnswerAsync(1, Written);

        var soon = await FindAsync(TimeSpan.FromMinutes(4.9));
        Assert.Equal((1L, 19_000L, 10_000), (soon.Channel, soon.CachedTokens, soon.CachedBp));
        Assert.InRange(soon.AgeMs, 293_000, 295_000);
        var late = await FindAsync(TimeSpan.FromMinutes(0.2));
        Assert.Equal((1L, 19_000L, 0), (late.Channel, late.CachedTokens, late.CachedBp));

        await AnswerAsync(1, ReadBack);
        Assert.Equal(21_000, (await FindAsync()).CachedTokens);
        await AnswerAsync(2, ReadBack);
        Assert.Equal((1, 1, 1, 0), _counts.Answers);
        Assert.Equal(21_000, _counts.LostTokens);
    }

    [Fact]
    public async Task Cache_of_an_hour_lasts_an_hour_and_one_that_goes_by_itself_fades()
    {
        const string OneHour = """{"model":"m","max_tokens":9,"system":[{"type":"text","text":"S","cache_control":{"type":"ephemeral","ttl":"1h"}}],"messages":[{"role":"user","content":"Hi"}]}""";
        await AnswerAsync(1, Written with { CacheWrite5m = 0, CacheWrite1h = 19_000 }, body: OneHour);
        Assert.Equal(10_000, (await FindAsync(TimeSpan.FromMinutes(59), OneHour)).CachedBp);
        Assert.Equal(0, (await FindAsync(TimeSpan.FromMinutes(2), OneHour)).CachedBp);

        await AnswerAsync(3, new TokenUsage { Input = 20_000 });
        var match = await FindAsync(TimeSpan.FromMinutes(7.5));
        Assert.Equal((20_000, 5_000), (match.CachedTokens, match.CachedBp));
    }

    [Fact]
    public async Task Cache_that_never_shows_itself_is_not_counted_on_until_it_does()
    {
        var plain = new TokenUsage { Input = 20_000 };
        await AnswerAsync(3, plain);
        await AnswerAsync(3, plain);
        Assert.Equal(20_000, (await FindAsync()).CachedTokens);
        await AnswerAsync(3, plain);
        Assert.Equal(0, (await FindAsync()).CachedTokens);
        await AnswerAsync(3, plain);
        Assert.Equal(0, (await FindAsync()).CachedTokens);

        await AnswerAsync(3, plain with { CacheRead = 1_024 });
        Assert.Equal(20_000, (await FindAsync()).CachedTokens);
    }

    [Theory]
    [InlineData(Outcome.Completed, 2)]
    [InlineData(Outcome.ClientCut, 2)]
    [InlineData(Outcome.FundsExhausted, 2)]
    [InlineData(Outcome.ClientCancelled, 1)]
    [InlineData(Outcome.UpstreamErrorBeforeContent, 1)]
    [InlineData(Outcome.UpstreamErrorAfterContent, 1)]
    [InlineData(Outcome.Empty, 1)]
    public async Task Only_a_channel_that_has_served_is_bound(Outcome outcome, long bound)
    {
        await AnswerAsync(1, Written);

        await AnswerAsync(2, Written, outcome);

        Assert.Equal(bound, (await FindAsync()).Channel);
    }

    [Theory]
    [InlineData("prefix", 300, 7_200)]
    [InlineData("header:x-session-id +prefix", 7_200, 7_200)]
    public async Task What_may_never_come_again_is_kept_for_minutes(string source, int first, int later)
    {
        _snapshot = _snapshot with { AffinityRules = [Rule with { Source = source, TtlSeconds = 7_200 }] };
        foreach (var seconds in new[] { first, later })
        {
            await AnswerAsync(1, Written);
            await Probe.UntilAsync(
                async () => await LifeSecondsAsync() is var left && left <= seconds && left > seconds - 30,
                TimeSpan.FromSeconds(30), $"the binding lives for {seconds} s");
        }
    }

    [Fact]
    public async Task Hedge_that_lost_changes_nothing()
    {
        await AnswerAsync(2, Written, loser: 1);

        Assert.Equal(2, (await FindAsync()).Channel);
    }

    [Fact]
    public async Task Second_slow_first_token_in_a_row_unbinds()
    {
        await AnswerAsync(1, Written, firstTokenMs: 3_000, usualMs: 700);
        Assert.True((await FindAsync()).IsBound);
        await AnswerAsync(1, ReadBack, firstTokenMs: 500, usualMs: 700);
        await AnswerAsync(1, ReadBack, firstTokenMs: 3_000, usualMs: 700);
        Assert.True((await FindAsync()).IsBound);
        await AnswerAsync(1, ReadBack, firstTokenMs: 3_000, usualMs: 700);

        Assert.False((await FindAsync()).IsBound);
    }

    [Theory]
    [InlineData(1_900, 100, false)] // Quick enough for anybody.
    [InlineData(3_900, 1_000, false)] // Less than four times the usual.
    [InlineData(60_000, 0, false)] // Nothing is usual yet.
    [InlineData(4_100, 1_000, true)]
    public async Task Slow_is_what_is_slow_for_the_channel(int firstTokenMs, int usualMs, bool unbinds)
    {
        await AnswerAsync(1, Written, firstTokenMs: firstTokenMs, usualMs: usualMs);
        await AnswerAsync(1, ReadBack, firstTokenMs: firstTokenMs, usualMs: usualMs);

        Assert.Equal(!unbinds, (await FindAsync()).IsBound);
    }

    [Fact]
    [Trait("row", "A30")]
    public async Task Pinned_conversation_bears_slowness_unless_its_rule_says_otherwise()
    {
        _snapshot = _snapshot with { AffinityRules = [Rule with { IsPinned = true }] };
        await AnswerAsync(1, Written, firstTokenMs: 9_000, usualMs: 700);
        await AnswerAsync(1, ReadBack, firstTokenMs: 9_000, usualMs: 700);
        Assert.True((await FindAsync()).IsPinned);

        _snapshot = _snapshot with { AffinityRules = [Rule with { IsPinned = true, UnbindAfterMs = 5_000 }] };
        await AnswerAsync(1, ReadBack, firstTokenMs: 9_000, usualMs: 700);
        Assert.False((await FindAsync()).IsBound);
    }

    [Fact]
    public async Task Answer_begun_before_a_flush_does_not_bind_after_it()
    {
        var exchange = Asked.Of(Endpoint.Messages, Body, time: _clock);
        exchange.Affinity = await _binder.FindAsync(exchange, _snapshot);
        _snapshot = _snapshot with { AffinityRules = [Rule with { Generation = 1 }] };
        Assert.False((await FindAsync()).IsBound);

        Serve(exchange, 1, Written, Outcome.Completed);
        _binder.Note(exchange);

        Assert.False((await FindAsync()).IsBound);
    }

    [Fact]
    public async Task Only_channel_of_all_needs_no_look_up()
    {
        var exchange = Asked.Of(Endpoint.Messages, Body, time: _clock);

        var found = _binder.FindAsync(exchange, _snapshot with { Channels = [_snapshot.Channels[0]] });

        Assert.True(found.IsCompletedSuccessfully);
        Assert.Null((await found).Rule);
    }

    private async Task<int> LifeSecondsAsync()
    {
        var keys = await _redis.AskAsync("KEYS", "af:*");
        return keys.IndexOf("af:", StringComparison.Ordinal) is >= 0 and var at
            ? int.Parse((await _redis.AskAsync("TTL", keys[at..].Trim())).Trim()[1..], null) : 0;
    }

    private async Task<AffinityMatch> FindAsync(TimeSpan after = default, string body = Body)
    {
        _clock.Advance(after);
        return await _binder.FindAsync(Asked.Of(Endpoint.Messages, body, time: _clock, headers: "x-session-id: s"), _snapshot);
    }

    private async Task AnswerAsync(
        long channel, TokenUsage usage, Outcome outcome = Outcome.Completed, string body = Body, int firstTokenMs = -1,
        int usualMs = 0, long loser = 0)
    {
        var exchange = Asked.Of(Endpoint.Messages, body, time: _clock, headers: "x-session-id: s");
        (exchange.IsStream, exchange.Model) = (true, "m");
        exchange.Affinity = await _binder.FindAsync(exchange, _snapshot);
        Serve(exchange, channel, usage, outcome, firstTokenMs, usualMs);
        if (loser != 0)
        {
            exchange.AddAttempt(new AttemptRecord(loser, 200, AttemptFault.None, 1) { Outcome = Outcome.LosingHedge });
        }

        _binder.Note(exchange);
    }

    private void Serve(
        Exchange exchange, long channel, TokenUsage usage, Outcome outcome, int firstTokenMs = -1, int usualMs = 0)
    {
        var served = new UpstreamChannel(_snapshot.Channels.Single(c => c.Id == channel), Entries.Box);
        served.Live.FirstTokenMs = usualMs;
        var candidate = new Candidate(served, "m", "m", GatewayRig.Tariff, default);
        exchange.Plan.Add(new RouteStep(candidate, default));
        Assert.True(exchange.BeginAttempt(exchange.Plan[0], new CancellationTokenSource()));
        _clock.Advance(TimeSpan.FromMilliseconds(Math.Max(0, firstTokenMs)));
        exchange.AddAttempt(new AttemptRecord(channel, 200, AttemptFault.None, Math.Max(0, firstTokenMs))
        {
            Outcome = outcome,
            Usage = usage,
            FirstTokenMs = firstTokenMs,
        });
    }
}
