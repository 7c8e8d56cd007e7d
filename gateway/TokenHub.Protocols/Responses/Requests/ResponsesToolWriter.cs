using System.Text.Json;
using TokenHub.Core.Snapshots;
using TokenHub.Protocols.Chat;
using TokenHub.Protocols.Codecs;
using TokenHub.Protocols.Json;
using TokenHub.Protocols.OpenAi.Requests;

namespace TokenHub.Protocols.Responses.Requests;

/// <summary>Writes the tools of a Responses request and whether they are to be called.</summary>
internal sealed class ResponsesToolWriter(OpenAiRequestRun run)
{
    private readonly Utf8JsonWriter _json = run.Json;

    public void Write() => run.WriteTools(IsTold, WriteTool, WriteChoice);

    private bool IsTold(ChatTool tool)
    {
        if (tool.Kind == ToolKind.Server && tool.SourceDialect != Dialect.Responses)
        {
            run.Dropped.Add($"tools.{tool.Name}");
            return false;
        }

        return true;
    }

    private void WriteTool(ChatTool tool)
    {
        if (tool.Kind == ToolKind.Server)
        {
            _json.WriteAsItIs(tool.Source);
            return;
        }

        var isFreeForm = tool.Kind == ToolKind.FreeForm && run.TakesFreeForm;
        var description = tool.Kind == ToolKind.FreeForm && !isFreeForm ? FreeForm.Describe(tool) : tool.Description;
        _json.WriteStartObject();
        _json.WriteString("type"u8, isFreeForm ? "custom"u8 : "function"u8);
        _json.WriteString("name"u8, tool.Name);
        if (description is { Length: > 0 })
        {
            _json.WriteString("description"u8, description);
        }

        if (isFreeForm)
        {
            WriteFormat(tool.Source);
        }
        else
        {
            _json.WritePropertyName("parameters"u8);
            OpenAiToolWriter.WriteParameters(_json, tool);

            // Left out it would be read as true, which few schemas allow.
            _json.WriteBoolean(
                "strict"u8, StrictSchema.Of(tool.Strict, tool.Parameters, tool.SourceDialect) ?? false);
        }

        _json.WriteEndObject();
    }

    // Chat writes a grammar in an object of its own, Responses flat.
    private void WriteFormat(JsonElement source)
    {
        if ((source.Get("custom") ?? source).Get("format") is not { ValueKind: JsonValueKind.Object } format)
        {
            return;
        }

        if (format.Get("grammar") is not { ValueKind: JsonValueKind.Object } grammar)
        {
            _json.WriteAsItIs("format"u8, format);
            return;
        }

        _json.WriteStartObject("format"u8);
        _json.WriteString("type"u8, "grammar"u8);
        foreach (var member in grammar.EnumerateObject())
        {
            member.WriteTo(_json);
        }

        _json.WriteEndObject();
    }

    private void WriteChoice(ToolChoice? choice, List<ChatTool> tools)
    {
        if (choice is null)
        {
            return;
        }

        var named = tools.FindAll(tool => choice.Names.Contains(tool.Name));
        if (choice.Names.Count == 0 || choice.Mode == ToolChoiceMode.None)
        {
            _json.WriteString("tool_choice"u8, OpenAiToolWriter.Word(choice.Mode));
        }
        else if (named.Count == 0)
        {
            run.Drop(Wish.ToolChoice);
        }
        else if (named.Count == 1 && choice.Mode == ToolChoiceMode.Required)
        {
            _json.WritePropertyName("tool_choice"u8);
            WriteName(named[0]);
        }
        else
        {
            _json.WriteStartObject("tool_choice"u8);
            _json.WriteString("type"u8, "allowed_tools"u8);
            _json.WriteString("mode"u8, OpenAiToolWriter.Word(choice.Mode));
            _json.WriteStartArray("tools"u8);
            named.ForEach(WriteName);
            _json.WriteEndArray();
            _json.WriteEndObject();
        }
    }

    private void WriteName(ChatTool tool)
    {
        _json.WriteStartObject();
        _json.WriteString("type"u8, tool.Kind == ToolKind.FreeForm && run.TakesFreeForm ? "custom"u8 : "function"u8);
        _json.WriteString("name"u8, tool.Name);
        _json.WriteEndObject();
    }
}
