using System.Text.Json;
using TokenHub.Core.Snapshots;
using Xunit;

namespace TokenHub.Gateway.Tests.Rig;

/// <summary>The four ways to call, and how each says what went wrong.</summary>
internal static class Dialects
{
    public static TheoryData<string> All => ["chat", "responses", "messages", "gemini"];

    public static string Path(string dialect, bool stream = false, string model = "m") => dialect switch
    {
        "chat" => "/v1/chat/completions",
        "responses" => "/v1/responses",
        "messages" => "/v1/messages",
        _ => stream ? $"/v1beta/models/{model}:streamGenerateContent?alt=sse" : $"/v1beta/models/{model}:generateContent",
    };

    public static string Body(string dialect, bool stream = false) => (dialect, stream) switch
    {
        ("chat", false) => Wire.ChatBody,
        ("chat", true) => Wire.ChatStreamBody,
        ("responses", false) => Wire.ResponsesBody,
        ("responses", true) => Wire.ResponsesStreamBody,
        ("messages", false) => Wire.MessagesBody,
        ("messages", true) => Wire.MessagesStreamBody,
        _ => Wire.GeminiBody,
    };

    public static string Answer(string dialect, bool stream = false) => (dialect, stream) switch
    {
        ("chat", false) => Wire.ChatAnswer,
        ("chat", true) => Wire.ChatStream,
        ("responses", false) => Wire.ResponsesAnswer,
        ("responses", true) => Wire.ResponsesStream,
        ("messages", false) => Wire.MessagesAnswer,
        ("messages", true) => Wire.MessagesStream,
        (_, false) => Wire.GeminiAnswer,
        _ => Wire.GeminiStream,
    };

    public static Provider Provider(string dialect) => dialect switch
    {
        "messages" => Core.Snapshots.Provider.Anthropic,
        "gemini" => Core.Snapshots.Provider.Gemini,
        _ => Core.Snapshots.Provider.OpenAi,
    };

    /// <summary>Checks that the answer is an error in the dialect's shape, and returns its sentence.</summary>
    public static async Task<string> AssertErrorAsync(string dialect, HttpResponseMessage response, int status, string type)
    {
        var text = await response.Content.ReadAsStringAsync();
        Assert.True((int)response.StatusCode == status, $"{(int)response.StatusCode} instead of {status}: {text}");
        Assert.Equal("application/json", response.Content.Headers.ContentType?.MediaType);
        Assert.NotNull(response.Header("x-request-id"));
        using var document = JsonDocument.Parse(text);
        var root = document.RootElement;
        var error = root.GetProperty("error");
        switch (dialect)
        {
            case "messages":
                Assert.Equal("error", root.GetProperty("type").GetString());
                Assert.Equal(type, error.GetProperty("type").GetString());
                Assert.Equal(response.Header("x-request-id"), root.GetProperty("request_id").GetString());
                Assert.Equal(response.Header("x-request-id"), response.Header("request-id"));
                break;
            case "gemini":
                Assert.Equal(status, error.GetProperty("code").GetInt32());
                Assert.Equal(type, error.GetProperty("status").GetString());
                break;
            default:
                Assert.Equal(type, error.GetProperty("type").GetString());
                Assert.True(error.TryGetProperty("param", out _));
                Assert.True(error.TryGetProperty("code", out _));
                break;
        }

        var message = error.GetProperty("message").GetString()!;
        Assert.True(message.Length > 10);
        return message;
    }

    /// <summary>What the same failure is called in each dialect: OpenAI, Anthropic, Gemini.</summary>
    public static string Word(string dialect, string openAi, string anthropic, string gemini) => dialect switch
    {
        "messages" => anthropic,
        "gemini" => gemini,
        _ => openAi,
    };

    public static string BadKey(string dialect) => Word(dialect, "authentication_error", "authentication_error", "UNAUTHENTICATED");

    public static string Invalid(string dialect) => Word(dialect, "invalid_request_error", "invalid_request_error", "INVALID_ARGUMENT");

    public static string Forbidden(string dialect) => Word(dialect, "permission_error", "permission_error", "PERMISSION_DENIED");

    public static string NotFound(string dialect) => Word(dialect, "invalid_request_error", "not_found_error", "NOT_FOUND");

    public static string Unavailable(string dialect) => Word(dialect, "server_error", "overloaded_error", "UNAVAILABLE");

    public static string BadGateway(string dialect) => Word(dialect, "server_error", "api_error", "UNAVAILABLE");
}
