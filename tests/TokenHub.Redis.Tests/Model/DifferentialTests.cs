using System.Globalization;
using System.Text;
using TokenHub.Redis.Resp;
using TokenHub.Redis.Tests.Servers;
using TokenHub.TestKit.Servers;

namespace TokenHub.Redis.Tests.Model;

/// <summary>
/// Random calls to the real scripts and to the model must give the same answers and leave the same state.
/// </summary>
public sealed class DifferentialTests
{
    private const int CallsPerBatch = 100;
    private const int BatchesPerCheck = 25;
    private static CancellationToken None => CancellationToken.None;

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public async Task Scripts_on_redis_answer_as_the_model_does(int seed)
    {
        await using var server = await RedisServer.StartAsync();
        await RunAsync(server.Url, seed, Batches(340));
    }

    [Fact]
    public async Task Scripts_on_garnet_answer_as_the_model_does()
    {
        await using var server = await GarnetServer.StartAsync();
        await RunAsync(server.Url, usualSeed: 4, Batches(1_000));
    }

    // A long run is asked for by number: TOKENHUB_TEST_DIFFERENTIAL_BATCHES=10000 is a million calls a seed.
    // A seed that failed is run again by TOKENHUB_TEST_DIFFERENTIAL_SEED, which all of them take then.
    private static int Batches(int usual) => Asked("BATCHES") ?? usual;

    private static int? Asked(string name) => int.TryParse(
        Environment.GetEnvironmentVariable($"TOKENHUB_TEST_DIFFERENTIAL_{name}"), CultureInfo.InvariantCulture, out var asked)
        ? asked
        : null;

    private static async Task RunAsync(string url, int usualSeed, int batches)
    {
        var seed = Asked("SEED") ?? usualSeed;
        await using var client = await RedisClient.ConnectAsync(Backends.Patient(url) with { Connections = 1 }, None);
        var runner = await ClockedRunner.CreateAsync(client.Runner);
        var model = new TillModel { NowUs = 1_790_000_000_000_000 };
        var random = new Random(seed);
        var commands = new RandomCommands(random);
        var codes = new Dictionary<string, int>();
        for (var batch = 0; batch < batches; batch++)
        {
            await RunBatchAsync(runner, model, random, commands, codes, $"seed {seed}, batch {batch}");
            await HarmAsync(client, model, random);
            if (batch % BatchesPerCheck == BatchesPerCheck - 1)
            {
                Assert.Equal(ModelText.Lines(model), await ServerState.LinesAsync(client.Runner, runner.ClockKey));
            }
        }

        // The run is worth something only if every answer was among those given.
        TestContext.Current.TestOutputHelper?.WriteLine(string.Join(", ", codes.OrderBy(c => c.Key)));
        var seen = codes.Keys.Select(text => int.Parse(text, CultureInfo.InvariantCulture)).Order();
        Assert.Equal(Enum.GetValues<TillCode>().Select(code => (int)code).Where(code => code != 0).Order(), seen);
    }

    // Sent without waiting: one connection keeps the order, and the model knows the answers anyway.
    private static async Task RunBatchAsync(
        ClockedRunner runner,
        TillModel model,
        Random random,
        RandomCommands commands,
        Dictionary<string, int> codes,
        string where)
    {
        model.NowUs += random.Next(2_000_000) - (random.Next(40) == 0 ? 100_000_000 : 0);
        await runner.SetAsync(model.NowUs);
        var calls = new List<(string Command, string Expected, Task<RespReply> Reply)>();
        for (var i = 0; i < CallsPerBatch; i++)
        {
            var (command, shard) = commands.Next();
            var epoch = (model.Shard(shard).Epoch ?? 1) + (random.Next(40) == 0 ? 1 : 0);
            var call = runner.Begin(command.Script);
            command.Write(call, shard, epoch);
            var reply = runner.RunAsync(call, None).AsTask();
            calls.Add(($"{where}, call {i}: {command}", string.Join(' ', model.Run(command, shard, epoch)), reply));
        }

        foreach (var (command, expected, reply) in calls)
        {
            using var answer = await reply;
            var actual = ServerState.Text(answer);
            Assert.True(expected == actual, $"{command}\nexpected {expected}\nactual   {actual}");
            var code = actual.Split(' ')[0];
            codes[code] = codes.GetValueOrDefault(code) + 1;
        }
    }

    // Redis may lose anything: an epoch, an account, a key's spending. The scripts must stay within bounds all the
    // same.
    private static async Task HarmAsync(RedisClient client, TillModel model, Random random)
    {
        var shardNo = RandomCommands.ShardNos[random.Next(RandomCommands.ShardNos.Count)];
        var shard = model.Shard(shardNo);
        switch (random.Next(60))
        {
            case 0:
                shard.Epoch = null;
                await client.DeleteAsync(RedisKeys.Epoch(shardNo), None);
                break;
            case 1 when shard.Accounts.Count > 0:
                var account = shard.Accounts.Keys.First();
                shard.Accounts.Remove(account);
                await client.DeleteAsync(RedisKeys.Account(account), None);
                break;
            case 2 when shard.Spends.Count > 0:
                var key = shard.Spends.Keys.First();
                shard.Spends.Remove(key);
                await client.DeleteAsync($"{{s{shardNo}}}:k:{key}", None);
                break;
            case < 40:
                shard.Epoch = random.Next(1, 4);
                var text = shard.Epoch.Value.ToString(CultureInfo.InvariantCulture);
                await client.SetAsync(RedisKeys.Epoch(shardNo), Encoding.ASCII.GetBytes(text), null, None);
                break;
        }
    }
}
