using TokenHub.Core.Money;
using TokenHub.Core.Requests;
using TokenHub.Redis.Tests.Servers;
using TokenHub.TestKit.Servers;

namespace TokenHub.Redis.Tests;

/// <summary>What a call of the till allocates once everything is warm.</summary>
[Collection(nameof(AllocationTests))]
[CollectionDefinition(nameof(AllocationTests), DisableParallelization = true)]
public sealed class AllocationTests
{
    private const int WarmCalls = 20_000;
    private const int Calls = 2_000;
    private const int RunsMax = 10;
    private const int Workers = 16;
    private const int BytesPerCallMax = 32;
    private const long Account = 5;
    private static readonly RequestIdSource Ids = new(1, 1);
    private static readonly Usd Cap = new(1_000_000_000);

    private static CancellationToken None => CancellationToken.None;

    [Fact]
    public async Task Reserve_and_settle_allocate_next_to_nothing()
    {
        await using var server = await RedisServer.StartAsync();
        await MeasureAsync(server.Url);
    }

    [Fact]
    public async Task Neither_do_they_on_a_cluster()
    {
        await using var cluster = await RedisCluster.StartAsync();
        await MeasureAsync(cluster.Url);
    }

    private static async Task MeasureAsync(string url)
    {
        var options = RedisOptions.Parse(url) with { CallTimeout = Backends.Patience };
        await using var client = await RedisClient.ConnectAsync(options, None);
        var till = new Redis.Till(client.Runner);
        await till.BuildShardAsync(Shards.Of(Account), 1, None);
        await till.HydrateAsync(Account, new Usd(1_000_000_000), 1, true, 1_000_000, 9, Usd.Zero, 1, None);
        await RunAsync(till, WarmCalls);

        // What else goes on in the process counts too, such as a new map of the slots every two seconds: a run without.
        var bytesPerCall = double.MaxValue;
        for (var run = 0; run < RunsMax && bytesPerCall > BytesPerCallMax; run++)
        {
            var before = GC.GetTotalAllocatedBytes(precise: true);
            await RunAsync(till, Calls);
            bytesPerCall = (GC.GetTotalAllocatedBytes(precise: true) - before) / (double)Calls;
        }

        TestContext.Current.TestOutputHelper?.WriteLine($"{bytesPerCall:f1} bytes a call");
        Assert.InRange(bytesPerCall, 0, BytesPerCallMax);
    }

    // Half of the calls one after the other, half from many at once; the loops themselves allocate nothing.
    private static async Task RunAsync(Redis.Till till, int calls)
    {
        await LoopAsync(till, calls / 4).ConfigureAwait(false);
        var workers = new Task[Workers];
        for (var i = 0; i < Workers; i++)
        {
            workers[i] = LoopAsync(till, calls / 4 / Workers);
        }

        await Task.WhenAll(workers).ConfigureAwait(false);
    }

    private static async Task LoopAsync(Redis.Till till, int lives)
    {
        for (var i = 0; i < lives; i++)
        {
            var rid = Ids.Next(0);
            var request = new HoldRequest(
                rid, Account, 9, new Usd(10), 60_000, 1, 1, Cap, 1_000_000, 100, 1_000_000_000, 1_000_000_000, 10);
            var held = await till.ReserveAsync(request, None).ConfigureAwait(false);
            var settled = await till.SettleAsync(rid, Account, 9, new Usd(1), default, None).ConfigureAwait(false);
            Assert.True(held.Code == TillCode.Ok && settled.Code == TillCode.Ok);
        }
    }
}
