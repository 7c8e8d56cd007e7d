using System.Text.Json;
using TokenHub.Protocols.Json;

namespace TokenHub.Protocols.Bedrock;

/// <summary>Bedrock's exceptions in Anthropic's words.</summary>
internal static class BedrockErrors
{
    /// <param name="exception">
    /// As a frame or a header names it: <c>throttlingException</c>, with a colon and more behind it or not.
    /// </param>
    public static string TypeOf(string exception)
    {
        var name = exception.Split(':')[0].Split('#')[^1];
        return name.ToLowerInvariant() switch
        {
            "throttlingexception" or "servicequotaexceededexception" or "modelnotreadyexception" => "rate_limit_error",
            "serviceunavailableexception" => "overloaded_error",
            "validationexception" => "invalid_request_error",
            "resourcenotfoundexception" => "not_found_error",
            "modeltimeoutexception" => "timeout_error",
            "accessdeniedexception" => "permission_error",
            "unrecognizedclientexception" or "expiredtokenexception" or "invalidsignatureexception"
                => "authentication_error",
            _ => "api_error",
        };
    }

    /// <summary>What a payload or a body says; some services begin the name with a capital.</summary>
    public static string MessageOf(ReadOnlySpan<byte> payload)
    {
        try
        {
            var json = new Utf8JsonReader(payload);
            while (json.Read())
            {
                if (json is { TokenType: JsonTokenType.PropertyName, CurrentDepth: 1 }
                    && (json.NameIs("message"u8) || json.NameIs("Message"u8)))
                {
                    json.Read();
                    return json.TokenType == JsonTokenType.String ? json.GetString()! : "";
                }
            }
        }
        catch (JsonException)
        {
            // Said in no JSON.
        }

        return "";
    }
}
