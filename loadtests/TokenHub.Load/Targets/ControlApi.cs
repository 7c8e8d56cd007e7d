using System.Net.Http.Headers;
using System.Text;
using System.Text.Json.Nodes;

namespace TokenHub.Load.Targets;

/// <summary>The control plane's public API, called as any script would.</summary>
internal sealed class ControlApi(Uri baseUrl) : IDisposable
{
    private readonly HttpClient _http = new(new SocketsHttpHandler { UseProxy = false })
    {
        BaseAddress = baseUrl, Timeout = TimeSpan.FromSeconds(60),
    };

    public async Task SignInAsync(string email, string password, CancellationToken cancel)
    {
        var answer = await CallAsync(
            "POST", "/auth/login", new JsonObject { ["email"] = email, ["password"] = password }, cancel);
        _http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", (string?)answer["token"]);
    }

    public async Task<JsonObject> CallAsync(string method, string path, JsonObject? body, CancellationToken cancel)
    {
        using var request = new HttpRequestMessage(new HttpMethod(method), "/api/v1" + path);
        if (body is not null)
        {
            request.Content = new StringContent(body.ToJsonString(), Encoding.UTF8, "application/json");
        }

        using var response = await _http.SendAsync(request, cancel);
        var text = await response.Content.ReadAsStringAsync(cancel);
        return response.IsSuccessStatusCode
            ? (text.Length == 0 ? [] : (JsonObject)JsonNode.Parse(text)!)
            : throw new InvalidOperationException($"{method} {path} answered {(int)response.StatusCode}: {text}");
    }

    public void Dispose() => _http.Dispose();
}
