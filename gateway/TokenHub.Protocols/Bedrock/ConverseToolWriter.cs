using System.Text.Json;
using TokenHub.Protocols.Chat;
using TokenHub.Protocols.Codecs;
using TokenHub.Protocols.Json;

namespace TokenHub.Protocols.Bedrock;

/// <summary>
/// Writes tools and whether they are to be called. There is no word for none: the tools are then left out, unless the
/// conversation has calls in it, which are not taken without them.
/// </summary>
internal sealed class ConverseToolWriter(
    Utf8JsonWriter json, ChatRequest request, ConverseModel facts, Dropped dropped)
{
    /// <summary>
    /// The tool whose arguments are the answer where a form is asked for: there is no other way to one.
    /// </summary>
    private const string FormatTool = "answer_in_form";

    /// <param name="called">The tools that the conversation has called so far.</param>
    public void Write(IReadOnlyCollection<string> called)
    {
        if (request.Format is { Kind: not OutputFormatKind.Text } && !TryWriteFormat(called))
        {
            dropped.Add(request.NameOf(Wish.Format));
        }
        else if (request.ToolBook.FormatTool is not null)
        {
            return;
        }

        var choice = request.ToolChoice;
        var tools = request.Tools.FindAll(tool => IsTold(tool, choice));
        var isNone = choice is { Mode: ToolChoiceMode.None };
        if (isNone)
        {
            tools.RemoveAll(tool => !called.Contains(tool.Name));
        }

        var unknown = called.Where(name => !tools.Exists(tool => tool.Name == name)).ToList();
        if (tools.Count == 0 && unknown.Count == 0)
        {
            return;
        }

        json.WriteStartObject("toolConfig"u8);
        json.WriteStartArray("tools"u8);
        tools.ForEach(WriteTool);

        // Called before and told no more: only their names are known.
        unknown.ForEach(name => WriteSpec(name, null, null));
        json.WriteEndArray();
        WriteChoice(choice, tools.Count);
        json.WriteEndObject();
        if (request.ParallelCalls == false)
        {
            dropped.Add(request.NameOf(Wish.ParallelCalls));
        }
    }

    private bool TryWriteFormat(IReadOnlyCollection<string> called)
    {
        if (request.Format is not { Kind: OutputFormatKind.JsonSchema, Schema: { } schema } || !facts.TakesToolChoice
            || request.Tools.Count > 0)
        {
            return false;
        }

        request.ToolBook.FormatTool = FormatTool;
        json.WriteStartObject("toolConfig"u8);
        json.WriteStartArray("tools"u8);
        WriteSpec(FormatTool, request.Format.Description ?? "Gives the answer.", schema);
        foreach (var name in called)
        {
            WriteSpec(name, null, null);
        }

        json.WriteEndArray();
        json.WriteStartObject("toolChoice"u8);
        json.WriteStartObject("tool"u8);
        json.WriteString("name"u8, FormatTool);
        json.WriteEndObject();
        json.WriteEndObject();
        json.WriteEndObject();
        return true;
    }

    private bool IsTold(ChatTool tool, ToolChoice? choice)
    {
        if (tool.Kind == ToolKind.Server)
        {
            dropped.Add($"tools.{tool.Name}");
            return false;
        }

        return choice is null || choice.Names.Count == 0 || choice.Names.Contains(tool.Name, StringComparer.Ordinal);
    }

    private void WriteTool(ChatTool tool)
    {
        if (tool.Kind == ToolKind.FreeForm)
        {
            WriteSpec(tool.Name, FreeForm.Describe(tool), null, isFreeForm: true);
        }
        else
        {
            WriteSpec(tool.Name, tool.Description, tool.Parameters);
        }

        if (tool.Cache is not null && facts.TakesCachePoints)
        {
            json.WriteStartObject();
            json.WriteStartObject("cachePoint"u8);
            json.WriteString("type"u8, "default"u8);
            json.WriteEndObject();
            json.WriteEndObject();
        }
    }

    private void WriteSpec(string name, string? description, JsonElement? schema, bool isFreeForm = false)
    {
        json.WriteStartObject();
        json.WriteStartObject("toolSpec"u8);
        json.WriteString("name"u8, name);
        if (!string.IsNullOrWhiteSpace(description))
        {
            json.WriteString("description"u8, description);
        }

        json.WriteStartObject("inputSchema"u8);
        json.WritePropertyName("json"u8);
        if (schema is { ValueKind: JsonValueKind.Object } given)
        {
            json.WriteAsItIs(given);
        }
        else
        {
            json.WriteRawValue(
                isFreeForm ? FreeForm.Schema : "{\"type\":\"object\",\"properties\":{}}"u8, skipInputValidation: true);
        }

        json.WriteEndObject();
        json.WriteEndObject();
        json.WriteEndObject();
    }

    private void WriteChoice(ToolChoice? choice, int tools)
    {
        if (choice is not { Mode: ToolChoiceMode.Required } || tools == 0)
        {
            return;
        }

        if (!facts.TakesToolChoice)
        {
            dropped.Add(request.NameOf(Wish.ToolChoice));
            return;
        }

        json.WriteStartObject("toolChoice"u8);
        if (choice.Names.Count == 1)
        {
            json.WriteStartObject("tool"u8);
            json.WriteString("name"u8, choice.Names[0]);
        }
        else
        {
            json.WriteStartObject("any"u8);
        }

        json.WriteEndObject();
        json.WriteEndObject();
    }
}
