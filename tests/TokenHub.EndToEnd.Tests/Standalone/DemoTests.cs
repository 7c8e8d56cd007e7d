using System.Diagnostics;
using System.Text.Json.Nodes;
using TokenHub.Core.Money;
using TokenHub.TestKit;
using TokenHub.TestKit.Servers;
using Xunit;

namespace TokenHub.EndToEnd.Tests.Standalone;

public sealed class DemoTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("tokenhub-demo-");

    private string Data => Path.Combine(_folder.FullName, "data");

    public void Dispose() => _folder.Delete(recursive: true);

    [Fact]
    public async Task The_printed_call_streams_and_costs_exactly_the_printed_price()
    {
        await using var run = await StandaloneRun.StartAsync(Data, demo: true);
        await run.WaitForOutputAsync("curl ", TimeSpan.FromSeconds(30));

        var answer = await CurlAsync(run);

        Assert.Contains("data: [DONE]", answer.Body, StringComparison.Ordinal);
        Assert.True(answer.Body.Split("data: ").Length > 10, answer.Body);
        using var api = new ConsoleApi(run.ConsoleUrl);
        await api.SignInAsync("admin@localhost", run.AdminPassword);
        var request = await SettledAsync(api, answer.RequestId);
        var usage = request["usage"]!;
        var price = new Tariff(1, 100_000_000, 400_000_000, 100_000_000, 100_000_000, 100_000_000);
        var expected = TariffMath.Cost(price, new Core.Usage.TokenUsage
        {
            Input = (long)usage["input"]!, Output = (long)usage["output"]!,
        });
        Assert.Equal(expected.ToString(), (string?)request["cost"]);
        Assert.Equal((Usd.FromDollars(10) - expected).ToString(), await BalanceAsync(api));
        Assert.True((bool)(await api.CallAsync("GET", "/ledger/verify"))["ok"]!);
    }

    [Fact]
    public async Task The_same_key_is_printed_and_works_at_the_next_start()
    {
        string key;
        await using (var first = await StandaloneRun.StartAsync(Data, demo: true))
        {
            await first.WaitForOutputAsync("curl ", TimeSpan.FromSeconds(30));
            key = KeyOf(first.Output);
        }

        await using var second = await StandaloneRun.StartAsync(Data, demo: true);
        await second.WaitForOutputAsync("curl ", TimeSpan.FromSeconds(30));

        Assert.Equal(key, KeyOf(second.Output));
        Assert.Contains("data: [DONE]", (await CurlAsync(second)).Body, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Without_a_redis_server_it_brings_garnet_and_the_call_works_the_same()
    {
        // A PATH with only what the run itself needs: no redis-server, no valkey-server.
        var bin = Directory.CreateDirectory(Path.Combine(_folder.FullName, "bin")).FullName;
        foreach (var tool in new[] { "dotnet", "node", "npm", "bash", "sh", "id" })
        {
            if (Which(tool) is { } path)
            {
                File.CreateSymbolicLink(Path.Combine(bin, tool), path);
            }
        }

        await using var run = await StandaloneRun.StartAsync(
            Data, demo: true, environment: new() { ["PATH"] = bin, ["HOME"] = Environment.GetEnvironmentVariable("HOME") ?? "/root" });
        await run.WaitForOutputAsync("curl ", TimeSpan.FromSeconds(30));

        Assert.True(File.Exists(Path.Combine(Data, "redis", "garnet.conf")));
        Assert.Contains("data: [DONE]", (await CurlAsync(run)).Body, StringComparison.Ordinal);
    }

    // Runs the very line that was printed, with the headers shown on top.
    private static async Task<(string Body, string RequestId)> CurlAsync(StandaloneRun run)
    {
        var line = run.Output.Split('\n').Last(l => l.StartsWith("curl ", StringComparison.Ordinal));
        using var shell = Process.Start(new ProcessStartInfo("/bin/sh", ["-c", line + " -s -N -i --max-time 30"])
        {
            RedirectStandardOutput = true,
        })!;
        var output = await shell.StandardOutput.ReadToEndAsync();
        await shell.WaitForExitAsync();
        Assert.StartsWith("HTTP/1.1 200", output, StringComparison.Ordinal);
        var id = System.Text.RegularExpressions.Regex.Match(output, "(?i)x-request-id: (req_\\w+)").Groups[1].Value;
        return (output, id);
    }

    private static async Task<JsonObject> SettledAsync(ConsoleApi api, string requestId)
    {
        JsonObject? request = null;
        await Probe.UntilAsync(
            async () =>
            {
                try
                {
                    request = await api.CallAsync("GET", $"/requests/{requestId}");
                    return true;
                }
                catch (InvalidOperationException error) when (error.Message.Contains("404", StringComparison.Ordinal))
                {
                    return false;
                }
            },
            TimeSpan.FromSeconds(30),
            "the call stands in the ledger");
        return request!;
    }

    private static async Task<string?> BalanceAsync(ConsoleApi api)
    {
        var users = (JsonArray)(await api.CallAsync("GET", "/users?limit=100"))["data"]!;
        var demo = users.Single(u => (string?)u!["email"] == "demo@localhost")!;
        return (string?)(await api.CallAsync("GET", $"/users/{(string)demo["id"]!}/wallet"))["balance"];
    }

    private static string KeyOf(string output) =>
        System.Text.RegularExpressions.Regex.Match(output, "sk-hub-[0-9A-Za-z]{48,}").Value;

    private static string? Which(string tool) => (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':')
        .Select(folder => Path.Combine(folder, tool))
        .FirstOrDefault(File.Exists);
}
