using System.Diagnostics;
using Microsoft.Extensions.Logging.Abstractions;
using TokenHub.Core.Routing;
using TokenHub.Gateway.Affinity;
using TokenHub.Gateway.Tests.Rig;
using TokenHub.Redis;
using TokenHub.TestKit.Servers;
using Xunit;

namespace TokenHub.Gateway.Tests.Affinity;

[Trait("needs", "redis")]
public sealed class BindingStoreTests : IAsyncLifetime
{
    private static readonly Binding Home = new()
    {
        Channel = 1001,
        RuleGeneration = 3,
        ChannelGeneration = 4,
        CachedTokens = 123_456,
        Life = CacheLife.OneHour,
        UsedMs = 1_790_000_000_000,
        Misses = 1,
        SlowRuns = 1,
    };

    // Not the product's: after one wait in vain a store pauses by the test's clock, which stands still.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    private static readonly TimeSpan Long = TimeSpan.FromSeconds(30);

    private readonly TestClock _clock = new();
    private RedisServer _redis = null!;
    private RedisClient _client = null!;

    public async ValueTask InitializeAsync()
    {
        _redis = await RedisServer.StartAsync();
        _client = await RedisClient.ConnectAsync(
            RedisOptions.Parse(_redis.Url) with { CallTimeout = Patience }, default);
    }

    public async ValueTask DisposeAsync()
    {
        await _client.DisposeAsync();
        await _redis.DisposeAsync();
    }

    [Fact]
    public async Task Other_gateways_find_what_one_has_bound_and_unbound()
    {
        var (one, other) = (NewStore(), NewStore());
        one.Keep(7, Home, TimeSpan.FromMinutes(1), BindingWrite.First);

        await Probe.UntilAsync(async () => await other.FindAsync(7) == Home, Long, "it is found");
        Assert.True(other.TryFindLocal(7, out var known));
        Assert.Equal(Home, known);
        Assert.Null(await other.FindAsync(8));
        Assert.False(other.TryFindLocal(8, out _));

        one.Remove(7);
        Assert.True(one.TryFindLocal(7, out known));
        Assert.Null(known);
        await Probe.UntilAsync(async () => await other.FindAsync(7) is null, Long, "it is gone");
    }

    [Fact]
    public void What_was_only_written_is_known_for_a_second_and_of_one_conversation()
    {
        var store = NewStore();
        store.Keep(7, Home, TimeSpan.FromMinutes(1), BindingWrite.First);

        Assert.True(store.TryFindLocal(7, out _));
        Assert.False(store.TryFindLocal(7 + 16_384, out _));
        Assert.False(store.TryFindLocal((UInt128)7 + (UInt128.One << 64), out _));
        _clock.Advance(TimeSpan.FromMilliseconds(999));
        Assert.True(store.TryFindLocal(7, out _));
        _clock.Advance(TimeSpan.FromMilliseconds(1));
        Assert.False(store.TryFindLocal(7, out _));
    }

    [Fact]
    public async Task What_was_read_is_known_until_another_gateway_moves_it_or_half_a_minute_is_over()
    {
        var (one, other) = (NewStore(), NewStore());
        await ListenedToAsync();
        one.Keep(7, Home, Life, BindingWrite.First);
        await FoundAsync(other, 7, Home);
        _clock.Advance(TimeSpan.FromSeconds(29));
        Assert.True(other.TryFindLocal(7, out _));
        _clock.Advance(TimeSpan.FromSeconds(1));
        Assert.False(other.TryFindLocal(7, out _));

        await FoundAsync(other, 7, Home);
        var moved = Home with { Channel = 1002 };
        one.Keep(7, moved, Life, BindingWrite.Move);

        await Probe.UntilAsync(() => !other.TryFindLocal(7, out _), Long, "the move is heard");
        Assert.Equal(moved, await other.FindAsync(7));
        one.Remove(7);
        await Probe.UntilAsync(() => !other.TryFindLocal(7, out _), Long, "the end is heard");
        Assert.Null(await other.FindAsync(7));
    }

    [Fact]
    public async Task Gateway_that_may_have_missed_a_move_asks_again()
    {
        var store = NewStore();
        await ListenedToAsync();
        store.Keep(7, Home, Life, BindingWrite.First);
        await FoundAsync(store, 7, Home);
        _clock.Advance(TimeSpan.FromSeconds(5));
        Assert.True(store.TryFindLocal(7, out _));

        await _redis.AskAsync("CLIENT", "KILL", "TYPE", "pubsub");

        await Probe.UntilAsync(() => !store.TryFindLocal(7, out _), Long, "nothing is sure");
        await ListenedToAsync();
        Assert.False(store.TryFindLocal(7, out _));
    }

    [Fact]
    public async Task Who_binds_first_binds_and_the_other_goes_there()
    {
        var (one, other) = (NewStore(), NewStore());
        one.Keep(7, Home, Life, BindingWrite.First);
        await FoundAsync(NewStore(), 7, Home);

        other.Keep(7, Home with { Channel = 1002 }, Life, BindingWrite.First);

        await Probe.UntilAsync(() => !other.TryFindLocal(7, out _), Long, "it was refused");
        Assert.Equal(Home, await other.FindAsync(7));
    }

    [Theory]
    [InlineData(1, 5, 4)]
    [InlineData(3, 11, 4)]
    public async Task Conversation_of_twenty_turns_costs_a_few_reads_and_writes(int gateways, int readsMost, int writesMost)
    {
        var stores = Enumerable.Range(0, gateways).Select(_ => NewStore()).ToList();
        await ListenedToAsync();
        await _redis.AskAsync("CONFIG", "RESETSTAT");
        var at = Home with { CachedTokens = 40_000, IsBrief = false, Misses = 0, SlowRuns = 0 };
        for (var turn = 0; turn < 20; turn++)
        {
            // A turn each five seconds, through the gateways by turns.
            var store = stores[turn % gateways];
            var isKnown = store.TryFindLocal(7, out var known);
            known = isKnown ? known : await store.FindAsync(7);
            at = at with { CachedTokens = at.CachedTokens + 1_000, UsedMs = at.UsedMs + 5_000 };
            Assert.Equal(turn > 0, known is not null);
            store.Keep(7, at, TimeSpan.FromHours(1), turn == 0 ? BindingWrite.First : BindingWrite.Renewal);
            if (turn == 0)
            {
                await Probe.UntilAsync(
                    async () => (await _redis.AskAsync("DBSIZE")).StartsWith(":1", StringComparison.Ordinal),
                    Long, "it is stored");
            }

            _clock.Advance(TimeSpan.FromSeconds(5));
        }

        var (reads, writes) = (await CallsAsync("get"), await CallsAsync("set"));
        TestContext.Current.TestOutputHelper?.WriteLine(
            $"20 turns over {gateways} gateways: {reads} reads and {writes} writes of Redis");
        Assert.InRange(reads, 2, readsMost);
        Assert.InRange(writes, 2, writesMost);
    }

    [Fact]
    public async Task Stalled_redis_costs_one_request_a_moment_and_the_next_ones_nothing()
    {
        var patience = TestOptions.Create().BindingPatience;
        Assert.Equal(TimeSpan.FromMilliseconds(50), patience);
        var store = NewStore(patience);
        var (first, rest) = (TimeSpan.MaxValue, TimeSpan.MaxValue);
        for (var stall = 0; stall < 5 && (first > FirstMost || rest > RestMost); stall++)
        {
            _clock.Advance(BindingStore.Pause);
            _redis.Freeze();
            var (one, others) = await StalledAsync(store);
            _redis.Resume();
            await Probe.UntilAsync(() => _client.IsConnected, Long, "Redis is there");
            (first, rest) = (one < first ? one : first, others < rest ? others : rest);
        }

        // Timers go by a clock of some milliseconds' steps.
        Assert.InRange(first, patience - TimeSpan.FromMilliseconds(5), FirstMost);
        Assert.True(rest < RestMost, $"{rest}");
        store.Keep(9, Home, TimeSpan.FromMinutes(1), BindingWrite.First);
        _clock.Advance(BindingStore.Pause);
        await Probe.UntilAsync(
            async () =>
            {
                _clock.Advance(BindingStore.Pause);
                return await store.FindAsync(9) == Home;
            },
            Long, "Redis is asked again");
    }

    [Fact]
    public async Task Redis_that_is_away_is_no_error()
    {
        var store = NewStore();
        await _redis.KillAsync();
        await Probe.UntilAsync(() => !_client.IsConnected, Long, "the client knows");

        Assert.Null(await store.FindAsync(7));
        store.Keep(7, Home, TimeSpan.FromMinutes(1), BindingWrite.First);
        store.Remove(7);
        Assert.True(store.TryFindLocal(7, out var known));
        Assert.Null(known);
    }

    private static readonly TimeSpan Life = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan FirstMost = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan RestMost = TimeSpan.FromMilliseconds(50);

    // How long one request waits in vain, and a thousand after it together.
    private static async Task<(TimeSpan First, TimeSpan Others)> StalledAsync(BindingStore store)
    {
        var clock = Stopwatch.StartNew();
        Assert.Null(await store.FindAsync(7));
        var first = clock.Elapsed;
        for (var i = 0; i < 1000; i++)
        {
            Assert.Null(await store.FindAsync((UInt128)i));
        }

        return (first, clock.Elapsed - first);
    }

    private Task ListenedToAsync() => Probe.UntilAsync(
        () => _client.Subscriber.IsConnected, Long, "moves are heard");

    private static Task FoundAsync(BindingStore store, UInt128 key, Binding binding) => Probe.UntilAsync(
        async () => await store.FindAsync(key) == binding, Long, "it is stored");

    private async Task<int> CallsAsync(string command)
    {
        var stats = await _redis.AskAsync("INFO", "commandstats");
        var at = stats.IndexOf($"cmdstat_{command}:calls=", StringComparison.Ordinal);
        return at < 0 ? 0 : int.Parse(stats[(stats.IndexOf('=', at) + 1)..stats.IndexOf(',', at)], null);
    }

    private BindingStore NewStore() => NewStore(Patience);

    private BindingStore NewStore(TimeSpan patience) => new(_client, _clock, NullLogger.Instance) { Patience = patience };
}
