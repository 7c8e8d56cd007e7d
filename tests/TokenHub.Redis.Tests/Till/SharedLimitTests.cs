using TokenHub.Core.Money;
using TokenHub.Core.Requests;
using TokenHub.Redis.Tests.Servers;

namespace TokenHub.Redis.Tests.Till;

/// <summary>
/// Rates and slots over three gateways on one Redis: a thousand at once, never one more than allowed.
/// </summary>
[Trait("row", "S08")]
public sealed class SharedLimitTests(Backends backends, ITestOutputHelper output)
{
    private const int Gateways = 3;
    private const int Calls = 1_000;
    private static readonly RequestIdSource Ids = new(3, 3);
    private static CancellationToken None => CancellationToken.None;

    public static TheoryData<Backend, string> Limits { get; } = new(
        from backend in Enum.GetValues<Backend>()
        from limit in new[] { "key rpm", "key tpm", "user rpm", "user tpm", "key slots", "user slots" }
        select (backend, limit));

    [Theory]
    [MemberData(nameof(Limits))]
    [Trait("row", "T21")]
    [Trait("row", "S07")]
    public async Task Thousand_calls_at_once_pass_exactly_as_often_as_the_limit_says(Backend backend, string limit)
    {
        const int Most = 137;
        await using var crowd = await CrowdAsync(backend);
        var account = Backends.NextAccount();
        foreach (var key in new long[] { 21, 22 })
        {
            await crowd.Tills[0].HydrateAsync(
                account, new Usd(1_000_000), 1, true, 10_000, key, Usd.Zero, 1, None);
        }

        // A minute lets in what its rate says at once; what flows in meanwhile is counted by the time it took.
        var keys = limit.StartsWith("user", StringComparison.Ordinal) ? 2 : 1;
        var from = TimeProvider.System.GetTimestamp();
        var replies = await Task.WhenAll(Enumerable.Range(0, Calls).Select(i => crowd.Tills[i % Gateways].ReserveAsync(
            new HoldRequest(
                Ids.Next(1_790_000_000_000), account, 21 + (i % keys), new Usd(1), 60_000, 1 + (i % Gateways), 1, null,
                limit == "user slots" ? Most : 10_000, limit == "key slots" ? Most : null,
                limit == "key rpm" ? Most : null, limit == "key tpm" ? Most * 10 : null, 10,
                limit == "user rpm" ? Most : null, limit == "user tpm" ? Most * 10 : null),
            None).AsTask()));
        var flowed = (int)Math.Ceiling(TimeProvider.System.GetElapsedTime(from).TotalMinutes * Most);

        var refusal = limit.EndsWith("slots", StringComparison.Ordinal) ? TillCode.Concurrency : TillCode.Rate;
        var passed = replies.Count(reply => reply.Code == TillCode.Ok);
        output.WriteLine($"{backend}, {limit}: {passed} of {Calls}, limit {Most}, at most {flowed} flowed in meanwhile");
        Assert.InRange(passed, Most, refusal == TillCode.Concurrency ? Most : Most + flowed);
        Assert.Equal(Calls - passed, replies.Count(reply => reply.Code == refusal));
    }

    [Theory]
    [OnEachBackend]
    public async Task Thousand_calls_at_once_pass_a_group_exactly_as_often_as_its_rate_says(Backend backend)
    {
        const int Most = 137;
        await using var crowd = await CrowdAsync(backend);
        var group = $"g{Backends.NextAccount()}";
        var from = TimeProvider.System.GetTimestamp();
        var replies = await Task.WhenAll(Enumerable.Range(0, Calls).Select(i => crowd.Groups[i % Gateways].TakeAsync(
            group, Ids.Next(1_790_000_000_000), Most, Most * 20, 20, None).AsTask()));
        var flowed = (int)Math.Ceiling(TimeProvider.System.GetElapsedTime(from).TotalMinutes * Most);

        var passed = replies.Count(reply => reply.Code == TillCode.Ok);
        output.WriteLine($"{backend}, group: {passed} of {Calls}, limit {Most}, at most {flowed} flowed in meanwhile");
        Assert.InRange(passed, Most, Most + flowed);
        Assert.All(replies.Where(reply => reply.Code != TillCode.Ok), reply =>
        {
            Assert.Equal(TillCode.Rate, reply.Code);
            Assert.InRange(reply.RetryAfterMs, 1, 60_000);
        });
    }

    [Theory]
    [OnEachBackend]
    public async Task Group_takes_once_and_gives_back_once(Backend backend)
    {
        await using var crowd = await CrowdAsync(backend);
        var (groups, group) = (crowd.Groups[0], $"g{Backends.NextAccount()}");
        var (rid, other) = (Ids.Next(1_790_000_000_000), Ids.Next(1_790_000_000_000));

        Assert.Equal(TillCode.Ok, (await groups.TakeAsync(group, rid, 1, 100, 60, None)).Code);
        var again = await groups.TakeAsync(group, rid, 1, 100, 60, None);
        Assert.Equal(TillCode.Repeated, again.Code);
        Assert.InRange(again.Rates.KeyRequestsUs, 50_000_000, 60_000_000);
        Assert.InRange(again.Rates.KeyTokensUs, 30_000_000, 36_000_000);
        Assert.Equal(TillCode.Rate, (await groups.TakeAsync(group, other, 1, 100, 10, None)).Code);

        Assert.Equal(TillCode.Ok, await groups.PutRightAsync(group, rid, counts: false, 0, None));
        Assert.Equal(TillCode.Repeated, await groups.PutRightAsync(group, rid, counts: false, 0, None));
        Assert.Equal(TillCode.Ok, (await groups.TakeAsync(group, other, 1, 100, 100, None)).Code);
        Assert.Equal(TillCode.Ok, await groups.PutRightAsync(group, other, counts: true, 40, None));
        var third = await groups.TakeAsync(group, rid, null, 100, 50, None);
        Assert.Equal(TillCode.Ok, third.Code);
        Assert.InRange(third.Rates.KeyTokensUs, 50_000_000, 54_000_000);
    }

    [Theory]
    [OnEachBackend]
    public async Task Group_without_the_limit_or_with_bad_numbers(Backend backend)
    {
        await using var crowd = await CrowdAsync(backend);
        var (groups, group) = (crowd.Groups[0], $"g{Backends.NextAccount()}");

        var free = await groups.TakeAsync(group, Ids.Next(1_790_000_000_000), 10, null, 1_000_000, None);
        Assert.Equal((TillCode.Ok, -1), (free.Code, free.Rates.KeyTokensUs));
        var bad = await groups.TakeAsync(group, Ids.Next(1_790_000_000_000), 10, null, -1, None);
        Assert.Equal(TillCode.BadArgument, bad.Code);
        Assert.Equal(
            TillCode.BadArgument, await groups.PutRightAsync(group, Ids.Next(1_790_000_000_000), true, -1, None));
    }

    private async Task<Crowd> CrowdAsync(Backend backend)
    {
        var clients = new List<RedisClient>();
        for (var i = 0; i < Gateways; i++)
        {
            clients.Add(await RedisClient.ConnectAsync(Backends.Patient(backends.Url(backend)), None));
        }

        return new Crowd(
            clients, [.. clients.Select(client => new Redis.Till(client.Runner))],
            [.. clients.Select(client => new GroupRates(client.Runner))]);
    }

    private sealed record Crowd(List<RedisClient> Clients, Redis.Till[] Tills, GroupRates[] Groups) : IAsyncDisposable
    {
        public async ValueTask DisposeAsync()
        {
            foreach (var client in Clients)
            {
                await client.DisposeAsync();
            }
        }
    }
}
