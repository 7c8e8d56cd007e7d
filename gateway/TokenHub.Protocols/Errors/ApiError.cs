using TokenHub.Core.Snapshots;

namespace TokenHub.Protocols.Errors;

/// <summary>What went wrong, in words that every dialect has its own for.</summary>
public enum ErrorKind : byte
{
    InvalidRequest,
    ContextTooLong,
    BadKey,

    /// <summary>The caller's own balance, or the spend limit of his key, does not cover the request.</summary>
    InsufficientFunds,
    Forbidden,
    UnknownModel,
    NotFound,
    MethodNotAllowed,
    TooLarge,

    /// <summary>A rate or a number of requests at once is used up; it comes back by waiting.</summary>
    RateLimit,
    Server,
    BadGateway,
    Overloaded,
    Timeout,
    Cancelled,
}

/// <summary>
/// An error to be written in a dialect. A null <see cref="Code"/> stands for the kind's usual one;
/// <see cref="RetryAfterMs"/> 0 says nothing about waiting.
/// </summary>
public readonly record struct ApiError(
    int Status,
    ErrorKind Kind,
    string Message,
    string RequestId,
    string? Param = null,
    string? Code = null,
    int RetryAfterMs = 0)
{
    /// <summary>The error with the status that its kind has in a dialect.</summary>
    public static ApiError Of(
        Dialect dialect,
        ErrorKind kind,
        string message,
        string requestId,
        string? param = null,
        int retryAfterMs = 0) =>
        new(ErrorWords.Of(dialect, kind).Status, kind, message, requestId, param, null, retryAfterMs);
}
