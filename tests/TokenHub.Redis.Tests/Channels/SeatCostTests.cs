using System.Globalization;
using TokenHub.Core.Money;
using TokenHub.Core.Quota;
using TokenHub.Core.Requests;
using TokenHub.Core.Snapshots;
using TokenHub.Redis.Channels;
using TokenHub.TestKit.Servers;

namespace TokenHub.Redis.Tests.Channels;

/// <summary>What a channel's scripts cost Redis, by its own count. <c>-explicit only</c> measures.</summary>
public sealed class SeatCostTests(ITestOutputHelper output)
{
    private const int Calls = 20_000;
    private const int AtOnce = 32;
    private static readonly RequestIdSource Ids = new(1, 1);
    private static CancellationToken None => CancellationToken.None;

    [Theory(Explicit = true)]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(3)]
    public async Task Taking_and_giving_back_a_place(int windows)
    {
        await using var redis = await RedisServer.StartAsync();
        await using var client = await RedisClient.ConnectAsync(RedisOptions.Parse(redis.Url), None);
        var seats = new ChannelSeats(client.Runner);
        var claims = Claims(windows, 1L << 40);
        if (windows > 0)
        {
            await seats.RecountAsync(1, 1, Claims(windows, 0), None);
        }

        await Parallel.ForAsync(0, AtOnce, async (_, _) =>
        {
            for (var i = 0; i < Calls / AtOnce; i++)
            {
                var rid = Ids.Next(1_790_000_000_000);
                var seat = new SeatRequest(1, 1, rid, 1, 1, 1, 15_000, 500, null, null, 100, new Usd(1_000));
                var place = await seats.EnterAsync(seat, claims, None);
                Assert.Equal(SeatCode.Ok, place.Code);
                await seats.LeaveAsync(
                    new SeatReturn(1, 1, rid, 1, place.Fence, null, 70, new Usd(700)), claims, None);
            }
        });

        var stats = await redis.AskAsync("INFO", "commandstats");
        var at = stats.IndexOf("cmdstat_evalsha:", StringComparison.Ordinal);
        var line = stats[at..stats.IndexOf('\r', at)];
        var each = line[(line.IndexOf("usec_per_call=", StringComparison.Ordinal) + 14)..].Split(',')[0];
        output.WriteLine($"{windows} windows: {each} us of Redis a script, two scripts an attempt; {line}");
        Assert.True(double.Parse(each, CultureInfo.InvariantCulture) < 500, line);
    }

    private static WindowClaim[] Claims(int windows, long amount) =>
    [
        .. Enumerable.Range(0, windows).Select(i => new WindowClaim(
            $"00000000000000a{i}", QuotaKind.Tokens, amount, new QuotaPeriod(1, 4_000_000_000_000))),
    ];
}
