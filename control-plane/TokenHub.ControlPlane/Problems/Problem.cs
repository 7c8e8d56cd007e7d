using System.Text.Json.Serialization;

namespace TokenHub.ControlPlane.Problems;

/// <summary>
/// The body of every answer that is not a success (RFC 9457), with the fixed code that programs read.
/// </summary>
internal sealed record Problem
{
    public required string Type { get; init; }
    public required string Title { get; init; }
    public required int Status { get; init; }
    public required string Detail { get; init; }
    public required string Code { get; init; }
    public required string RequestId { get; init; }

    /// <summary>One entry for each field at fault.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<FieldError>? Errors { get; init; }

    public const string ContentType = "application/problem+json";
}

/// <summary>What is wrong with one field of the request.</summary>
internal sealed record FieldError(string Field, string Code, string Message);
