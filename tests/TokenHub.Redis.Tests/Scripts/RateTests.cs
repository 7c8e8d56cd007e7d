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
    private const int UserRequests = 14;
    private const int UserTokens = 15;
    private static readonly (int, string)[] Free = [(3, "1"), (9, "5000"), (10, ""), (Requests, ""), (TokensMax, "")];
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

    [Theory]
    [OnEachBackend]
    [Trait("row", "B07")]
    public async Task Keys_of_one_user_share_his_rate_and_the_lower_of_both_holds(Backend backend)
    {
        var (shard, clock) = await ReadyAsync(backend);
        await clock.SetAsync(StartUs);
        await shard.RunAsync("hydrate", (6, "10"));
        for (var i = 0; i < 10; i++)
        {
            var key = i % 2 == 0 ? "9" : "10";
            Assert.StartsWith(
                "1 ", await RequestAsync(shard, (7, key), (UserRequests, "10")), StringComparison.Ordinal);
        }

        Assert.Equal("-7 0 6000", await RequestAsync(shard, (UserRequests, "10")));
        Assert.Equal("-7 0 6000", await RequestAsync(shard, (7, "10"), (UserRequests, "10"), (Requests, "100")));
        Assert.StartsWith("1 ", await RequestAsync(shard, (7, "10"), (Requests, "1")), StringComparison.Ordinal);
        Assert.Equal("-7 0 60000", await RequestAsync(shard, (7, "10"), (UserRequests, "10"), (Requests, "1")));
    }

    [Theory]
    [OnEachBackend]
    public async Task Refusal_by_one_rate_takes_nothing_of_the_other(Backend backend)
    {
        var (shard, clock) = await ReadyAsync(backend);
        await clock.SetAsync(StartUs);
        await RequestAsync(shard, (Requests, "5"), (UserTokens, "100"), (Tokens, "80"));
        var before = await shard.StateAsync();

        Assert.Equal("-7 0 36000", await RequestAsync(shard, (Requests, "5"), (UserTokens, "100"), (Tokens, "80")));
        Assert.Equal("-7 0 60000", await RequestAsync(shard, (Requests, "0"), (UserTokens, "100"), (Tokens, "10")));

        Assert.Equal(before, await shard.StateAsync());
    }

    [Theory]
    [OnEachBackend]
    public async Task Answer_says_how_far_each_rate_is_used(Backend backend)
    {
        var (shard, clock) = await ReadyAsync(backend);
        await clock.SetAsync(StartUs);

        var first = await RawAsync(shard, (Requests, "60"), (UserTokens, "1000"), (Tokens, "250"));
        var second = await RawAsync(shard, (Requests, "60"), (TokensMax, "500"), (UserRequests, "6"), (Tokens, "250"));
        var refused = await RawAsync(shard, (Requests, "60"), (TokensMax, "500"), (Tokens, "251"));

        Assert.Equal("1 999 0 1000000 -1 -1 15000000", first);
        Assert.Equal("1 998 0 2000000 30000000 10000000 -1", second);
        Assert.Equal("-7 0 120 2000000 30000000 -1 -1", refused);
    }

    [Theory]
    [OnEachBackend]
    public async Task Tokens_that_were_not_used_come_back_with_the_settlement_once(Backend backend)
    {
        var (shard, clock) = await ReadyAsync(backend);
        await clock.SetAsync(StartUs);
        await shard.RunAsync("reserve", [.. Free, (TokensMax, "600"), (UserTokens, "1200"), (Tokens, "600")]);
        await clock.SetAsync(StartUs + (10 * SecondUs));

        await shard.RunAsync("settle", (7, "300"));
        await shard.RunAsync("settle", (7, "0"));

        // Of the key a minute was taken, half of it comes back; of the user half a minute.
        Assert.Equal($"0|{StartUs + (30 * SecondUs)}", await shard.TextAsync("l"));
        Assert.Equal($"0|{StartUs + (15 * SecondUs)}", await shard.TextAsync("u"));
    }

    [Theory]
    [OnEachBackend]
    public async Task What_has_flowed_off_by_the_settlement_does_not_come_back(Backend backend)
    {
        var (shard, clock) = await ReadyAsync(backend);
        await clock.SetAsync(StartUs);
        await shard.RunAsync("reserve", [.. Free, (TokensMax, "600"), (Tokens, "300")]);
        await clock.SetAsync(StartUs + (20 * SecondUs));
        await RequestAsync(shard, (TokensMax, "600"), (Tokens, "400"));

        await shard.RunAsync("settle", (7, "0"));

        // Its 30 s ended 10 s from now: those come back, the 20 s before have passed unused.
        Assert.Equal($"0|{StartUs + (60 * SecondUs)}", await shard.TextAsync("l"));
    }

    [Theory]
    [OnEachBackend]
    public async Task Tokens_used_beyond_the_estimate_are_taken_but_never_shut_the_rate_for_more_than_a_minute(
        Backend backend)
    {
        var (shard, clock) = await ReadyAsync(backend);
        await clock.SetAsync(StartUs);
        await shard.RunAsync("reserve", [.. Free, (TokensMax, "600"), (UserTokens, "6000"), (Tokens, "100")]);
        await clock.SetAsync(StartUs + (40 * SecondUs));

        await shard.RunAsync("settle", (7, "9000"));

        Assert.Equal($"0|{StartUs + (100 * SecondUs)}", await shard.TextAsync("l"));
        Assert.Equal($"0|{StartUs + (100 * SecondUs)}", await shard.TextAsync("u"));
    }

    [Theory]
    [OnEachBackend]
    public async Task Settlement_of_unknown_tokens_or_after_a_clock_jump_leaves_the_rate(Backend backend)
    {
        var (shard, clock) = await ReadyAsync(backend);
        await clock.SetAsync(StartUs);
        await shard.RunAsync("reserve", [.. Free, (TokensMax, "600"), (Tokens, "600")]);
        await shard.RunAsync("reserve", [.. Free, (2, PrivateShard.Rid(2)), (UserTokens, "600"), (Tokens, "600")]);
        await shard.RunAsync("settle", (7, ""));
        await clock.SetAsync(StartUs - (3600 * SecondUs));
        await shard.RunAsync("settle", (2, PrivateShard.Rid(2)), (7, "0"));

        Assert.Equal($"0|{StartUs + (60 * SecondUs)}", await shard.TextAsync("l"));
        Assert.Equal($"0|{StartUs + (60 * SecondUs)}", await shard.TextAsync("u"));
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
            (2, PrivateShard.Rid(_next++)), .. Free, .. changes,
        ]);

    private Task<string> RawAsync(PrivateShard shard, params (int Position, string Value)[] changes) =>
        shard.RunRawAsync(
            "reserve", PrivateShard.With("reserve", [(2, PrivateShard.Rid(_next++)), .. Free, .. changes]));

    private async Task<(PrivateShard Shard, ClockedRunner Clock)> ReadyAsync(Backend backend)
    {
        var clock = await ClockedRunner.CreateAsync(backends.Client(backend).Runner);
        var shard = await PrivateShard.ReadyAsync(clock);
        await shard.RunAsync("setbal", (2, "1000"), (3, "5"), (5, "5000"));
        return (shard, clock);
    }
}
