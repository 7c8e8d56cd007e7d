using System.Buffers;
using System.Text;
using System.Text.Json;
using TokenHub.Core.Snapshots;
using TokenHub.Protocols.Bedrock;
using TokenHub.Protocols.Json;

namespace TokenHub.Protocols.Upstreams;

/// <summary>
/// Puts the error body of a provider that has a form of its own (Bedrock, Vertex around Claude) into Anthropic's:
/// <c>{"type":"error","error":{"type","message"}}</c>. What is in that form already passes as it is.
/// </summary>
/// <param name="exception">What Bedrock's header <c>x-amzn-errortype</c> says, or null.</param>
public sealed class ProviderErrors(Provider provider, int status, string? exception) : IAnswerFraming
{
    private const int BytesMax = 64 << 10;
    private readonly ArrayBufferWriter<byte> _body = new();

    public bool Append(ReadOnlySpan<byte> bytes, IBufferWriter<byte> output)
    {
        _body.Write(bytes[..Math.Min(bytes.Length, BytesMax - _body.WrittenCount)]);
        return true;
    }

    public bool Complete(IBufferWriter<byte> output)
    {
        var body = _body.WrittenSpan;
        if (provider == Provider.Vertex && TryReadGoogle(_body.WrittenMemory, out var type, out var message))
        {
            Write(output, type ?? TypeOf(status), message);
        }
        else if (provider == Provider.Bedrock && !IsAnthropic(_body.WrittenMemory))
        {
            Write(
                output, exception is { Length: > 0 } name ? BedrockErrors.TypeOf(name) : TypeOf(status),
                BedrockErrors.MessageOf(body) is { Length: > 0 } said ? said : $"The upstream answered {status}.");
        }
        else
        {
            output.Write(body);
        }

        _body.ResetWrittenCount();
        return true;
    }

    internal static void Write(IBufferWriter<byte> output, string type, string message)
    {
        output.Write("{\"type\":\"error\",\"error\":{\"type\":"u8);
        JsonText.Write(output, type);
        output.Write(",\"message\":"u8);
        JsonText.Write(output, message);
        output.Write("}}"u8);
    }

    private static string TypeOf(int status) => status switch
    {
        400 or 422 => "invalid_request_error",
        401 => "authentication_error",
        402 => "billing_error",
        403 => "permission_error",
        404 => "not_found_error",
        408 or 504 => "timeout_error",
        413 => "request_too_large",
        429 => "rate_limit_error",
        503 or 529 => "overloaded_error",
        _ => "api_error",
    };

    private static bool IsAnthropic(ReadOnlyMemory<byte> body) => TryParse(body, root =>
        root.TryGetProperty("type", out var type) && type.ValueEquals("error"u8)
        && root.TryGetProperty("error", out _));

    // Google's error, alone or in an array; its message may be Anthropic's own error as text.
    private static bool TryReadGoogle(ReadOnlyMemory<byte> body, out string? type, out string message)
    {
        string? foundType = null;
        var foundMessage = "";
        var isGoogle = TryParse(body, root =>
        {
            root = root.ValueKind == JsonValueKind.Array && root.GetArrayLength() > 0 ? root[0] : root;
            if (!root.TryGetProperty("error", out var error) || !error.TryGetProperty("code", out _)
                || !error.TryGetProperty("message", out var said))
            {
                return false;
            }

            foundMessage = said.GetString() ?? "";
            if (foundMessage.IndexOf('{', StringComparison.Ordinal) is >= 0 and var at)
            {
                TryParse(Encoding.UTF8.GetBytes(foundMessage[at..]), inner =>
                {
                    var inside = inner.GetProperty("error");
                    (foundType, foundMessage) =
                        (inside.GetProperty("type").GetString(), inside.GetProperty("message").GetString() ?? "");
                    return true;
                });
            }

            return true;
        });
        (type, message) = (foundType, foundMessage);
        return isGoogle;
    }

    private static bool TryParse(ReadOnlyMemory<byte> body, Func<JsonElement, bool> read)
    {
        try
        {
            using var document = JsonDocument.Parse(body);
            return read(document.RootElement);
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException or KeyNotFoundException)
        {
            return false;
        }
    }
}
