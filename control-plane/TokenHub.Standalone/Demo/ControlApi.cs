using System.Net.Http.Headers;
using System.Text;
using System.Text.Json.Nodes;
using TokenHub.Standalone.Start;

namespace TokenHub.Standalone.Demo;

/// <summary>The control plane's public API, as any script would call it.</summary>
public sealed class ControlApi(string baseUrl) : IDisposable
{
    private readonly HttpClient _http = new(new SocketsHttpHandler { UseProxy = false })
    {
        BaseAddress = new Uri(baseUrl), Timeout = TimeSpan.FromSeconds(10),
    };

    public async Task SignInAsync(string email, string password, CancellationToken cancel)
    {
        var answer = await CallAsync(
            HttpMethod.Post, "/auth/login", new JsonObject { ["email"] = email, ["password"] = password }, cancel);
        _http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", (string?)answer["token"]);
    }

    /// <summary>Calls the API; an answer that is no success refuses the start with what it said.</summary>
    public async Task<JsonObject> CallAsync(HttpMethod method, string path, JsonObject? body, CancellationToken cancel)
    {
        using var request = new HttpRequestMessage(method, "/api/v1" + path);
        if (body is not null)
        {
            request.Content = new StringContent(body.ToJsonString(), Encoding.UTF8, "application/json");
        }

        using var response = await _http.SendAsync(request, cancel);
        var text = await response.Content.ReadAsStringAsync(cancel);
        return response.IsSuccessStatusCode
            ? (text.Length == 0 ? [] : JsonNode.Parse(text) as JsonObject ?? [])
            : throw new StartRefusedException(
                $"the demo could not be set up: {method} {path} answered {(int)response.StatusCode} {text}");
    }

    public void Dispose() => _http.Dispose();
}
