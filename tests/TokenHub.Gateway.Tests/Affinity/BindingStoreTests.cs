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

    private readonly TestClock _clock = new();
    private RedisServer _redis = null!;
    private RedisClient _client = null!;

    public async ValueTask InitializeAsync()
    {
        _redis = await RedisServer.StartAsync();
        _client = await RedisClient.ConnectAsync(RedisOptions.Parse(_redis.Url), default);
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
        one.Keep(7, Home, TimeSpan.FromMinutes(1));

        await Probe.UntilAsync(async () => await other.FindAsync(7) == Home, TimeSpan.FromSeconds(5), "it is found");
        Assert.True(other.TryFindLocal(7, out var known));
        Assert.Equal(Home, known);
        Assert.Null(await other.FindAsync(8));
        Assert.False(other.TryFindLocal(8, out _));

        one.Remove(7);
        Assert.True(one.TryFindLocal(7, out known));
        Assert.Null(known);
        await Probe.UntilAsync(async () => await other.FindAsync(7) is null, TimeSpan.FromSeconds(5), "it is gone");
    }

    [Fact]
    public void Own_knowledge_lasts_a_second_and_is_of_one_conversation()
    {
        var store = NewStore();
        store.Keep(7, Home, TimeSpan.FromMinutes(1));

        Assert.True(store.TryFindLocal(7, out _));
        Assert.False(store.TryFindLocal(7 + 4096, out _));
        Assert.False(store.TryFindLocal((UInt128)7 + (UInt128.One << 64), out _));
        _clock.Advance(TimeSpan.FromMilliseconds(999));
        Assert.True(store.TryFindLocal(7, out _));
        _clock.Advance(TimeSpan.FromMilliseconds(1));
        Assert.False(store.TryFindLocal(7, out _));
    }

    [Fact]
    public async Task Stalled_redis_costs_one_request_a_moment_and_the_next_ones_nothing()
    {
        var store = NewStore();
        Assert.Null(await store.FindAsync(7));
        _redis.Freeze();
        var clock = Stopwatch.StartNew();

        Assert.Null(await store.FindAsync(7));
        var first = clock.Elapsed;
        for (var i = 0; i < 1000; i++)
        {
            Assert.Null(await store.FindAsync((UInt128)i));
        }

        var rest = clock.Elapsed - first;
        _redis.Resume();

        Assert.InRange(first, BindingStore.Patience, TimeSpan.FromMilliseconds(200));
        Assert.True(rest < TimeSpan.FromMilliseconds(50), $"{rest}");
        store.Keep(9, Home, TimeSpan.FromMinutes(1));
        _clock.Advance(BindingStore.Pause);
        await Probe.UntilAsync(
            async () =>
            {
                _clock.Advance(BindingStore.Pause);
                return await store.FindAsync(9) == Home;
            },
            TimeSpan.FromSeconds(5), "Redis is asked again");
    }

    [Fact]
    public async Task Redis_that_is_away_is_no_error()
    {
        var store = NewStore();
        await _redis.KillAsync();
        await Probe.UntilAsync(() => !_client.IsConnected, TimeSpan.FromSeconds(5), "the client knows");

        Assert.Null(await store.FindAsync(7));
        store.Keep(7, Home, TimeSpan.FromMinutes(1));
        store.Remove(7);
        Assert.True(store.TryFindLocal(7, out var known));
        Assert.Null(known);
    }

    private BindingStore NewStore() => new(_client, _clock, NullLogger.Instance);
}
