using TokenHub.Core.Usage;
using TokenHub.Gateway.Errors;

namespace TokenHub.Gateway.Forwarding;

/// <summary>
/// Reads what an upstream's error means: the client's own fault, to be told in the upstream's words; the channel's,
/// never to be told; or a condition that passes.
/// </summary>
internal static class UpstreamErrors
{
    // Refusals of the account that come with a status which usually blames the request.
    private static readonly byte[][] AccountWords =
    [
        "insufficient_quota"u8.ToArray(), "credit balance is too low"u8.ToArray(), "billing_hard_limit"u8.ToArray(),
        "billing_not_active"u8.ToArray(), "API_KEY_INVALID"u8.ToArray(), "API key not valid"u8.ToArray(),
        "API key expired"u8.ToArray(), "invalid_api_key"u8.ToArray(), "account_deactivated"u8.ToArray(),
    ];

    /// <param name="body">The error's body, as far as it was read.</param>
    public static AttemptResult Read(int status, ReadOnlySpan<byte> body, bool hasBody, TimeSpan? retryAfter)
    {
        if (status is 401 or 402 or 403 || BlamesAccount(body))
        {
            return AttemptResult.Failed(AttemptFault.UpstreamStatus, GatewayFault.UpstreamRefusedChannel, status);
        }

        return status switch
        {
            429 => AttemptResult.Failed(
                AttemptFault.UpstreamStatus, GatewayFault.UpstreamRateLimit, status, retryAfter),
            503 or 529 => AttemptResult.Failed(
                AttemptFault.UpstreamStatus, GatewayFault.UpstreamOverloaded, status, retryAfter),
            408 or 504 => AttemptResult.Failed(
                AttemptFault.UpstreamStatus, GatewayFault.UpstreamTimeout, status, retryAfter),
            >= 400 and < 500 => AttemptResult.Refused(status, hasBody),
            _ => AttemptResult.Failed(AttemptFault.UpstreamStatus, GatewayFault.UpstreamFailed, status, retryAfter),
        };
    }

    /// <summary>An error that came with status 200, before any content.</summary>
    public static AttemptResult ReadReported(string? type, string? code)
    {
        var error = Contains(type, code, "rate_limit") || Contains(type, code, "RESOURCE_EXHAUSTED")
            ? GatewayFault.UpstreamRateLimit
            : Contains(type, code, "overloaded") || Contains(type, code, "UNAVAILABLE")
                ? GatewayFault.UpstreamOverloaded
                : GatewayFault.UpstreamFailed;
        return AttemptResult.Failed(AttemptFault.ErrorBody, error, 200);
    }

    private static bool BlamesAccount(ReadOnlySpan<byte> body)
    {
        foreach (var words in AccountWords)
        {
            if (body.IndexOf(words) >= 0)
            {
                return true;
            }
        }

        return false;
    }

    private static bool Contains(string? type, string? code, string word) =>
        (type?.Contains(word, StringComparison.Ordinal) ?? false)
        || (code?.Contains(word, StringComparison.Ordinal) ?? false);
}
