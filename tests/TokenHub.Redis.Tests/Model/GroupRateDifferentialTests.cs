using TokenHub.Core.Requests;
using TokenHub.Redis.Resp;
using TokenHub.Redis.Scripts;
using TokenHub.Redis.Tests.Servers;
using TokenHub.TestKit.Servers;

namespace TokenHub.Redis.Tests.Model;

/// <summary>
/// 100,000 random calls to the scripts of groups' rates and to their model, on each kind of server: the same answers
/// and the same state, whatever the clock does and whatever Redis loses.
/// </summary>
public sealed class GroupRateDifferentialTests
{
    private const int Batches = 1_000;
    private const int CallsPerBatch = 100;

    // The keys end by the server's own clock, two minutes after they were written: new ones long before.
    private const int BatchesPerEra = 100;
    private static CancellationToken None => CancellationToken.None;

    [Theory]
    [InlineData(Backend.Redis, 1)]
    [InlineData(Backend.Garnet, 2)]
    public async Task Scripts_answer_as_the_model_does(Backend backend, int seed)
    {
        await using var redis = backend == Backend.Redis ? await RedisServer.StartAsync() : null;
        await using var garnet = backend == Backend.Garnet ? await GarnetServer.StartAsync() : null;
        await using var client = await RedisClient.ConnectAsync(
            Backends.Patient(redis?.Url ?? garnet!.Url) with { Connections = 1 }, None);
        var runner = await ClockedRunner.CreateAsync(client.Runner);
        var random = new Random(seed);
        var model = new GroupRateModel { NowUs = 1_790_000_000_000_000 };
        var codes = new Dictionary<string, int>();
        for (var batch = 0; batch < Batches; batch++)
        {
            if (batch % BatchesPerEra == 0)
            {
                (await client.Runner.RunAsync(client.Runner.Begin("FLUSHALL"u8), None)).Dispose();
                model = new GroupRateModel { NowUs = model.NowUs };
            }

            model.NowUs += random.Next(2_000_000) - (random.Next(40) == 0 ? 100_000_000 : 0);
            await runner.SetAsync(model.NowUs);
            await RunBatchAsync(runner, model, random, codes, $"seed {seed}, batch {batch}");
            if (random.Next(30) == 0)
            {
                var lost = Group(random);
                model.Lose(lost);
                await client.DeleteAsync(RedisKeys.GroupRates(lost), None);
            }

            if (batch % 25 == 24)
            {
                Assert.Equal(
                    model.Lines().Order(StringComparer.Ordinal), await StateAsync(client.Runner, runner.ClockKey));
            }
        }

        TestContext.Current.TestOutputHelper?.WriteLine(string.Join(", ", codes.OrderBy(c => c.Key)));
        Assert.Equal(["-7", "-9", "1", "2"], codes.Keys.Order(StringComparer.Ordinal));
    }

    private static async Task RunBatchAsync(
        ClockedRunner runner, GroupRateModel model, Random random, Dictionary<string, int> codes, string where)
    {
        var calls = new List<(string What, string Expected, Task<RespReply> Reply)>();
        for (var i = 0; i < CallsPerBatch; i++)
        {
            var (group, rid) = (Group(random), RequestId.Create(1_790_000_000_000, 1, 1, (uint)random.Next(200)));
            var tokens = random.Next(300) == 0 ? TillModel.UnitsMax + random.Next(2) : random.Next(2_000);
            RespCall call;
            object[] expected;
            string what;
            if (random.Next(5) < 3)
            {
                int? rpm = random.Next(4) == 0 ? null : random.Next(120);
                int? tpm = random.Next(4) == 0 ? null : random.Next(9) == 0 ? random.Next(2_000) : random.Next(80_000);
                call = Keys(runner.Begin(LuaScripts.Rate), group, rid).AddLimit(rpm).AddLimit(tpm).Add(tokens);
                expected = model.Take(group, rid, rpm, tpm, tokens);
                what = $"take {group} {rid} {rpm} {tpm} {tokens}";
            }
            else
            {
                var counts = random.Next(2) == 0;
                call = Keys(runner.Begin(LuaScripts.Unrate), group, rid).Add(counts ? 1 : 0).Add(tokens);
                expected = model.PutRight(group, rid, counts, tokens);
                what = $"put right {group} {rid} {counts} {tokens}";
            }

            calls.Add(($"{where}, call {i}: {what}", string.Join(' ', expected), runner.RunAsync(call, None).AsTask()));
        }

        foreach (var (what, expected, reply) in calls)
        {
            using var answer = await reply;
            var actual = ServerState.Text(answer);
            Assert.True(expected == actual, $"{what}\nexpected {expected}\nactual   {actual}");
            var code = actual.Split(' ')[0];
            codes[code] = codes.GetValueOrDefault(code) + 1;
        }
    }

    private static RespCall Keys(RespCall call, string group, RequestId rid) =>
        call.Add(RedisKeys.GroupRates(group)).Add(RedisKeys.GroupTaken(group, rid));

    private static string Group(Random random) => $"g{random.Next(6)}";

    private static async Task<IEnumerable<string>> StateAsync(IScriptRunner runner, string exceptKey)
    {
        var lines = new List<string>();
        foreach (var key in (await ServerState.ListAsync(runner, "KEYS", "*")).Where(key => key != exceptKey))
        {
            lines.Add($"{key} {(await ServerState.ListAsync(runner, "GET", key))[0]}");
        }

        return lines.Order(StringComparer.Ordinal);
    }
}
