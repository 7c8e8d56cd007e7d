using System.Net.Http.Headers;
using System.Text.Json;
using TokenHub.Core.Snapshots;

namespace TokenHub.ControlPlane.Channels;

/// <summary>
/// The smallest request that makes an upstream answer, in its own dialect: one word in, a few tokens out.
/// </summary>
internal static class ProbeRequest
{
    private const int OutputTokens = 16;
    private const string Prompt = "Say OK.";

    /// <summary>Null for providers and credentials that are signed in ways the control plane does not know.</summary>
    public static (HttpRequestMessage Request, Dialect Dialect)? Build(
        ChannelRow channel, ChannelCredential credential, string model)
    {
        if (credential is not { Type: "api_key", ApiKey: { } key })
        {
            return null;
        }

        return channel.Provider switch
        {
            "openai" => (Chat(channel, key, model, "max_completion_tokens"), Dialect.Chat),
            "deepseek" or "openai_compatible" => (Chat(channel, key, model, "max_tokens"), Dialect.Chat),
            "azure" => (Azure(channel, key, model), Dialect.Chat),
            "anthropic" => (Anthropic(channel, key, model), Dialect.Anthropic),
            "gemini" => (Gemini(channel, key, model), Dialect.Gemini),
            _ => null,
        };
    }

    private static HttpRequestMessage Chat(ChannelRow channel, string key, string model, string limitName)
    {
        var request = Post(UrlOf(channel, "/v1/chat/completions"), WriteChat(model, limitName));
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", key);
        return request;
    }

    private static HttpRequestMessage Azure(ChannelRow channel, string key, string model)
    {
        const string Path = "/openai/v1/chat/completions";
        var hasPrefix = channel.BaseUrl.EndsWith("/openai", StringComparison.Ordinal);
        var url = UrlOf(channel, hasPrefix ? Path["/openai".Length..] : Path);
        var request = Post(url, WriteChat(model, "max_completion_tokens"));
        request.Headers.Add("api-key", key);
        return request;
    }

    private static HttpRequestMessage Anthropic(ChannelRow channel, string key, string model)
    {
        var request = Post(UrlOf(channel, "/v1/messages"), Write(json =>
        {
            json.WriteString("model", model);
            json.WriteNumber("max_tokens", OutputTokens);
            json.WriteBoolean("stream", true);
            WriteMessages(json);
        }));
        request.Headers.Add("x-api-key", key);
        request.Headers.Add("anthropic-version", "2023-06-01");
        return request;
    }

    private static HttpRequestMessage Gemini(ChannelRow channel, string key, string model)
    {
        var path = $"/v1beta/models/{Uri.EscapeDataString(model)}:streamGenerateContent?alt=sse";
        var request = Post(UrlOf(channel, path), Write(json =>
        {
            json.WriteStartArray("contents");
            json.WriteStartObject();
            json.WriteString("role", "user");
            json.WriteStartArray("parts");
            json.WriteStartObject();
            json.WriteString("text", Prompt);
            json.WriteEndObject();
            json.WriteEndArray();
            json.WriteEndObject();
            json.WriteEndArray();
        }));
        request.Headers.Add("x-goog-api-key", key);
        return request;
    }

    /// <summary>
    /// The gateway's own rule: a base address that names a version (<c>/v1</c>, <c>/api/paas/v4</c>) stands for the
    /// version of the path.
    /// </summary>
    private static string UrlOf(ChannelRow channel, string path)
    {
        var segments = new Uri(channel.BaseUrl).Segments;
        var hasVersion = segments.Any(s => s.Length > 1 && s[0] == 'v' && char.IsAsciiDigit(s[1]));
        return channel.BaseUrl + (hasVersion ? path[path.IndexOf('/', 1)..] : path);
    }

    private static byte[] WriteChat(string model, string limitName) => Write(json =>
    {
        json.WriteString("model", model);
        json.WriteNumber(limitName, OutputTokens);
        json.WriteBoolean("stream", true);
        WriteMessages(json);
    });

    private static void WriteMessages(Utf8JsonWriter json)
    {
        json.WriteStartArray("messages");
        json.WriteStartObject();
        json.WriteString("role", "user");
        json.WriteString("content", Prompt);
        json.WriteEndObject();
        json.WriteEndArray();
    }

    private static byte[] Write(Action<Utf8JsonWriter> fields)
    {
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            fields(json);
            json.WriteEndObject();
        }

        return buffer.ToArray();
    }

    private static HttpRequestMessage Post(string url, byte[] body)
    {
        var content = new ByteArrayContent(body);
        content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        var request = new HttpRequestMessage(HttpMethod.Post, url) { Content = content };
        request.Headers.UserAgent.Add(new ProductInfoHeaderValue("tokenhub", null));
        request.Headers.Accept.Add(new MediaTypeWithQualityHeaderValue("text/event-stream"));
        return request;
    }
}
