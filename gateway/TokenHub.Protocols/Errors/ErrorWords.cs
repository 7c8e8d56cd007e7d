using TokenHub.Core.Snapshots;

namespace TokenHub.Protocols.Errors;

/// <summary>
/// What a kind of error is called in a dialect: HTTP status, type (Gemini: status word) and OpenAI's code.
/// </summary>
public readonly record struct ErrorWords(int Status, string Type, string? Code)
{
    /// <summary>
    /// True for a refusal that OpenAI's clients would repeat by its status alone: the answer must carry
    /// <c>x-should-retry: false</c>.
    /// </summary>
    public static bool ForbidsRetry(ErrorKind kind) => kind == ErrorKind.InsufficientFunds;

    public static ErrorWords Of(Dialect dialect, ErrorKind kind) => dialect switch
    {
        Dialect.Anthropic => Anthropic(kind),
        Dialect.Gemini => Gemini(kind),
        _ => OpenAi(kind),
    };

    private static ErrorWords OpenAi(ErrorKind kind) => kind switch
    {
        ErrorKind.InvalidRequest => new(400, "invalid_request_error", null),
        ErrorKind.ContextTooLong => new(400, "invalid_request_error", "context_length_exceeded"),
        ErrorKind.BadKey => new(401, "authentication_error", "invalid_api_key"),
        ErrorKind.InsufficientFunds => new(429, "insufficient_quota", "insufficient_quota"),
        ErrorKind.Forbidden => new(403, "permission_error", "permission_denied"),
        ErrorKind.UnknownModel => new(404, "invalid_request_error", "model_not_found"),
        ErrorKind.NotFound => new(404, "invalid_request_error", "not_found"),
        ErrorKind.MethodNotAllowed => new(405, "invalid_request_error", "method_not_allowed"),
        ErrorKind.TooLarge => new(413, "invalid_request_error", "request_too_large"),
        ErrorKind.RateLimit => new(429, "rate_limit_error", "rate_limit_exceeded"),
        ErrorKind.BadGateway => new(502, "server_error", "bad_gateway"),
        ErrorKind.Overloaded => new(503, "server_error", "server_is_overloaded"),
        ErrorKind.Timeout => new(504, "server_error", "timeout"),
        ErrorKind.Cancelled => new(499, "invalid_request_error", "request_cancelled"),
        _ => new(500, "server_error", null),
    };

    // 529 is the status Anthropic's own clients know for an overloaded server.
    private static ErrorWords Anthropic(ErrorKind kind) => kind switch
    {
        ErrorKind.InvalidRequest or ErrorKind.ContextTooLong => new(400, "invalid_request_error", null),
        ErrorKind.BadKey => new(401, "authentication_error", null),
        ErrorKind.InsufficientFunds => new(402, "billing_error", null),
        ErrorKind.Forbidden => new(403, "permission_error", null),
        ErrorKind.UnknownModel or ErrorKind.NotFound => new(404, "not_found_error", null),
        ErrorKind.MethodNotAllowed => new(405, "invalid_request_error", null),
        ErrorKind.TooLarge => new(413, "request_too_large", null),
        ErrorKind.RateLimit => new(429, "rate_limit_error", null),
        ErrorKind.BadGateway => new(502, "api_error", null),
        ErrorKind.Overloaded => new(529, "overloaded_error", null),
        ErrorKind.Timeout => new(504, "timeout_error", null),
        ErrorKind.Cancelled => new(499, "api_error", null),
        _ => new(500, "api_error", null),
    };

    private static ErrorWords Gemini(ErrorKind kind) => kind switch
    {
        ErrorKind.InvalidRequest or ErrorKind.ContextTooLong => new(400, "INVALID_ARGUMENT", null),
        ErrorKind.BadKey => new(401, "UNAUTHENTICATED", null),
        ErrorKind.InsufficientFunds or ErrorKind.RateLimit => new(429, "RESOURCE_EXHAUSTED", null),
        ErrorKind.Forbidden => new(403, "PERMISSION_DENIED", null),
        ErrorKind.UnknownModel or ErrorKind.NotFound => new(404, "NOT_FOUND", null),
        ErrorKind.MethodNotAllowed => new(405, "UNIMPLEMENTED", null),
        ErrorKind.TooLarge => new(413, "INVALID_ARGUMENT", null),
        ErrorKind.BadGateway => new(502, "UNAVAILABLE", null),
        ErrorKind.Overloaded => new(503, "UNAVAILABLE", null),
        ErrorKind.Timeout => new(504, "DEADLINE_EXCEEDED", null),
        ErrorKind.Cancelled => new(499, "CANCELLED", null),
        _ => new(500, "INTERNAL", null),
    };
}
