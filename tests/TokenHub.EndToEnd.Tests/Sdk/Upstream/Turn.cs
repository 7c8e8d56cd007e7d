using System.Text.Json.Nodes;

namespace TokenHub.EndToEnd.Tests.Sdk.Upstream;

/// <summary>Tokens in one form for all dialects; <see cref="Input"/> holds the cached ones.</summary>
public sealed record Tokens(long Input, long CacheRead, long Output);

/// <summary>What the upstream answers, before a dialect writes it.</summary>
internal sealed record Turn(string Id, string Model, IReadOnlyList<string> Deltas, ToolCall? Tool, Tokens Usage);

/// <summary>A tool's call; <see cref="Arguments"/> is JSON text.</summary>
public sealed record ToolCall(string Id, string Name, string Arguments);

/// <summary>How one protocol of a provider writes a turn.</summary>
internal interface IUpstreamDialect
{
    public JsonObject Answer(Turn turn);

    /// <summary>The events of a stream; those with content are marked.</summary>
    public IEnumerable<(string Text, bool IsContent)> Frames(Turn turn, JsonNode request);

    public JsonObject Error(int status, string message);

    /// <summary>The tool's result that the request brings, or null in a first turn.</summary>
    public string? ToolResult(JsonNode request);
}

internal static class Pieces
{
    /// <summary>Arguments arrive in pieces that respect nothing but characters.</summary>
    public static IEnumerable<string> Of(string text) => text.Chunk(7).Select(piece => new string(piece));
}
