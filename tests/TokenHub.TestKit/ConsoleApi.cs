using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json.Nodes;

namespace TokenHub.TestKit;

/// <summary>The control plane's public API, called as a script would.</summary>
public sealed class ConsoleApi(string baseUrl) : IDisposable
{
    private readonly HttpClient _http = new(new SocketsHttpHandler { UseProxy = false })
    {
        BaseAddress = new Uri(baseUrl), Timeout = TimeSpan.FromSeconds(30),
    };

    public async Task SignInAsync(string email, string password)
    {
        var answer = await CallAsync("POST", "/auth/login", new JsonObject { ["email"] = email, ["password"] = password });
        _http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", (string?)answer["token"]);
    }

    public async Task<JsonObject> CallAsync(string method, string path, JsonObject? body = null)
    {
        using var request = new HttpRequestMessage(new HttpMethod(method), "/api/v1" + path);
        if (body is not null)
        {
            request.Content = new StringContent(body.ToJsonString(), Encoding.UTF8, "application/json");
        }

        using var response = await _http.SendAsync(request);
        return await ReadAsync(response, $"{method} {path}");
    }

    /// <summary>The answer to a GET, or null where the API says that there is none (yet).</summary>
    public async Task<JsonObject?> FindAsync(string path)
    {
        using var response = await _http.GetAsync(new Uri("/api/v1" + path, UriKind.Relative));
        return response.StatusCode == HttpStatusCode.NotFound ? null : await ReadAsync(response, $"GET {path}");
    }

    public Task<JsonObject> CreateChannelAsync(string provider, string upstream, params string[] models) =>
        CallAsync("POST", "/channels", new JsonObject
        {
            ["name"] = $"{provider} {upstream}",
            ["provider"] = provider,
            ["base_url"] = upstream,
            ["credential"] = new JsonObject { ["type"] = "api_key", ["api_key"] = "sk-upstream-canary" },
            ["models"] = new JsonArray([.. models.Select(m => (JsonNode)m)]),
        });

    public Task<JsonObject> SetPriceAsync(string model, string input, string output) =>
        CallAsync("PUT", "/prices", new JsonObject { ["model"] = model, ["input"] = input, ["output"] = output });

    /// <summary>A member with credit (if any) and a key; returns the user's id and the key's secret.</summary>
    public async Task<(string UserId, string Key)> CreateMemberAsync(string email, string? credit)
    {
        var user = await CallAsync("POST", "/users", new JsonObject
        {
            ["email"] = email, ["password"] = "correct horse battery staple 9", ["role"] = "member",
        });
        var id = (string)user["id"]!;
        if (credit is not null)
        {
            var body = new JsonObject { ["amount"] = credit, ["reason"] = "test" };
            await CallAsync("POST", $"/users/{id}/credits", body);
        }

        await CallAsync("PATCH", $"/users/{id}", new JsonObject { ["max_concurrency"] = 5000 });
        var key = await CallAsync("POST", "/keys", new JsonObject { ["name"] = "test", ["user_id"] = id });
        return (id, (string)key["secret"]!);
    }

    public void Dispose() => _http.Dispose();

    private static async Task<JsonObject> ReadAsync(HttpResponseMessage response, string call)
    {
        var text = await response.Content.ReadAsStringAsync();
        return response.IsSuccessStatusCode
            ? (text.Length == 0 ? [] : (JsonObject)JsonNode.Parse(text)!)
            : throw new InvalidOperationException($"{call} answered {(int)response.StatusCode}: {text}");
    }
}
