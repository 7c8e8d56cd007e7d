using System.Globalization;
using System.Text;
using System.Text.Json;

namespace TokenHub.Protocols.Errors;

/// <summary>
/// An error as an upstream told it, in whatever shape: OpenAI's, Anthropic's, Google's, Amazon's, OpenRouter's, and
/// those of servers that resemble one of them.
/// </summary>
/// <param name="RetryAfterMs">The wait that the body asks for; 0 when it asks for none.</param>
public readonly record struct ReportedError(
    string? Type, string? Code, string? Message, string? Param = null, int RetryAfterMs = 0)
{
    private const int DepthMax = 4;

    /// <summary>Reads an error's body. What is no JSON, or has no error in it, gives one without words.</summary>
    public static ReportedError Parse(ReadOnlyMemory<byte> body)
    {
        try
        {
            using var document = JsonDocument.Parse(body);
            return Read(document.RootElement, depth: 0);
        }
        catch (JsonException)
        {
            return default;
        }
    }

    /// <summary>What went wrong, by the upstream's words first and its status else.</summary>
    public ErrorKind KindOf(int status) =>
        ContextWords.AreIn(Code) || ContextWords.AreIn(Message) ? ErrorKind.ContextTooLong
        : Says("rate_limit", "RESOURCE_EXHAUSTED", "throttl", "too_many_requests") ? ErrorKind.RateLimit
        : Says("overloaded", "UNAVAILABLE", "slow_down", "ServiceUnavailable") ? ErrorKind.Overloaded
        : Says("timeout", "DEADLINE_EXCEEDED") ? ErrorKind.Timeout
        : Says("model_not_found", "not_found", "NOT_FOUND") ? ErrorKind.UnknownModel
        : Says("request_too_large") ? ErrorKind.TooLarge
        : status == 200 && Says("invalid_request", "INVALID_ARGUMENT", "invalid_prompt", "ValidationException")
            ? ErrorKind.InvalidRequest
        : OfStatus(status);

    private static ErrorKind OfStatus(int status) => status switch
    {
        404 => ErrorKind.UnknownModel,
        408 or 504 => ErrorKind.Timeout,
        413 => ErrorKind.TooLarge,
        429 => ErrorKind.RateLimit,
        503 or 529 => ErrorKind.Overloaded,
        >= 400 and < 500 => ErrorKind.InvalidRequest,
        502 => ErrorKind.BadGateway,
        _ => ErrorKind.Server,
    };

    private bool Says(params ReadOnlySpan<string> words)
    {
        foreach (var word in words)
        {
            if ((Type?.Contains(word, StringComparison.OrdinalIgnoreCase) ?? false)
                || (Code?.Contains(word, StringComparison.OrdinalIgnoreCase) ?? false))
            {
                return true;
            }
        }

        return false;
    }

    private static ReportedError Read(JsonElement element, int depth)
    {
        if (element.ValueKind == JsonValueKind.Array && element.GetArrayLength() > 0)
        {
            // Google's array form of a stream; Mistral's list of faults.
            return depth < DepthMax ? Read(element[0], depth + 1) : default;
        }

        if (element.ValueKind != JsonValueKind.Object)
        {
            return new ReportedError(null, null, Text(element));
        }

        foreach (var name in (ReadOnlySpan<string>)["error", "response", "detail", "errors"])
        {
            if (depth < DepthMax && element.TryGetProperty(name, out var inner)
                && inner.ValueKind is JsonValueKind.Object or JsonValueKind.Array)
            {
                return Read(inner, depth + 1);
            }
        }

        var own = new ReportedError(
            Text(element, "status") ?? Text(element, "type") ?? Text(element, "__type"), Text(element, "code"),
            Text(element, "message") ?? Text(element, "Message") ?? Text(element, "error") ?? Text(element, "msg")
                ?? Text(element, "detail"),
            Text(element, "param"), RetryDelay(element));
        own = own.RetryAfterMs > 0 ? own : own with { RetryAfterMs = RetryWords.Find(own.Message) };
        return Nested(element, own, depth);
    }

    // A relay may hand on the maker's own error as text: OpenRouter beside its sentence, Vertex in place of it.
    private static ReportedError Nested(JsonElement element, ReportedError own, int depth)
    {
        var raw = element.TryGetProperty("metadata", out var metadata) && metadata.ValueKind == JsonValueKind.Object
            ? Text(metadata, "raw") : own.Message;
        if (depth >= DepthMax || raw?.TrimStart() is not ['{', ..])
        {
            return raw is { Length: > 0 } plain ? own with { Message = plain } : own;
        }

        var inner = Parse(Encoding.UTF8.GetBytes(raw));
        return inner.Message is null ? own
            : inner with { RetryAfterMs = Math.Max(inner.RetryAfterMs, own.RetryAfterMs) };
    }

    private static string? Text(JsonElement parent, string name) =>
        parent.TryGetProperty(name, out var value) ? Text(value) : null;

    private static string? Text(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.String => value.GetString(),
        JsonValueKind.Number => value.GetRawText(),
        _ => null,
    };

    // google.rpc.RetryInfo: "34.4s".
    private static int RetryDelay(JsonElement error)
    {
        if (!error.TryGetProperty("details", out var details) || details.ValueKind != JsonValueKind.Array)
        {
            return 0;
        }

        foreach (var detail in details.EnumerateArray())
        {
            if (detail.ValueKind == JsonValueKind.Object && Text(detail, "retryDelay") is [.., 's'] delay
                && double.TryParse(delay.AsSpan(0, delay.Length - 1), CultureInfo.InvariantCulture, out var seconds)
                && seconds is > 0 and < 86_400)
            {
                return (int)(seconds * 1000);
            }
        }

        return 0;
    }
}
