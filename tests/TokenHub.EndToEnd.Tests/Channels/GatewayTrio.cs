using System.Net.Http.Headers;
using System.Text;
using System.Text.Json.Nodes;
using TokenHub.EndToEnd.Tests.Product;
using TokenHub.TestKit;
using TokenHub.TestKit.Servers;

namespace TokenHub.EndToEnd.Tests.Channels;

/// <summary>The product with three gateway processes that sell one model by whatever channels a test adds.</summary>
internal sealed class GatewayTrio(ProductStack stack, RedisServer redis) : IAsyncDisposable
{
    public const string Model = "m";
    private readonly List<string> _urls = [];
    private readonly List<HttpClient> _clients = [];

    public ConsoleApi Api => stack.Api;

    /// <summary>The second and the third.</summary>
    public List<ChildProcess> Others { get; } = [];

    public static async Task<GatewayTrio> StartAsync(IReadOnlyDictionary<string, string>? settings = null)
    {
        var redis = await RedisServer.StartAsync();
        var stack = await ProductStack.StartAsync(redis.Url, settings);
        var trio = new GatewayTrio(stack, redis);
        trio._urls.Add(stack.GatewayUrl);
        for (var i = 2; i <= 3; i++)
        {
            trio._urls.Add($"http://127.0.0.1:{FreePort.Next()}");
            trio.Others.Add(await stack.StartGatewayAsync($"gateway-{i}", trio._urls[^1]));
        }

        await stack.Api.SetPriceAsync(Model, "1.00", "4.00");
        return trio;
    }

    public async Task<string> AddChannelAsync(string upstream, JsonObject limits, string model = Model)
    {
        var id = (string)(await Api.CreateChannelAsync("openai", upstream, model))["id"]!;
        await Api.CallAsync("PATCH", $"/channels/{id}", limits);
        return id;
    }

    /// <summary>The version of what a gateway knows of channels and settings.</summary>
    public async Task<long> SnapshotOfAsync(int gateway)
    {
        using var http = new HttpClient(new SocketsHttpHandler { UseProxy = false });
        var ready = JsonNode.Parse(await http.GetStringAsync(new Uri($"{_urls[gateway]}/readyz")));
        return (long)ready!["snapshot_version"]!;
    }

    /// <summary>A user with money, whose key every gateway knows by then.</summary>
    public async Task<Caller> AddCallerAsync(string email, int concurrency)
    {
        var (userId, key) = await Api.CreateMemberAsync(email, "1000");
        await Api.CallAsync("PATCH", $"/users/{userId}", new JsonObject { ["max_concurrency"] = concurrency });
        var clients = _urls.ConvertAll(url => ClientOf(url, key));
        foreach (var client in clients)
        {
            await Probe.UntilAsync(
                async () => (await client.GetAsync(new Uri("/v1/models/m", UriKind.Relative))).IsSuccessStatusCode,
                TimeSpan.FromSeconds(30),
                "the gateway serves m");
        }

        // A change of a user is in force a second later.
        await Task.Delay(TimeSpan.FromSeconds(1));
        return new Caller(clients);
    }

    public async ValueTask DisposeAsync()
    {
        _clients.ForEach(client => client.Dispose());
        foreach (var gateway in Others)
        {
            await gateway.DisposeAsync();
        }

        await stack.DisposeAsync();
        await redis.DisposeAsync();
    }

    private HttpClient ClientOf(string url, string key)
    {
        var http = new HttpClient(new SocketsHttpHandler { UseProxy = false })
        {
            BaseAddress = new Uri(url), Timeout = TimeSpan.FromMinutes(2),
        };
        http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", key);
        _clients.Add(http);
        return http;
    }

    public sealed class Caller(List<HttpClient> clients)
    {
        /// <summary>A call through one of the gateways; returns with the head of its answer where it streams.</summary>
        /// <param name="prompt">Calls of one user that say the same are one conversation.</param>
        public async Task<HttpResponseMessage> PostAsync(
            int gateway, bool stream, string prompt = "Hello", string model = Model)
        {
            var body = stream
                ? $$"""{"model":"{{model}}","max_tokens":20,"stream":true,"messages":[{"role":"user","content":"{{prompt}}"}]}"""
                : $$"""{"model":"{{model}}","max_tokens":20,"messages":[{"role":"user","content":"{{prompt}}"}]}""";
            using var request = new HttpRequestMessage(HttpMethod.Post, new Uri("/v1/chat/completions", UriKind.Relative))
            {
                Content = new StringContent(body, Encoding.UTF8, "application/json"),
            };
            return await clients[gateway % clients.Count].SendAsync(
                request, stream ? HttpCompletionOption.ResponseHeadersRead : HttpCompletionOption.ResponseContentRead);
        }
    }
}
