using TokenHub.Core.Money;
using TokenHub.Core.Quota;
using TokenHub.Core.Requests;
using TokenHub.Core.Snapshots;
using TokenHub.Redis.Channels;
using TokenHub.Redis.Tests.Model;
using TokenHub.Redis.Tests.Servers;
using TokenHub.TestKit.Servers;

namespace TokenHub.Redis.Tests.Channels;

/// <summary>
/// Random calls to the real scripts of a channel and to the model must give the same answers and leave the same state,
/// whatever the clock does and whatever Redis loses: 100,000 calls on each kind of server.
/// </summary>
public sealed class SeatDifferentialTests
{
    private const int Calls = 50_000;
    private const long Channel = 7;
    private static CancellationToken None => CancellationToken.None;

    [Theory]
    [InlineData(Backend.Redis, 1)]
    [InlineData(Backend.Redis, 2)]
    [InlineData(Backend.Garnet, 3)]
    [InlineData(Backend.Garnet, 4)]
    [Trait("row", "A32")]
    [Trait("row", "B06")]
    public async Task Scripts_answer_as_the_model_does(Backend backend, int seed)
    {
        await using var redis = backend == Backend.Redis ? await RedisServer.StartAsync() : null;
        await using var garnet = backend == Backend.Garnet ? await GarnetServer.StartAsync() : null;
        var options = Backends.Patient(redis?.Url ?? garnet!.Url) with { Connections = 1 };
        await using var client = await RedisClient.ConnectAsync(options, None);
        var runner = await ClockedRunner.CreateAsync(client.Runner);
        var run = new Run(new Random(seed), new ChannelSeats(runner));
        for (var i = 0; i < Calls; i++)
        {
            await run.StepAsync(runner, client, $"seed {seed}, call {i}");
            if (i % 500 == 499)
            {
                Assert.Equal(run.Model.Lines(), await StateAsync(client.Runner));
            }
        }

        TestContext.Current.TestOutputHelper?.WriteLine(string.Join(", ", run.Codes.OrderBy(c => c.Key)));
        Assert.Equal(
            Enum.GetValues<SeatCode>().Where(code => code is not (SeatCode.None or SeatCode.BadArgument)).Order(),
            run.Codes.Keys.Order());
    }

    private static async Task<List<string>> StateAsync(IScriptRunner runner)
    {
        var lines = new List<string>();
        async Task AddAsync(string kind, string command, params string[] arguments)
        {
            var pairs = await ServerState.ListAsync(runner, command, arguments);
            lines.AddRange(Enumerable.Range(0, pairs.Count / 2)
                .Select(i => $"{kind} {pairs[2 * i]} {pairs[(2 * i) + 1]}"));
        }

        await AddAsync("q", "HGETALL", RedisKeys.ChannelState(Channel));
        await AddAsync("p", "HGETALL", RedisKeys.ChannelPlaces(Channel));
        await AddAsync("z", "ZRANGEBYSCORE", RedisKeys.ChannelSlots(Channel), "-inf", "+inf", "WITHSCORES");
        lines.Sort(StringComparer.Ordinal);
        return lines;
    }

    private sealed class Run(Random random, ChannelSeats seats)
    {
        private static readonly WindowEntry[] Entries =
        [
            new() { Kind = QuotaKind.Tokens, Limit = 29_000, Unit = PeriodUnit.Minute },
            new() { Kind = QuotaKind.Money, Limit = 400_000, Unit = PeriodUnit.Hour },
            new() { Kind = QuotaKind.Requests, Limit = 400, Unit = PeriodUnit.Minute, Count = 7 },
        ];

        private readonly Dictionary<string, long> _fences = [];
        private long _us = 1_790_000_000_000_000;
        private long _epoch = 3;
        private int _next;

        public SeatModel Model { get; } = new();

        public Dictionary<SeatCode, int> Codes { get; } = [];

        public async Task StepAsync(ClockedRunner runner, RedisClient client, string where)
        {
            await MoveAsync(runner, client);
            var windows = Windows();
            var (rid, attempt) = (Rid(), random.Next(1, 3));
            switch (random.Next(10))
            {
                case < 5:
                    await EnterAsync(rid, attempt, windows, where);
                    break;
                case < 8:
                    await LeaveAsync(rid, attempt, windows, where);
                    break;
                case 8:
                    await RenewAsync(windows, where);
                    break;
                default:
                    var counts = windows.Select(w => w with { Amount = random.Next(8_000) }).ToArray();
                    if (counts.Length > 0)
                    {
                        Check(
                            where + " recount", Model.Recount(_us, _epoch, counts),
                            await seats.RecountAsync(Channel, _epoch, counts, None));
                    }

                    break;
            }
        }

        private async Task EnterAsync(RequestId rid, int attempt, WindowClaim[] windows, string where)
        {
            var seat = new SeatRequest(
                Channel, _epoch, rid, attempt, random.Next(3), random.Next(9), random.Next(1, 20_000),
                Maybe(3, 12), Maybe(2, 60), Maybe(2_000, 90_000), random.Next(2_500), new Usd(random.Next(2_500)));
            var reply = await seats.EnterAsync(seat, windows, None);
            Check(where + " enter", Model.Enter(_us, seat, windows), reply);
            if (reply.Fence > 0)
            {
                _fences[SeatModel.Member(rid, attempt)] = reply.Fence;
            }
        }

        private async Task LeaveAsync(RequestId rid, int attempt, WindowClaim[] windows, string where)
        {
            var seat = new SeatReturn(
                Channel, _epoch, rid, attempt, FenceOf(rid, attempt), Maybe(2_000, 90_000), random.Next(3_000),
                new Usd(random.Next(3_000)));
            Check(where + " leave", Model.Leave(_us, seat, windows), await seats.LeaveAsync(seat, windows, None));
        }

        private async Task RenewAsync(WindowClaim[] windows, string where)
        {
            var held = Enumerable.Range(0, random.Next(5)).Select(_ =>
            {
                var (rid, attempt) = (Rid(), random.Next(1, 3));
                return new HeldSeat(rid, attempt, FenceOf(rid, attempt), random.Next(900), new Usd(random.Next(900)));
            }).ToArray();
            var fences = new long[held.Length];
            var reply = await seats.RenewAsync(Channel, _epoch, 2, 5, 15_000, windows, held, fences, None);
            var expected = Model.Renew(_us, _epoch, "2.5", 15_000, windows, held);
            Check(where + " renew", expected.Reply, reply);
            Assert.True(expected.Fences.SequenceEqual(fences), where);
        }

        private void Check(string where, SeatReply expected, SeatReply actual)
        {
            Assert.True(expected == actual, $"{where}\nexpected {expected}\nactual   {actual}");
            Codes[actual.Code] = Codes.GetValueOrDefault(actual.Code) + 1;
        }

        // Mostly forward a little; now and then far, or back. Redis loses the state, or a gateway has seen a loss.
        private async Task MoveAsync(ClockedRunner runner, RedisClient client)
        {
            _us += random.Next(400) switch
            {
                0 => 3_600_000_000L * random.Next(1, 30),
                1 => -3_600_000_000L * random.Next(1, 30),
                2 or 3 => -1_000_000L * random.Next(1, 120),
                < 30 => 1_000_000L * random.Next(1, 90),
                _ => random.Next(300_000),
            };
            await runner.SetAsync(_us);
            switch (random.Next(300))
            {
                case 0:
                    Model.Lose();
                    await client.DeleteAsync(RedisKeys.ChannelState(Channel), None);
                    break;
                case 1:
                    _epoch++;
                    break;
            }
        }

        // As a gateway has them whose clock is, as a rule, that of Redis.
        private WindowClaim[] Windows()
        {
            var at = (_us / 1000) + (random.Next(12) == 0 ? random.Next(-90_000, 90_000) : 0);
            return [.. Entries.Take(random.Next(8) == 0 ? random.Next(3) : 3).Select(entry => new WindowClaim(
                WindowName.Of(entry), entry.Kind, entry.Limit, WindowCalendar.Of(entry).At(at)))];
        }

        // Few enough to meet again, and new ones all the time.
        private RequestId Rid()
        {
            if (random.Next(3) == 0)
            {
                _next++;
            }

            return RequestId.Create(1_790_000_000_000, 1, 1, (uint)Math.Max(0, _next - random.Next(20)));
        }

        private long FenceOf(RequestId rid, int attempt) => random.Next(30) switch
        {
            0 => 0,
            1 => 5,
            2 => _us + random.Next(1_000),
            _ => _fences.GetValueOrDefault(SeatModel.Member(rid, attempt)),
        };

        private int? Maybe(int least, int most) => random.Next(5) == 0 ? null : random.Next(least, most);
    }
}
