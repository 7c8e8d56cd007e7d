using System.Text.Json;
using TokenHub.Core.Snapshots;

namespace TokenHub.Protocols.Chat;

/// <summary>A piece of a turn.</summary>
public abstract class ChatPart
{
    /// <summary>The prompt up to here is to be cached.</summary>
    public CacheMark? Cache { get; set; }
}

/// <summary>A cache breakpoint; <see cref="Ttl"/> is <c>5m</c>, <c>1h</c> or null for the provider's default.</summary>
public sealed record CacheMark(string? Ttl);

public sealed class TextPart(string text) : ChatPart
{
    public string Text { get; } = text;
}

/// <summary>What the model wrote instead of an answer.</summary>
public sealed class RefusalPart(string text) : ChatPart
{
    public string Text { get; } = text;
}

/// <summary>What the model thought, in words, hidden, or both; either may be empty.</summary>
public sealed class ReasoningPart(string text, OpaqueItem? opaque) : ChatPart
{
    public string Text { get; } = text;

    /// <summary>The issuer's own form of the thought, which only the issuer can read.</summary>
    public OpaqueItem? Opaque { get; } = opaque;
}

/// <summary>A call that the model made.</summary>
public sealed class CallPart(string id, string name, string arguments) : ChatPart
{
    /// <summary>The caller's id of the call; empty where his protocol has none.</summary>
    public string Id { get; set; } = id;

    /// <summary>The tool's name as the upstream is told it (see <see cref="ToolBook"/>).</summary>
    public string Name { get; } = name;

    /// <summary>JSON text of the arguments, or plain text for a free-form tool.</summary>
    public string Arguments { get; } = arguments;

    /// <summary>A free-form tool: its input is text and no JSON.</summary>
    public bool IsFreeForm { get; init; }

    /// <summary>What the issuer wants back with the call (Gemini).</summary>
    public OpaqueItem? Opaque { get; set; }

    /// <summary>Who made the call within the provider, as he wrote it: nobody else can use it (Anthropic).</summary>
    public JsonElement? Caller { get; init; }
}

/// <summary>What came of a call.</summary>
public sealed class ResultPart(string callId, List<ChatPart> content) : ChatPart
{
    public string CallId { get; set; } = callId;

    /// <summary>The tool's name where the caller's protocol gives it; else found by the id.</summary>
    public string? Name { get; init; }

    /// <summary>Text and media.</summary>
    public List<ChatPart> Content { get; } = content;

    /// <summary>
    /// The result as an object, where the caller gave one (Gemini); <see cref="Content"/> says the same.
    /// </summary>
    public JsonElement? Value { get; init; }

    public bool IsError { get; init; }
}

/// <summary>A part that only its own dialect knows: repeated there, reported as dropped elsewhere.</summary>
public sealed class ForeignPart(Dialect dialect, string kind, JsonElement value) : ChatPart
{
    public Dialect Dialect { get; } = dialect;

    /// <summary>Its type, for the report: <c>server_tool_use</c>.</summary>
    public string Kind { get; } = kind;

    public JsonElement Value { get; } = value;
}
