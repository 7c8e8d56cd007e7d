using TokenHub.Redis.Tests.Model;
using TokenHub.Redis.Tests.Servers;

namespace TokenHub.Redis.Tests.Scripts;

/// <summary>Requests and tokens a minute, by a clock that the test sets.</summary>
public sealed class RateTests(Backends backends)
{
    private const long StartUs = 1_790_000_000_000_000;
    private const long SecondUs = 1_000_000;
    private const int Requests = 11;
    private const int TokensMax = 12;
    private const int Tokens = 13;
    private int _next = 100;

    [Theory]
    [OnEachBackend]
    public async Task Minute_of_requests_may_come_at_once_and_then_one_at_a_time(Backend backend)
    {
        var (shard, clock) = await ReadyAsync(backend);
        await clock.SetAsync(StartUs);
        for (var i = 0; i < 60; i++)
        {
            Assert.StartsWith("1 ", await RequestAsync(shard, (Requests, "60")), StringComparison.Ordinal);
        }

        Assert.Equal("-7 0 1000", await RequestAsync(shard, (Requests, "60")));
        await clock.SetAsync(StartUs + (SecondUs / 2));
        Assert.Equal("-7 0 500", await RequestAsync(shard, (Requests, "60")));
        await clock.SetAsync(StartUs + SecondUs - 1);
        Assert.Equal("-7 0 1", await RequestAsync(shard, (Requests, "60")));
        await clock.SetAsync(StartUs + SecondUs);
        Assert.StartsWith("1 ", await RequestAsync(shard, (Requests, "60")), StringComparison.Ordinal);
        Assert.Equal("-7 0 1000", await RequestAsync(shard, (Requests, "60")));
    }

    [Theory]
    [OnEachBackend]
    public async Task No_minute_lets_through_more_than_twice_the_rate_and_no_hour_more_than_its_share(Backend backend)
    {
        var (shard, clock) = await ReadyAsync(backend);
        var random = new Random(5);
        var passed = new List<long>();
        for (var us = StartUs; us < StartUs + (600 * SecondUs); us += random.Next(3 * (int)SecondUs))
        {
            await clock.SetAsync(us);
            if ((await RequestAsync(shard, (Requests, "20"))).StartsWith("1 ", StringComparison.Ordinal))
            {
                passed.Add(us);
            }
        }

        // A full bucket at the start, and then what flows in: 20 + 20 a minute for ten minutes.
        Assert.InRange(passed.Count, 200, 220);
        Assert.All(passed, from => Assert.InRange(
            passed.Count(us => us >= from && us < from + (60 * SecondUs)), 1, 40));
    }

    [Theory]
    [OnEachBackend]
    public async Task Tokens_count_by_number_and_both_limits_hold(Backend backend)
    {
        var (shard, clock) = await ReadyAsync(backend);
        await clock.SetAsync(StartUs);

        Assert.Equal("1 999 0", await RequestAsync(shard, (TokensMax, "1000"), (Tokens, "900")));
        Assert.Equal("-7 0 6000", await RequestAsync(shard, (TokensMax, "1000"), (Tokens, "200")));
        Assert.Equal("1 998 0", await RequestAsync(shard, (TokensMax, "1000"), (Tokens, "100")));
        Assert.Equal("1 997 0", await RequestAsync(shard, (TokensMax, "1000"), (Tokens, "0")));
        Assert.Equal("-7 0 60", await RequestAsync(shard, (TokensMax, "1000"), (Tokens, "1"), (Requests, "5")));
    }

    [Theory]
    [OnEachBackend]
    public async Task Request_of_more_tokens_than_the_rate_never_passes(Backend backend)
    {
        var (shard, clock) = await ReadyAsync(backend);
        await clock.SetAsync(StartUs);

        Assert.Equal("-7 0 60000", await RequestAsync(shard, (TokensMax, "1000"), (Tokens, "1001")));
        Assert.Equal("-7 0 60000", await RequestAsync(shard, (TokensMax, "0"), (Tokens, "0")));
    }

    [Theory]
    [OnEachBackend]
    public async Task Refusal_for_tokens_takes_no_request_and_a_repeat_takes_nothing(Backend backend)
    {
        var (shard, clock) = await ReadyAsync(backend);
        await clock.SetAsync(StartUs);
        (int, string)[] limits = [(Requests, "2"), (TokensMax, "100"), (Tokens, "60")];
        await shard.RunAsync("reserve", [.. limits, (3, "1")]);
        var before = await shard.StateAsync();

        Assert.Equal("2 999 0", await shard.RunAsync("reserve", [.. limits, (3, "1")]));
        Assert.Equal("-7 0 12000", await RequestAsync(shard, limits));

        Assert.Equal(before, await shard.StateAsync());
    }

    [Theory]
    [OnEachBackend]
    public async Task Clock_that_jumps_back_opens_the_rate_once_and_does_not_shut_it(Backend backend)
    {
        var (shard, clock) = await ReadyAsync(backend);
        await clock.SetAsync(StartUs);
        for (var i = 0; i < 5; i++)
        {
            await RequestAsync(shard, (Requests, "5"));
        }

        await clock.SetAsync(StartUs - (3600 * SecondUs));

        for (var i = 0; i < 5; i++)
        {
            Assert.StartsWith("1 ", await RequestAsync(shard, (Requests, "5")), StringComparison.Ordinal);
        }

        Assert.Equal("-7 0 12000", await RequestAsync(shard, (Requests, "5")));
    }

    [Fact]
    public async Task State_of_a_rate_goes_by_itself_after_a_minute()
    {
        var runner = backends.Client(Backend.Redis).Runner;
        var till = backends.Till(Backend.Redis);
        var account = Backends.NextAccount();
        await till.HydrateAsync(account, new(1000), 1, true, 9, 9, new(0), 0, CancellationToken.None);
        var request = new HoldRequest(
            new(1, (ulong)account), account, 9, new(1), 1000, 1, 1, null, 9, null, Rpm: 5, null, 1);
        await till.ReserveAsync(request, CancellationToken.None);

        var left = (await ServerState.ListAsync(runner, "PTTL", RedisKeys.Rates(account, 9))).Single();

        Assert.InRange(int.Parse(left, System.Globalization.CultureInfo.InvariantCulture), 50_000, 61_000);
    }

    private Task<string> RequestAsync(PrivateShard shard, params (int Position, string Value)[] changes) =>
        shard.RunAsync("reserve",
        [
            (2, PrivateShard.Rid(_next++)), (3, "1"), (9, "5000"), (10, ""), (Requests, ""), (TokensMax, ""),
            .. changes,
        ]);

    private async Task<(PrivateShard Shard, ClockedRunner Clock)> ReadyAsync(Backend backend)
    {
        var clock = await ClockedRunner.CreateAsync(backends.Client(backend).Runner);
        var shard = await PrivateShard.ReadyAsync(clock);
        await shard.RunAsync("setbal", (2, "1000"), (3, "5"), (5, "5000"));
        return (shard, clock);
    }
}
