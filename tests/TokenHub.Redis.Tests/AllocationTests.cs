using TokenHub.Core.Money;
using TokenHub.Core.Requests;
using TokenHub.TestKit.Servers;

namespace TokenHub.Redis.Tests;

/// <summary>What a call of the till allocates once everything is warm.</summary>
[Collection(nameof(AllocationTests))]
[CollectionDefinition(nameof(AllocationTests), DisableParallelization = true)]
public sealed class AllocationTests
{
    private const int Calls = 20_000;
    private const int Workers = 16;
    private const long Account = 5;
    private static readonly RequestIdSource Ids = new(1, 1);
    private static CancellationToken None => CancellationToken.None;

    [Fact]
    public async Task Reserve_and_settle_allocate_next_to_nothing()
    {
        await using var server = await RedisServer.StartAsync();
        var options = RedisOptions.Parse(server.Url) with { CallTimeout = TimeSpan.FromSeconds(10) };
        await using var client = await RedisClient.ConnectAsync(options, None);
        var till = new Redis.Till(client.Runner);
        await till.BuildShardAsync(Shards.Of(Account), 1, None);
        await till.HydrateAsync(Account, new Usd(1_000_000_000), 1, true, 1_000_000, 9, Usd.Zero, 1, None);
        await RunAsync(till);

        var before = GC.GetTotalAllocatedBytes(precise: true);
        await RunAsync(till);
        var bytesPerCall = (GC.GetTotalAllocatedBytes(precise: true) - before) / (double)Calls;

        TestContext.Current.TestOutputHelper?.WriteLine($"{bytesPerCall:f1} bytes a call");
        Assert.InRange(bytesPerCall, 0, 200);
    }

    // Half of the calls one after the other, half from many at once.
    private static async Task RunAsync(Redis.Till till)
    {
        for (var i = 0; i < Calls / 4; i++)
        {
            await LiveAsync(till).ConfigureAwait(false);
        }

        await Task.WhenAll(Enumerable.Range(0, Workers).Select(async _ =>
        {
            for (var i = 0; i < Calls / 4 / Workers; i++)
            {
                await LiveAsync(till).ConfigureAwait(false);
            }
        })).ConfigureAwait(false);
    }

    private static async ValueTask LiveAsync(Redis.Till till)
    {
        var rid = Ids.Next(0);
        var request = new HoldRequest(
            rid, Account, 9, new Usd(10), 60_000, 1, 1, new Usd(1_000_000_000), 1_000_000, 100, 100_000_000, null, 10);
        await till.ReserveAsync(request, None).ConfigureAwait(false);
        await till.SettleAsync(rid, Account, 9, new Usd(1), default, None).ConfigureAwait(false);
    }
}
