using System.Diagnostics;
using TokenHub.Core.Money;
using TokenHub.Core.Requests;
using TokenHub.Core.Snapshots;
using TokenHub.Gateway.Channels.Gate;
using TokenHub.Gateway.Planes;
using TokenHub.Gateway.Tests.Rig;
using TokenHub.Redis;
using TokenHub.Redis.Channels;
using TokenHub.TestKit.Servers;
using Xunit;

namespace TokenHub.Gateway.Tests.Channels.Gate;

/// <summary>Three gateways at one channel, each with connections of its own: never a unit more than there is.</summary>
[Trait("needs", "redis")]
public sealed class GateExactnessTests : IAsyncLifetime
{
    private const int Calls = 1_000;
    private const int Gateways = 3;
    private static readonly RequestIdSource Ids = new(1, 1);
    private readonly List<RedisClient> _clients = [];
    private RedisServer _redis = null!;

    public async ValueTask InitializeAsync()
    {
        _redis = await RedisServer.StartAsync();
        for (var i = 0; i < Gateways; i++)
        {
            _clients.Add(await RedisClient.ConnectAsync(
                RedisOptions.Parse(_redis.Url) with { CallTimeout = TimeSpan.FromSeconds(10) }, default));
        }
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var client in _clients)
        {
            await client.DisposeAsync();
        }

        await _redis.DisposeAsync();
    }

    [Fact]
    [Trait("row", "B06")]
    [Trait("row", "S07")]
    public async Task Slots_are_given_out_to_the_last_and_not_one_more()
    {
        var gates = Gates(entry => entry with { MaxConcurrency = 17 });

        var replies = await EnterAllAsync(gates, tokens: 0);
        Assert.Equal(17, replies.Count(reply => reply.Code == GateCode.Ok));
        Assert.Equal(Calls - 17, replies.Count(reply => reply.Code == GateCode.Full));

        await LeaveAllAsync(gates, replies, tokens: 0);
        Assert.Equal(17, (await EnterAllAsync(gates, tokens: 0)).Count(reply => reply.Code == GateCode.Ok));
    }

    [Theory]
    [Trait("row", "A32")]
    [InlineData(QuotaKind.Requests, 234, 234)]
    [InlineData(QuotaKind.Tokens, 2_345, 234)]
    [InlineData(QuotaKind.Money, 2_349, 234)]
    public async Task Window_is_given_out_to_the_last_unit_and_not_one_more(QuotaKind kind, long limit, int places)
    {
        var gates = Gates(entry => entry with { Windows = [Window(kind, limit)] });

        var replies = await EnterAllAsync(gates, tokens: 10);

        Assert.Equal(places, replies.Count(reply => reply.Code == GateCode.Ok));
        Assert.Equal(Calls - places, replies.Count(reply => reply.Code == GateCode.Exhausted));
    }

    [Fact]
    [Trait("row", "A32")]
    public async Task Every_window_holds_at_once_and_a_refusal_takes_nothing_of_any()
    {
        var gates = Gates(entry => entry with
        {
            MaxConcurrency = 500,
            Windows = [Window(QuotaKind.Tokens, 9_000), Window(QuotaKind.Requests, 321), Window(QuotaKind.Money, 5_000)],
        });

        var replies = await EnterAllAsync(gates, tokens: 10);

        Assert.Equal(321, replies.Count(reply => reply.Code == GateCode.Ok));
        await LeaveAllAsync(gates, replies, tokens: 10);
        var counts = await CountsAsync(gates[0].Channel);
        Assert.Equal([3_210, 321, 3_210], counts.Select(count => count!.Value.Used));
        Assert.All(counts, count => Assert.Equal(0, count!.Value.Held));
    }

    [Fact]
    [Trait("row", "A32")]
    [Trait("row", "A33")]
    public async Task Lives_in_parallel_never_bring_a_window_above_its_limit_and_leave_the_sum_exact()
    {
        var gates = Gates(entry => entry with { MaxConcurrency = 40, Windows = [Window(QuotaKind.Tokens, 20_000)] });
        var watch = WatchAsync(gates[0].Channel, limit: 20_000, slots: 40, out var stop);

        var used = await Task.WhenAll(Enumerable.Range(0, Calls).Select(i => LiveAsync(gates[i % Gateways], i)));

        await stop.CancelAsync();
        Assert.True(await watch > 3);
        await Probe.UntilAsync(() => gates.All(gate => gate.Gate.Leaving == 0), TimeSpan.FromSeconds(10), "all have left");
        var count = Assert.Single(await CountsAsync(gates[0].Channel))!.Value;
        Assert.Equal((used.Sum(), 0), (count.Used, count.Held));
        Assert.InRange(count.Used, 19_000, 20_000);
    }

    [Fact]
    [Trait("row", "S07")]
    public async Task Rates_are_never_above_what_has_flowed_off()
    {
        var gates = Gates(entry => entry with { Rpm = 120 });
        var watch = Stopwatch.StartNew();

        var replies = await EnterAllAsync(gates, tokens: 0);

        // A minute's worth at once, and two a second from then on.
        var taken = replies.Count(reply => reply.Code == GateCode.Ok);
        Assert.InRange(taken, 120, 120 + (int)(2 * watch.Elapsed.TotalSeconds) + 1);
        Assert.All(replies.Where(reply => reply.Code == GateCode.Rate), reply => Assert.InRange(reply.RetryAfterMs, 1, 500));
    }

    private static WindowEntry Window(QuotaKind kind, long limit) => new()
    {
        // Longer than the test, wherever in it the clock stands.
        Kind = kind, Limit = limit, Unit = PeriodUnit.Month, Count = 1200,
    };

    private List<GateAt> Gates(Func<ChannelEntry, ChannelEntry> change) => [.. _clients.Select((client, i) =>
    {
        var channel = new UpstreamChannel(change(Entries.Channel(5)), Entries.Box);
        var (seats, clock) = (new ChannelSeats(client.Runner), new ServerClock(TimeProvider.System));
        var gate = new ChannelGate(
            seats, new GatewayIdentity(i + 1, 1), () => 1,
            async _ => (await seats.RecountAsync(
                channel.Id, 1, Array.ConvertAll(channel.Limits.ClaimsAt(clock.NowMs), c => c with { Amount = 0 }),
                default)).Code > 0,
            clock, TimeProvider.System);
        return new GateAt(gate, channel);
    })];

    private static async Task<Seat[]> EnterAllAsync(List<GateAt> gates, long tokens) =>
        await Task.WhenAll(Enumerable.Range(0, Calls).Select(async i =>
        {
            var rid = Ids.Next(1_790_000_000_000);
            var at = gates[i % Gateways];
            var reply = await at.Gate.EnterAsync(at.Channel, rid, 1, tokens, new Usd(tokens), default);
            return new Seat(rid, i % Gateways, reply.Code, reply.RetryAfterMs, reply.Fence);
        }));

    private static async Task LeaveAllAsync(List<GateAt> gates, Seat[] seats, long tokens)
    {
        foreach (var seat in seats.Where(seat => seat.Code == GateCode.Ok))
        {
            gates[seat.At].Gate.Leave(gates[seat.At].Channel, seat.Rid, 1, seat.Fence, tokens, new Usd(tokens));
        }

        await Probe.UntilAsync(() => gates.All(gate => gate.Gate.Leaving == 0), TimeSpan.FromSeconds(10), "all have left");
    }

    // Waits for a slot as long as there is any quota, uses less than was set aside, and gives it back.
    private static async Task<long> LiveAsync(GateAt at, int number)
    {
        var random = new Random(number);
        var rid = Ids.Next(1_790_000_000_000);
        while (true)
        {
            var reply = await at.Gate.EnterAsync(at.Channel, rid, 1, 50, new Usd(50), default);
            if (reply.Code == GateCode.Ok)
            {
                var used = random.Next(51);
                await Task.Yield();
                at.Gate.Leave(at.Channel, rid, 1, reply.Fence, used, new Usd(used));
                return used;
            }

            if (reply.Code == GateCode.Exhausted && reply.RetryAfterMs > 60_000)
            {
                return 0;
            }

            await Task.Delay(random.Next(1, 20));
        }
    }

    private Task<int> WatchAsync(UpstreamChannel channel, long limit, int slots, out CancellationTokenSource stop)
    {
        stop = new CancellationTokenSource();
        var token = stop.Token;
        return Task.Run(async () =>
        {
            var looks = 0;
            while (!token.IsCancellationRequested)
            {
                if (Assert.Single(await CountsAsync(channel)) is { } count)
                {
                    Assert.True(count.Used + count.Held <= limit, $"{count} is above {limit}");
                    Assert.True(count.Held <= slots * 50, $"{count.Held} is held by more than {slots}");
                    looks++;
                }
            }

            return looks;
        });
    }

    private async Task<WindowCount?[]> CountsAsync(UpstreamChannel channel) => await new ChannelSeats(_clients[0].Runner)
        .ReadAsync(channel.Id, 1, [.. channel.Limits.ClaimsAt(0).Select(claim => claim.Name)], default);

    private sealed record GateAt(ChannelGate Gate, UpstreamChannel Channel);

    private sealed record Seat(RequestId Rid, int At, GateCode Code, int RetryAfterMs, long Fence);
}
