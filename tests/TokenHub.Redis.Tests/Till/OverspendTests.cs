using TokenHub.Core.Money;
using TokenHub.Core.Requests;
using TokenHub.Redis.Tests.Servers;

namespace TokenHub.Redis.Tests.Till;

/// <summary>Many at once, from several connections: never a unit more than there is.</summary>
public sealed class OverspendTests(Backends backends)
{
    private const int Callers = 200;
    private const int Affordable = 10;
    private const int Rounds = 10;
    private static readonly RequestIdSource Ids = new(1, 1);
    private static CancellationToken None => CancellationToken.None;

    [Theory]
    [OnEachBackend]
    public async Task Parallel_reserves_admit_exactly_what_the_funds_allow(Backend backend)
    {
        await using var crowd = await CrowdAsync(backend);
        for (var round = 0; round < Rounds; round++)
        {
            var account = Backends.NextAccount();
            await crowd.Tills[0].HydrateAsync(
                account, new Usd(1005), 1, true, 500, 9, Usd.Zero, 1, None);

            var replies = await Task.WhenAll(Enumerable.Range(0, Callers).Select(
                i => crowd.Tills[i % crowd.Tills.Length].ReserveAsync(Request(account), None).AsTask()));

            Assert.Equal(Affordable, replies.Count(reply => reply.Code == TillCode.Ok));
            Assert.Equal(Callers - Affordable, replies.Count(reply => reply.Code == TillCode.Funds));
            Assert.All(replies, reply => Assert.InRange(reply.Available.Units, 5, 1005));
            var state = await crowd.Tills[0].ReadAccountAsync(account, None);
            Assert.Equal(new AccountState(new Usd(1005), 1, new Usd(1000), Usd.Zero, Affordable), state);
        }
    }

    [Theory]
    [OnEachBackend]
    public async Task Parallel_lives_of_requests_leave_nothing_open_and_the_sums_exact(Backend backend)
    {
        await using var crowd = await CrowdAsync(backend);
        var account = Backends.NextAccount();
        await crowd.Tills[0].HydrateAsync(account, new Usd(1_000_000), 1, true, 500, 9, Usd.Zero, 1, None);

        var charged = await Task.WhenAll(Enumerable.Range(0, Callers).Select(
            i => LiveAsync(crowd.Tills[i % crowd.Tills.Length], account, i)));

        var state = await crowd.Tills[0].ReadAccountAsync(account, None);
        Assert.Equal(new AccountState(new Usd(1_000_000), 1, Usd.Zero, new Usd(charged.Sum()), 0), state);
    }

    // A third is settled, a third released, a third settled twice; each step is told twice, as after lost answers.
    private static async Task<long> LiveAsync(Redis.Till till, long account, int number)
    {
        var request = Request(account);
        Assert.Equal(TillCode.Ok, (await till.ReserveAsync(request, None)).Code);
        Assert.Equal(TillCode.Repeated, (await till.ReserveAsync(request, None)).Code);
        await till.ExtendAsync(request.Rid, account, 9, new Usd(number), null, 60_000, None);
        if (number % 3 == 0)
        {
            Assert.Equal(TillCode.Ok, await till.ReleaseAsync(request.Rid, account, 9, None));
            Assert.Equal(TillCode.Repeated, await till.ReleaseAsync(request.Rid, account, 9, None));
            return 0;
        }

        var first = await till.SettleAsync(request.Rid, account, 9, new Usd(number), default, None);
        var second = await till.SettleAsync(request.Rid, account, 9, new Usd(number), default, None);
        Assert.Equal((TillCode.Ok, TillCode.AlreadySettled), (first.Code, second.Code));
        return number;
    }

    private static HoldRequest Request(long account) =>
        new(Ids.Next(1_790_000_000_000), account, 9, new Usd(100), 60_000, 1, 1, null, 500, null, null, null, 1);

    private async Task<Crowd> CrowdAsync(Backend backend)
    {
        var options = Backends.Patient(backends.Url(backend)) with { Connections = 2, ContinuesInline = true };
        var clients = await Task.WhenAll(
            Enumerable.Range(0, 4).Select(_ => RedisClient.ConnectAsync(options, None)));
        return new Crowd(clients, [.. clients.Select(client => new Redis.Till(client.Runner))]);
    }

    private sealed record Crowd(RedisClient[] Clients, Redis.Till[] Tills) : IAsyncDisposable
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
