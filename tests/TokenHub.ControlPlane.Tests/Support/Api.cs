using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;

namespace TokenHub.ControlPlane.Tests.Support;

/// <summary>Calls the API as somebody.</summary>
internal sealed class Api(HttpClient http, string? token)
{
    public string? Token => token;

    public Task<Answer> GetAsync(string path) => SendAsync(HttpMethod.Get, path);

    public Task<Answer> DeleteAsync(string path) => SendAsync(HttpMethod.Delete, path);

    public Task<Answer> PostAsync(string path, object? body = null, params (string Name, string Value)[] headers) =>
        SendAsync(HttpMethod.Post, path, body, headers);

    public Task<Answer> PutAsync(string path, object body, params (string Name, string Value)[] headers) =>
        SendAsync(HttpMethod.Put, path, body, headers);

    public Task<Answer> PatchAsync(string path, object body, params (string Name, string Value)[] headers) =>
        SendAsync(HttpMethod.Patch, path, body, headers);

    /// <param name="body">A string or bytes go as they are; anything else as JSON.</param>
    public async Task<Answer> SendAsync(
        HttpMethod method, string path, object? body = null, params (string Name, string Value)[] headers)
    {
        using var request = new HttpRequestMessage(method, path);
        if (token is not null)
        {
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
        }

        if (body is not null)
        {
            var bytes = body switch
            {
                byte[] raw => raw,
                string text => Encoding.UTF8.GetBytes(text),
                _ => JsonSerializer.SerializeToUtf8Bytes(body),
            };
            request.Content = new ByteArrayContent(bytes);
            request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        }

        foreach (var (name, value) in headers)
        {
            request.Headers.TryAddWithoutValidation(name, value);
        }

        using var response = await http.SendAsync(request, TestContext.Current.CancellationToken);
        var content = await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        var all = response.Headers.Concat(response.Content.Headers)
            .ToDictionary(h => h.Key, h => string.Join(", ", h.Value), StringComparer.OrdinalIgnoreCase);
        return new Answer(response.StatusCode, content, all);
    }
}

/// <summary>What came back.</summary>
internal sealed record Answer(HttpStatusCode Status, string Content, IReadOnlyDictionary<string, string> Headers)
{
    private JsonElement? _json;

    public JsonElement Json => _json ??= JsonSerializer.Deserialize<JsonElement>(Content);

    public string Text(string name) => Json.GetProperty(name).GetString()!;

    public string? Header(string name) => Headers.GetValueOrDefault(name);

    /// <summary>The code of a problem; empty when the answer is none.</summary>
    public string Code => Headers.GetValueOrDefault("Content-Type") == "application/problem+json" ? Text("code") : "";

    public Answer Expect(HttpStatusCode status)
    {
        Assert.True(Status == status, $"Expected {(int)status}, got {(int)Status}: {Content}");
        return this;
    }

    public Answer ExpectProblem(HttpStatusCode status, string code)
    {
        Expect(status);
        Assert.Equal("application/problem+json", Header("Content-Type"));
        Assert.Equal(code, Text("code"));
        Assert.Equal((int)status, Json.GetProperty("status").GetInt32());
        Assert.Equal(Header("x-request-id"), Text("request_id"));
        return this;
    }

    /// <summary>The fields at fault, as <c>field code</c>.</summary>
    public IEnumerable<string> Errors =>
        Json.GetProperty("errors").EnumerateArray().Select(e => $"{e.GetProperty("field")} {e.GetProperty("code")}");
}
