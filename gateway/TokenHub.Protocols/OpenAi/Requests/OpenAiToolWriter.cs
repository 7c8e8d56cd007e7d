using System.Text.Json;
using TokenHub.Core.Snapshots;
using TokenHub.Protocols.Chat;
using TokenHub.Protocols.Codecs;
using TokenHub.Protocols.Json;

namespace TokenHub.Protocols.OpenAi.Requests;

/// <summary>Writes the tools of a Chat request and whether they are to be called.</summary>
internal sealed class OpenAiToolWriter(OpenAiRequestRun run)
{
    private readonly Utf8JsonWriter _json = run.Json;

    public void Write() => run.WriteTools(tool => IsTold(tool, run.Request.ToolChoice), WriteTool, WriteChoice);

    // A server that only resembles OpenAI's is not told of tools that are not allowed: it knows no such choice.
    private bool IsTold(ChatTool tool, ToolChoice? choice)
    {
        if (tool.Kind == ToolKind.Server && tool.SourceDialect != Dialect.Chat)
        {
            run.Dropped.Add($"tools.{tool.Name}");
            return false;
        }

        return !run.Model.IsCompatible || choice is not { Names.Count: > 1 } || choice.Names.Contains(tool.Name);
    }

    private void WriteTool(ChatTool tool)
    {
        if (tool.Kind == ToolKind.Server)
        {
            _json.WriteAsItIs(tool.Source);
            return;
        }

        if (tool.Kind == ToolKind.FreeForm && run.TakesFreeForm)
        {
            WriteFreeForm(tool);
            return;
        }

        _json.WriteStartObject();
        _json.WriteString("type"u8, "function"u8);
        _json.WriteStartObject("function"u8);
        _json.WriteString("name"u8, tool.Name);
        var description = tool.Kind == ToolKind.FreeForm ? FreeForm.Describe(tool) : tool.Description;
        if (description is { Length: > 0 })
        {
            _json.WriteString("description"u8, description);
        }

        _json.WritePropertyName("parameters"u8);
        WriteParameters(_json, tool);
        if (StrictSchema.Of(tool.Strict, tool.Parameters, tool.SourceDialect) is { } isStrict)
        {
            _json.WriteBoolean("strict"u8, isStrict);
        }

        _json.WriteEndObject();
        _json.WriteEndObject();
    }

    /// <summary>The schema of a tool's arguments; of a free-form one that of its stand-in.</summary>
    public static void WriteParameters(Utf8JsonWriter json, ChatTool tool)
    {
        if (tool.Kind == ToolKind.FreeForm)
        {
            json.WriteRawValue(FreeForm.Schema, skipInputValidation: true);
        }
        else if (tool.Parameters is not { } schema)
        {
            json.WriteRawValue("{\"type\":\"object\",\"properties\":{}}"u8, skipInputValidation: true);
        }
        else if (tool.SourceDialect is Dialect.Chat or Dialect.Responses)
        {
            json.WriteAsItIs(schema);
        }
        else
        {
            WriteSchema(json, schema);
        }
    }

    // OpenAI refuses an object without properties, which others take for one without members.
    private static void WriteSchema(Utf8JsonWriter json, JsonElement schema)
    {
        if (schema.Get("properties") is not null || schema.Get("$ref") is not null || schema.Get("anyOf") is not null)
        {
            json.WriteAsItIs(schema);
            return;
        }

        json.WriteStartObject();
        json.WriteString("type"u8, "object"u8);
        json.WriteStartObject("properties"u8);
        json.WriteEndObject();
        foreach (var member in schema.EnumerateObject().Where(member => member.Name is not ("type" or "properties")))
        {
            json.WritePropertyName(member.Name);
            json.WriteAsItIs(member.Value);
        }

        json.WriteEndObject();
    }

    private void WriteFreeForm(ChatTool tool)
    {
        _json.WriteStartObject();
        _json.WriteString("type"u8, "custom"u8);
        _json.WriteStartObject("custom"u8);
        _json.WriteString("name"u8, tool.Name);
        if (tool.Description is { Length: > 0 } description)
        {
            _json.WriteString("description"u8, description);
        }

        if ((tool.Source.Get("custom") ?? tool.Source).Get("format") is { ValueKind: JsonValueKind.Object } format)
        {
            WriteFormat(format);
        }

        _json.WriteEndObject();
        _json.WriteEndObject();
    }

    // Responses writes a grammar flat, Chat in an object of its own.
    private void WriteFormat(JsonElement format)
    {
        if (format.Get("grammar") is not null || format.Get("definition") is null)
        {
            _json.WriteAsItIs("format"u8, format);
            return;
        }

        _json.WriteStartObject("format"u8);
        _json.WriteString("type"u8, "grammar"u8);
        _json.WriteStartObject("grammar"u8);
        _json.WriteAsItIs("definition"u8, format.GetProperty("definition"));
        if (format.Get("syntax") is { } syntax)
        {
            _json.WriteAsItIs("syntax"u8, syntax);
        }

        _json.WriteEndObject();
        _json.WriteEndObject();
    }

    private void WriteChoice(ToolChoice? choice, List<ChatTool> tools)
    {
        switch (choice)
        {
            case null:
                return;
            case { Mode: ToolChoiceMode.Required, Names.Count: 1 }:
                WriteOne(choice.Names[0], tools);
                return;
            case { Names.Count: > 0, Mode: not ToolChoiceMode.None } when !run.Model.IsCompatible:
                _json.WriteStartObject("tool_choice"u8);
                _json.WriteString("type"u8, "allowed_tools"u8);
                _json.WriteStartObject("allowed_tools"u8);
                _json.WriteString("mode"u8, Word(choice.Mode));
                _json.WriteStartArray("tools"u8);
                tools.FindAll(tool => choice.Names.Contains(tool.Name)).ForEach(tool => WriteName(tool));
                _json.WriteEndArray();
                _json.WriteEndObject();
                _json.WriteEndObject();
                return;
            default:
                _json.WriteString("tool_choice"u8, Word(choice.Mode));
                return;
        }
    }

    private void WriteOne(string name, List<ChatTool> tools)
    {
        if (tools.Find(tool => tool.Name == name) is not { } tool)
        {
            run.Drop(Wish.ToolChoice);
            return;
        }

        _json.WritePropertyName("tool_choice"u8);
        WriteName(tool);
    }

    private void WriteName(ChatTool tool)
    {
        var kind = tool.Kind == ToolKind.FreeForm && run.TakesFreeForm ? "custom"u8 : "function"u8;
        _json.WriteStartObject();
        _json.WriteString("type"u8, kind);
        _json.WriteStartObject(kind);
        _json.WriteString("name"u8, tool.Name);
        _json.WriteEndObject();
        _json.WriteEndObject();
    }

    /// <summary>OpenAI's word for a mode.</summary>
    public static string Word(ToolChoiceMode mode) => mode switch
    {
        ToolChoiceMode.None => "none",
        ToolChoiceMode.Required => "required",
        _ => "auto",
    };
}
