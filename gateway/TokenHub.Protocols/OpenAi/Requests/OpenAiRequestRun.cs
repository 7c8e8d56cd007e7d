using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using TokenHub.Protocols.Chat;
using TokenHub.Protocols.Codecs;

namespace TokenHub.Protocols.OpenAi.Requests;

/// <summary>What the parts of a request's writer share, in Chat and in Responses.</summary>
internal sealed class OpenAiRequestRun(Utf8JsonWriter json, ChatRequest request, UpstreamModel model, Dropped dropped)
{
    /// <summary>The longest identifier of a user or a cache that OpenAI takes.</summary>
    private const int IdentifierCharsMax = 64;

    /// <summary>Members that Chat and Responses have in common, and nobody else has.</summary>
    public static readonly string[] Shared = ["prompt_cache_retention", "prompt_cache_options", "moderation"];

    public Utf8JsonWriter Json { get; } = json;

    public ChatRequest Request { get; } = request;

    public UpstreamModel Model { get; } = model;

    public Dropped Dropped { get; } = dropped;

    public OpenAiModel Facts { get; } = OpenAiModels.Of(model.Name);

    /// <summary>The upstream knows tools that take text.</summary>
    public bool TakesFreeForm => Facts.TakesVerbosity && !Model.IsCompatible;

    /// <summary>OpenRouter hands cache marks on to Claude; elsewhere caching needs none.</summary>
    public bool TakesCacheMarks =>
        Model.IsCompatible && Model.Name.Contains("claude", StringComparison.OrdinalIgnoreCase);

    public void Drop(Wish wish) => Dropped.Add(Request.NameOf(wish));

    public void DropIf(Wish wish, bool isDropped)
    {
        if (isDropped)
        {
            Drop(wish);
        }
    }

    /// <summary>Writes a number, or reports it where it is refused and says anything but the standard.</summary>
    public void Number(Wish wish, ReadOnlySpan<byte> name, double? number, bool isRefused, double standard)
    {
        if (number is not { } value)
        {
            return;
        }

        if (!isRefused)
        {
            Json.WriteNumber(name, value);
        }
        else
        {
            DropIf(wish, value != standard);
        }
    }

    /// <summary>Writes the tools that are told, how they are to be called, and whether several at once.</summary>
    public void WriteTools(
        Predicate<ChatTool> isTold, Action<ChatTool> writeTool, Action<ToolChoice?, List<ChatTool>> writeChoice)
    {
        var choice = Request.ToolChoice;
        var tools = Request.Tools.FindAll(isTold);
        if (tools.Count == 0)
        {
            DropIf(Wish.ToolChoice, choice is { Mode: ToolChoiceMode.Required });
            return;
        }

        Json.WriteStartArray("tools"u8);
        tools.ForEach(writeTool);
        Json.WriteEndArray();
        writeChoice(choice, tools);
        if (Request.ParallelCalls == false)
        {
            Json.WriteBoolean("parallel_tool_calls"u8, false);
        }
    }

    /// <summary>An identifier as it is, or the hash of one that is too long.</summary>
    public static string ShortUser(string text) => text.Length <= IdentifierCharsMax ? text
        : Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)));

    /// <summary>OpenAI's word for a tier: null for none, empty for one that it does not have.</summary>
    public static string? Tier(string? tier) => tier switch
    {
        null or "" or "unspecified" or "auto" => null,
        "default" or "standard" or "standard_only" => "default",
        "flex" or "priority" or "scale" or "fast" => tier,
        _ => "",
    };
}
