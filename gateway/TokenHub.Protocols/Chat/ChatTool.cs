using System.Text.Json;
using TokenHub.Core.Snapshots;

namespace TokenHub.Protocols.Chat;

public enum ToolKind : byte
{
    Function,

    /// <summary>Takes text instead of JSON; where the target has no such tool, a function with one string parameter
    /// <c>input</c> stands for it.</summary>
    FreeForm,

    /// <summary>Run by the provider itself; only its own dialect knows it.</summary>
    Server,
}

/// <summary>A tool that the model may call.</summary>
public sealed class ChatTool(ToolKind kind, string name)
{
    public ToolKind Kind { get; } = kind;

    /// <summary>The name that the upstream is told (see <see cref="ToolBook"/>).</summary>
    public string Name { get; } = name;

    public string? Description { get; init; }

    /// <summary>JSON Schema of the arguments; null when the tool takes none.</summary>
    public JsonElement? Parameters { get; init; }

    public bool? Strict { get; init; }

    public CacheMark? Cache { get; init; }

    /// <summary>The definition as written, for the dialect it is written in.</summary>
    public JsonElement Source { get; init; }

    public Dialect SourceDialect { get; init; }
}

public enum ToolChoiceMode : byte
{
    Auto,
    None,

    /// <summary>Some tool must be called.</summary>
    Required,
}

/// <summary>
/// Whether tools are to be called. <see cref="Names"/> narrows the choice: one name with
/// <see cref="ToolChoiceMode.Required"/> forces that tool; empty stands for all.
/// </summary>
public sealed record ToolChoice(ToolChoiceMode Mode, IReadOnlyList<string> Names)
{
    public ToolChoice(ToolChoiceMode mode)
        : this(mode, [])
    {
    }
}
