using System.Security.Cryptography;
using System.Text.Json.Nodes;
using TokenHub.Standalone.Start;

namespace TokenHub.Standalone.Demo;

/// <summary>
/// A working call for a newcomer without a provider account: channels to the local upstream, a price for
/// <c>demo-small</c>, a user with $10 and a key. Everything is made through the public API, once.
/// </summary>
public sealed class DemoSetup(StandaloneOptions options, DataFolder folder, Secrets secrets)
{
    private const string Model = "demo-small";
    private const string UserEmail = "demo@localhost";

    /// <summary>One channel a dialect: the demo upstream speaks them all.</summary>
    private static readonly string[] Providers = ["openai", "anthropic", "gemini"];

    /// <summary>Returns the call to print.</summary>
    public async Task<string> RunAsync(int upstreamPort, CancellationToken cancel)
    {
        using var api = new ControlApi(options.ConsoleUrl);
        await api.SignInAsync(
            options.AdminEmail ?? PlaneProcesses.DefaultAdminEmail,
            options.AdminPassword ?? secrets.AdminPassword,
            cancel);
        await PointChannelsAsync(api, $"http://127.0.0.1:{upstreamPort}", cancel);
        var key = secrets.DemoKey ?? await CreateUserAsync(api, cancel);
        return $"curl -N {options.GatewayUrl}/v1/chat/completions -H 'Authorization: Bearer {key}' "
            + "-H 'Content-Type: application/json' "
            + "-d '{\"model\":\"" + Model + "\",\"stream\":true,"
            + "\"messages\":[{\"role\":\"user\",\"content\":\"Hello\"}]}'";
    }

    // The upstream's port is a new one at each start, so channels of an earlier start are pointed at it.
    private static async Task PointChannelsAsync(ControlApi api, string upstream, CancellationToken cancel)
    {
        var existing = await api.CallAsync(HttpMethod.Get, "/channels?limit=100", null, cancel);
        var byName = (existing["data"] as JsonArray ?? []).OfType<JsonObject>()
            .Where(c => c["name"] is not null)
            .GroupBy(c => (string)c["name"]!)
            .ToDictionary(g => g.Key, g => (string)g.First()["id"]!);
        foreach (var provider in Providers)
        {
            if (byName.TryGetValue($"demo-{provider}", out var id))
            {
                await api.CallAsync(
                    HttpMethod.Patch, $"/channels/{id}",
                    new JsonObject { ["base_url"] = upstream, ["credential"] = Credential() },
                    cancel);
                continue;
            }

            await api.CallAsync(
                HttpMethod.Post, "/channels",
                new JsonObject
                {
                    ["name"] = $"demo-{provider}",
                    ["provider"] = provider,
                    ["base_url"] = upstream,
                    ["credential"] = Credential(),
                    ["models"] = new JsonArray(Model),
                },
                cancel);
        }
    }

    private static JsonObject Credential() =>
        new() { ["type"] = "api_key", ["api_key"] = "demo-upstream-needs-none" };

    private async Task<string> CreateUserAsync(ControlApi api, CancellationToken cancel)
    {
        await api.CallAsync(
            HttpMethod.Put, "/prices",
            new JsonObject { ["model"] = Model, ["input"] = "1.00", ["output"] = "4.00" },
            cancel);
        var user = await api.CallAsync(
            HttpMethod.Post, "/users",
            new JsonObject
            {
                ["email"] = UserEmail,
                ["password"] = RandomNumberGenerator.GetHexString(32),
                ["role"] = "member",
            },
            cancel);
        var userId = (string)user["id"]!;
        await api.CallAsync(
            HttpMethod.Post, $"/users/{userId}/credits",
            new JsonObject { ["amount"] = "10.00000000", ["reason"] = "demo" }, cancel);
        var key = await api.CallAsync(
            HttpMethod.Post, "/keys", new JsonObject { ["name"] = "demo", ["user_id"] = userId }, cancel);
        var secret = (string)key["secret"]!;
        (secrets with { DemoKey = secret }).Save(folder);
        return secret;
    }
}
