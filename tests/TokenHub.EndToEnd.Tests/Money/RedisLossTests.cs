using Npgsql;
using TokenHub.EndToEnd.Tests.Product;
using TokenHub.TestKit.Servers;
using Xunit;

namespace TokenHub.EndToEnd.Tests.Money;

[Collection("alone")]
public sealed class RedisLossTests
{
    private const int Accounts = 100_000;
    private const int Kill = 9;

    [Fact]
    public async Task Redis_wiped_under_load_with_a_hundred_thousand_accounts_serves_again_within_seconds()
    {
        await using var redis = await RedisServer.StartAsync();
        await using var stack = await ProductStack.StartAsync(redis.Url);
        await using var upstream = await TruthfulUpstream.StartAsync(30, TimeSpan.FromMilliseconds(8));
        await stack.Api.CreateChannelAsync("openai", upstream.Url, "gpt-4o-*");
        await stack.Api.SetPriceAsync("gpt-4o-*", "1.00", "4.00");
        await AddAccountsAsync(stack);
        var (userId, key) = await stack.Api.CreateMemberAsync("wiped@example.com", "1000");
        await stack.WaitServedAsync(key, "gpt-4o-0");
        var url = $"http://127.0.0.1:{FreePort.Next()}";
        var other = await stack.StartGatewayAsync("other", url);
        var callers = new Callers(key, clients: 10, stack.GatewayUrl, url);
        await using (callers)
        {
            await Probe.UntilAsync(() => callers.Served.Count > 50, TimeSpan.FromSeconds(30), "calls are served");

            // Emptied while it runs; restarted empty; emptied with a gateway that dies in the same moment.
            var wiped = await WipeAsync(redis);
            Report("wiped under two gateways", await FirstServedAsync(callers, wiped), TimeSpan.FromSeconds(5));
            await redis.KillAsync();
            wiped = DateTime.UtcNow;
            await redis.RestartAsync();
            Report("restarted empty", await FirstServedAsync(callers, wiped), TimeSpan.FromSeconds(5));
            other.Signal(Kill);
            wiped = await WipeAsync(redis);
            Report("wiped with a dead gateway", await FirstServedAsync(callers, wiped), TimeSpan.FromSeconds(10));

            // What it had served is in its log, and comes with its next start.
            await other.DisposeAsync();
            other = await stack.StartGatewayAsync("other", url);
            var (code, said) = await stack.OperateAsync("ledger", "rebuild-redis");
            Assert.True(code == 0, said);
            await FirstServedAsync(callers, DateTime.UtcNow);
            await callers.StopAsync();
        }

        await stack.AssertSettledAsync(userId, TimeSpan.FromSeconds(120));
        var billed = await RollingRestartTests.ReadBilledAsync(stack, callers);
        Assert.All(callers.Served.Keys, model => Assert.Equal(30, billed[model]));
        await other.DisposeAsync();
    }

    private static async Task<TimeSpan> FirstServedAsync(Callers callers, DateTime since)
    {
        // Answers that had begun before are no proof.
        var before = callers.Served.Count;
        await Probe.UntilAsync(
            () => callers.Served.Count > before && callers.Served.Values.Any(at => at > since + TimeSpan.FromMilliseconds(50)),
            TimeSpan.FromSeconds(20),
            "a call is served");
        return callers.Served.Values.Where(at => at > since + TimeSpan.FromMilliseconds(50)).Min() - since;
    }

    private static void Report(string what, TimeSpan took, TimeSpan most)
    {
        TestContext.Current.TestOutputHelper?.WriteLine($"{what}: first answer begun after {took.TotalSeconds:0.00} s");
        Assert.True(took <= most, $"{what}: {took}");
    }

    private static async Task<DateTime> WipeAsync(RedisServer redis)
    {
        Assert.StartsWith("+OK", await redis.AskAsync("FLUSHALL"), StringComparison.Ordinal);
        return DateTime.UtcNow;
    }

    private static async Task AddAccountsAsync(ProductStack stack)
    {
        await using var connection = new NpgsqlConnection(stack.Postgres.ConnectionString("test_1"));
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand(
            "insert into users (email, password_hash, role) "
            + $"select 'crowd' || n || '@example.com', '', 'member' from generate_series(1, {Accounts}) n",
            connection) { CommandTimeout = 120 };
        Assert.Equal(Accounts, await command.ExecuteNonQueryAsync());
    }
}
