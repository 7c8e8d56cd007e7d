using Npgsql;
using TokenHub.EndToEnd.Tests.Product;
using TokenHub.TestKit.Servers;
using Xunit;

namespace TokenHub.EndToEnd.Tests.Money;

public sealed class RollingRestartTests
{
    private const int Term = 15;
    private const int Tokens = 40;

    [Fact]
    public async Task Two_gateways_restarted_in_turn_under_load_fail_no_stream_and_bill_each_once()
    {
        await using var redis = await RedisServer.StartAsync();
        await using var stack = await ProductStack.StartAsync(redis.Url);
        await using var upstream = await TruthfulUpstream.StartAsync(Tokens, TimeSpan.FromMilliseconds(8));
        await stack.Api.CreateChannelAsync("openai", upstream.Url, "gpt-4o-*");
        await stack.Api.SetPriceAsync("gpt-4o-*", "1.00", "4.00");
        var (userId, key) = await stack.Api.CreateMemberAsync("rolling@example.com", "1000");
        string[] urls = [$"http://127.0.0.1:{FreePort.Next()}", $"http://127.0.0.1:{FreePort.Next()}"];
        var gateways = new[]
        {
            await stack.StartGatewayAsync("one", urls[0]),
            await stack.StartGatewayAsync("two", urls[1]),
        };
        await stack.WaitServedAsync(key, "gpt-4o-0");
        var callers = new Callers(key, clients: 10, urls);
        await using (callers)
        {
            for (var restart = 0; restart < 4; restart++)
            {
                var which = restart % 2;
                var before = callers.Served.Count;
                await Probe.UntilAsync(
                    () => callers.Served.Count >= before + 20, TimeSpan.FromSeconds(30), "calls are served");
                gateways[which].Signal(Term);
                Assert.Equal(0, await gateways[which].WaitForExitAsync(TimeSpan.FromSeconds(40)));
                await gateways[which].DisposeAsync();
                gateways[which] = await stack.StartGatewayAsync(which == 0 ? "one" : "two", urls[which]);
            }

            await callers.StopAsync();
        }

        Assert.Empty(callers.Broken);
        await stack.AssertSettledAsync(userId, TimeSpan.FromSeconds(30));
        var billed = await ReadBilledAsync(stack, callers);
        Assert.All(callers.Served.Keys, model => Assert.Equal(Tokens, billed[model]));
        Assert.Equal(callers.Served.Count, billed.Values.Count(tokens => tokens > 0));
        foreach (var gateway in gateways)
        {
            await gateway.DisposeAsync();
        }
    }

    /// <summary>
    /// Output tokens by model name, straight from the ledger, once it has heard of everything that was served; a name
    /// that stands twice with tokens fails.
    /// </summary>
    internal static async Task<Dictionary<string, long>> ReadBilledAsync(ProductStack stack, Callers callers)
    {
        Dictionary<string, long> billed = [];
        await Probe.UntilAsync(
            async () => callers.Served.Keys.All((billed = await ReadBilledAsync(stack)).ContainsKey),
            TimeSpan.FromSeconds(30),
            "everything served is in the ledger");
        return billed;
    }

    private static async Task<Dictionary<string, long>> ReadBilledAsync(ProductStack stack)
    {
        await using var connection = new NpgsqlConnection(stack.Postgres.ConnectionString("test_1"));
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand("select model, output from usage_events where output > 0", connection);
        await using var reader = await command.ExecuteReaderAsync();
        var billed = new Dictionary<string, long>();
        while (await reader.ReadAsync())
        {
            Assert.True(billed.TryAdd(reader.GetString(0), reader.GetInt64(1)), $"{reader.GetString(0)} twice");
        }

        return billed;
    }
}
