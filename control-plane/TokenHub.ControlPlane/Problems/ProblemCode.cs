namespace TokenHub.ControlPlane.Problems;

/// <summary>
/// Every code a problem can have, with its status and title: the whole list, so that clients can rely on it.
/// </summary>
internal sealed record ProblemCode(string Code, int Status, string Title)
{
    public static readonly ProblemCode InvalidRequest = new("invalid_request", 400, "The request is not valid");
    public static readonly ProblemCode MalformedJson = new("malformed_json", 400, "The body is not valid JSON");
    public static readonly ProblemCode Unauthenticated = new("unauthenticated", 401, "Sign in first");
    public static readonly ProblemCode InvalidCredentials = new("invalid_credentials", 401, "Wrong e-mail or password");
    public static readonly ProblemCode Forbidden = new("forbidden", 403, "Your role does not allow this");
    public static readonly ProblemCode BadOrigin = new("bad_origin", 403, "The request came from another site");
    public static readonly ProblemCode AccountDisabled = new("account_disabled", 403, "The account is disabled");
    public static readonly ProblemCode NotFound = new("not_found", 404, "There is no such thing");
    public static readonly ProblemCode MethodNotAllowed = new("method_not_allowed", 405, "The method is not allowed");
    public static readonly ProblemCode Conflict = new("conflict", 409, "The request does not fit the present state");
    public static readonly ProblemCode EmailTaken = new("email_taken", 409, "The e-mail address is in use");
    public static readonly ProblemCode LastAdmin = new("last_admin", 409, "One active admin must remain");
    public static readonly ProblemCode LimitReached = new("limit_reached", 409, "There are too many already");
    public static readonly ProblemCode VersionMismatch = new("version_mismatch", 412, "It was changed meanwhile");
    public static readonly ProblemCode BodyTooLarge = new("body_too_large", 413, "The body is too large");
    public static readonly ProblemCode UnsupportedMediaType =
        new("unsupported_media_type", 415, "The body must be application/json");

    public static readonly ProblemCode IdempotencyKeyReused =
        new("idempotency_key_reused", 422, "The Idempotency-Key was used for another request");

    public static readonly ProblemCode TooManyRequests = new("too_many_requests", 429, "Too many requests");
    public static readonly ProblemCode Internal = new("internal_error", 500, "Something went wrong here");
    public static readonly ProblemCode Unavailable = new("unavailable", 503, "Not available at the moment");

    /// <summary>The code for an answer that was given as a bare status by the framework.</summary>
    public static ProblemCode OfStatus(int status) => status switch
    {
        400 => InvalidRequest,
        401 => Unauthenticated,
        403 => Forbidden,
        404 => NotFound,
        405 => MethodNotAllowed,
        413 => BodyTooLarge,
        415 => UnsupportedMediaType,
        429 => TooManyRequests,
        503 => Unavailable,
        < 500 => new ProblemCode("invalid_request", status, InvalidRequest.Title),
        _ => new ProblemCode("internal_error", status, Internal.Title),
    };

    public string Type => $"urn:tokenhub:problem:{Code}";
}
