namespace TokenHub.ControlPlane.Problems;

/// <summary>Ends a request with a problem. The one way in which a handler refuses.</summary>
internal sealed class RefusedException : Exception
{
    public RefusedException(ProblemCode code, string detail, IReadOnlyList<FieldError>? errors = null)
        : base(detail)
    {
        Code = code;
        Errors = errors;
    }

    public ProblemCode Code { get; }

    public IReadOnlyList<FieldError>? Errors { get; }

    public int? RetryAfterSeconds { get; init; }

    public static RefusedException NotFound(string what) => new(ProblemCode.NotFound, $"There is no such {what}.");

    public static RefusedException Field(string field, string code, string message) =>
        new(ProblemCode.InvalidRequest, $"{field}: {message}", [new FieldError(field, code, message)]);

    public static RefusedException VersionMismatch() =>
        new(ProblemCode.VersionMismatch, "If-Match names another version than the present one. Read it again.");
}
