using System.Buffers.Text;
using System.Text;
using TokenHub.MockUpstream;

namespace TokenHub.Load.Wire;

/// <summary>A request's bytes, made once; only the seed in its text changes from call to call.</summary>
internal sealed class RequestTemplate
{
    private const int SeedDigits = 10;
    private const int TokensMax = 4096;
    private const string SeedPlace = "seed 0000000000";
    private const string Prose = " Tell me about the river, the old mill, the bridge and the children of the village.";
    private readonly byte[] _bytes;
    private readonly int _seedAt;

    public RequestTemplate(
        MockDialect dialect, string model, bool isStream, bool includesUsage, int promptBytes, string host, string key)
    {
        var text = new StringBuilder(SeedPlace);
        while (text.Length < promptBytes)
        {
            text.Append(Prose);
        }

        var (path, body) = Call(dialect, model, isStream, includesUsage, text.ToString());
        var head = $"POST {path} HTTP/1.1\r\nHost: {host}\r\n{KeyHeader(dialect, key)}"
            + $"Content-Type: application/json\r\nContent-Length: {Encoding.UTF8.GetByteCount(body)}\r\n\r\n";
        _bytes = Encoding.UTF8.GetBytes(head + body);
        _seedAt = _bytes.AsSpan().IndexOf(Encoding.UTF8.GetBytes(SeedPlace)) + SeedPlace.Length - SeedDigits;
    }

    public ReadOnlyMemory<byte> WithSeed(uint seed)
    {
        Utf8Formatter.TryFormat(seed, _bytes.AsSpan(_seedAt, SeedDigits), out _, new('D', SeedDigits));
        return _bytes;
    }

    private static (string Path, string Body) Call(
        MockDialect dialect, string model, bool isStream, bool includesUsage, string text)
    {
        var start = $"{{\"model\":\"{model}\",\"stream\":{(isStream ? "true" : "false")},";
        var usage = includesUsage ? "\"stream_options\":{\"include_usage\":true}," : "";
        var messages = $"\"messages\":[{{\"role\":\"user\",\"content\":\"{text}\"}}]}}";
        return dialect switch
        {
            MockDialect.Chat => ("/v1/chat/completions", $"{start}{usage}\"max_tokens\":{TokensMax},{messages}"),
            MockDialect.Responses =>
                ("/v1/responses", $"{start}\"max_output_tokens\":{TokensMax},\"input\":\"{text}\"}}"),
            MockDialect.Messages => ("/v1/messages", $"{start}\"max_tokens\":{TokensMax},{messages}"),
            _ => ($"/v1beta/models/{model}:" + (isStream ? "streamGenerateContent?alt=sse" : "generateContent"),
                $"{{\"contents\":[{{\"role\":\"user\",\"parts\":[{{\"text\":\"{text}\"}}]}}],"
                + $"\"generationConfig\":{{\"maxOutputTokens\":{TokensMax}}}}}"),
        };
    }

    private static string KeyHeader(MockDialect dialect, string key) => dialect switch
    {
        MockDialect.Messages => $"x-api-key: {key}\r\nanthropic-version: 2023-06-01\r\n",
        MockDialect.Gemini => $"x-goog-api-key: {key}\r\n",
        _ => $"Authorization: Bearer {key}\r\n",
    };
}
