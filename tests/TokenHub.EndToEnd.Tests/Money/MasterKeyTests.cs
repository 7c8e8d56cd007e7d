using System.Security.Cryptography;
using System.Text.Json.Nodes;
using TokenHub.EndToEnd.Tests.Product;
using TokenHub.TestKit.Servers;
using Xunit;

namespace TokenHub.EndToEnd.Tests.Money;

/// <summary>The operator changes the master key of a running installation: nobody who calls notices.</summary>
public sealed class MasterKeyTests
{
    private const int Term = 15;
    private const int Tokens = 30;

    [Fact]
    public async Task Master_key_is_changed_under_load_without_a_failed_stream()
    {
        await using var redis = await RedisServer.StartAsync();
        await using var stack = await ProductStack.StartAsync(redis.Url);
        await using var upstream = await TruthfulUpstream.StartAsync(Tokens, TimeSpan.FromMilliseconds(8));
        await stack.Api.CreateChannelAsync("openai", upstream.Url, "gpt-4o-*");
        await stack.Api.SetPriceAsync("gpt-4o-*", "1.00", "4.00");
        var (userId, key) = await stack.Api.CreateMemberAsync("rotated@example.com", "1000");
        string[] urls = [$"http://127.0.0.1:{FreePort.Next()}", $"http://127.0.0.1:{FreePort.Next()}"];
        ChildProcess[] gateways =
            [await stack.StartGatewayAsync("one", urls[0]), await stack.StartGatewayAsync("two", urls[1])];
        await stack.WaitServedAsync(key, "gpt-4o-0");
        await stack.KillGatewayAsync();
        var (before, after) = (stack.MasterKey, Convert.ToBase64String(RandomNumberGenerator.GetBytes(32)));
        var callers = new Callers(key, clients: 6, urls);
        await using (callers)
        {
            // Everybody knows both keys; everything is sealed with the old one still.
            stack.UseMasterKey(after, before);
            await RestartAllAsync(stack, gateways, urls, callers);

            var (code, said) = await stack.OperateAsync("keys", "rotate-master");
            Assert.True(code == 0, said);
            var swept = Json(said);
            Assert.Equal((1, 1), ((int)swept["resealed"]!, (int)swept["current"]!));
            await UntilServedAsync(callers, 20);

            // The old one is taken away.
            stack.UseMasterKey(after, before: null);
            await RestartAllAsync(stack, gateways, urls, callers);
            await callers.StopAsync();
        }

        Assert.Empty(callers.Broken);
        await stack.AssertSettledAsync(userId, TimeSpan.FromSeconds(30));
        var (verified, report) = await stack.OperateAsync("ledger", "verify");
        Assert.True(verified == 0, report);
        Assert.InRange((int)Json(report)["chain"]!["heads_kept"]!, 1, 1_000);
        var billed = await RollingRestartTests.ReadBilledAsync(stack, callers);
        Assert.All(callers.Served.Keys, model => Assert.Equal(Tokens, billed[model]));
        foreach (var gateway in gateways)
        {
            await gateway.DisposeAsync();
        }
    }

    private static async Task RestartAllAsync(ProductStack stack, ChildProcess[] gateways, string[] urls, Callers callers)
    {
        for (var i = 0; i < gateways.Length; i++)
        {
            gateways[i].Signal(Term);
            Assert.Equal(0, await gateways[i].WaitForExitAsync(TimeSpan.FromSeconds(40)));
            await gateways[i].DisposeAsync();
            gateways[i] = await stack.StartGatewayAsync(i == 0 ? "one" : "two", urls[i]);
            await UntilServedAsync(callers, 20);
        }

        await stack.RestartControlPlaneAsync();
        await UntilServedAsync(callers, 20);
    }

    private static Task UntilServedAsync(Callers callers, int more)
    {
        var before = callers.Served.Count;
        return Probe.UntilAsync(
            () => callers.Served.Count >= before + more, TimeSpan.FromSeconds(30), $"calls are served: {string.Join('\n', callers.Broken)}");
    }

    // The result is the last line; logs may stand before it.
    private static JsonNode Json(string said) => JsonNode.Parse(said.Split('\n').Last(line => line.StartsWith('{')))!;
}
