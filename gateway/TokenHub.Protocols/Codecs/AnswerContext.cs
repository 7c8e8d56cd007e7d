using TokenHub.Core.Snapshots;
using TokenHub.Protocols.Chat;

namespace TokenHub.Protocols.Codecs;

/// <summary>What is known of an answer before it comes; the same for its reader and its writer.</summary>
public sealed record AnswerContext
{
    /// <summary>
    /// The request's id: the answer's own ids are made of it, so that they are the same in every event.
    /// </summary>
    public required string RequestId { get; init; }

    /// <summary>The model's name as the client wrote it.</summary>
    public required string Model { get; init; }

    /// <summary>The upstream's dialect and its name of the model: who issues what is opaque in the answer.</summary>
    public required Dialect Upstream { get; init; }

    public required string UpstreamModel { get; init; }

    /// <summary>Seconds since 1970.</summary>
    public required long CreatedSeconds { get; init; }

    /// <summary>Prompt tokens as estimated, for dialects that tell them first and know them last.</summary>
    public long InputEstimate { get; init; }

    /// <summary>Chat only: the stream ends with a chunk of usage.</summary>
    public bool IncludeUsage { get; init; }

    /// <summary>The answer is a Gemini stream without <c>alt=sse</c>: one JSON array.</summary>
    public bool IsArray { get; init; }

    /// <summary>Stop sequences that the upstream does not know: the answer is cut at them here.</summary>
    public IReadOnlyList<string> Stops { get; init; } = [];

    /// <summary>
    /// The upstream may be broken off at such a sequence: it bills no more than it has said, and has told of all that.
    /// </summary>
    public bool EndsAtStop { get; init; }

    /// <summary>Answers asked for.</summary>
    public int Choices { get; init; } = 1;

    public ToolBook ToolBook { get; init; } = new();

    /// <summary>See <see cref="ChatRequest.Echo"/>.</summary>
    public ReadOnlyMemory<byte> Echo { get; init; }

    /// <summary>An id in the style of a dialect: <c>call_</c>, and what is the request's own.</summary>
    public string IdOf(string prefix, int number = 0) => $"{prefix}{RequestId}{(number > 0 ? $"_{number}" : "")}";
}
