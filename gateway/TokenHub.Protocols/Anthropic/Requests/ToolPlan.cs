using System.Text.Json;
using TokenHub.Core.Snapshots;
using TokenHub.Protocols.Chat;
using TokenHub.Protocols.Codecs;
using TokenHub.Protocols.Json;

namespace TokenHub.Protocols.Anthropic.Requests;

/// <summary>
/// Which tools a model is told, whether it must call one, and how it is brought to answer in a form: by the format that
/// newer models have, else by a tool that it must call and whose input is the answer.
/// </summary>
internal sealed class ToolPlan
{
    private readonly List<ChatTool> _tools = [];
    private readonly ChatRequest _request;
    private readonly AnthropicModel _model;
    private string? _instruction;

    private ToolPlan(ChatRequest request, AnthropicModel model)
    {
        (_request, _model) = (request, model);
    }

    /// <summary>The tool whose input is the answer, or null.</summary>
    public string? FormatTool { get; private set; }

    /// <summary>The schema of the format, or null.</summary>
    public JsonElement? Schema { get; private set; }

    /// <summary>A tool has to be called.</summary>
    public bool IsForced => FormatTool is not null
        || (_tools.Count > 0 && _request.ToolChoice?.Mode == ToolChoiceMode.Required);

    public static ToolPlan Of(ChatRequest request, AnthropicModel model, Dropped dropped)
    {
        var plan = new ToolPlan(request, model);
        plan.ChooseTools(dropped);
        plan.ChooseFormat(dropped);
        return plan;
    }

    /// <summary>Says in words what there is no member for.</summary>
    public void Instruct(Dialogue dialogue, DialogueRules rules)
    {
        if (_instruction is not null)
        {
            dialogue.Instruct(_instruction, rules);
        }
    }

    public void Write(Utf8JsonWriter json, MessageWriter messages)
    {
        if (_tools.Count == 0 && FormatTool is null)
        {
            return;
        }

        json.WriteStartArray("tools"u8);
        foreach (var tool in _tools)
        {
            WriteTool(json, tool, messages);
        }

        if (FormatTool is { } format)
        {
            json.WriteStartObject();
            json.WriteString("name"u8, format);
            json.WriteString("description"u8, _request.Format!.Description ?? "Gives the answer in its form.");
            json.WritePropertyName("input_schema"u8);
            _request.Format.Schema!.Value.WriteTo(json);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        WriteChoice(json);
    }

    private void ChooseTools(Dropped dropped)
    {
        // One tool can be named while all are told, which spares the cache; of several the others are kept back.
        var choice = _request.ToolChoice;
        var names = choice is null or { Mode: ToolChoiceMode.Required, Names.Count: 1 } ? [] : choice.Names;
        foreach (var tool in _request.Tools)
        {
            if (tool.Kind == ToolKind.Server && tool.SourceDialect != Dialect.Anthropic)
            {
                dropped.Add($"tools.{tool.Name}");
            }
            else if (names.Count == 0 || names.Contains(tool.Name, StringComparer.Ordinal))
            {
                _tools.Add(tool);
            }
        }

        if (choice?.Mode == ToolChoiceMode.Required
            && !_tools.Exists(tool => choice.Names.Count == 0 || choice.Names.Contains(tool.Name)))
        {
            throw new UntranslatableException(
                "None of the tools that have to be called is known to this model.", _request.NameOf(Wish.ToolChoice));
        }
    }

    private void ChooseFormat(Dropped dropped)
    {
        if (_request.Format is not { Kind: not OutputFormatKind.Text } format)
        {
            return;
        }

        if (format is { Kind: OutputFormatKind.JsonSchema, Schema: { } schema })
        {
            if (_model.TakesFormat)
            {
                Schema = schema;
            }
            else if (schema.Get("type").AsText() == "object")
            {
                FormatTool = RequestJson.FreeName(_request, format.Name ?? "answer");
            }
            else
            {
                _instruction = $"Answer with JSON of this schema and nothing else: {schema.GetRawText()}";
                dropped.Add(_request.NameOf(Wish.Format));
            }
        }
        else
        {
            _instruction = "Answer with one JSON object and nothing else.";
            dropped.Add(_request.NameOf(Wish.Format));
        }
    }

    private void WriteTool(Utf8JsonWriter json, ChatTool tool, MessageWriter messages)
    {
        if (tool.SourceDialect == Dialect.Anthropic
            && (tool.Kind == ToolKind.Server || tool.Source.Get("name").AsText() == tool.Name))
        {
            tool.Source.WriteTo(json);
            return;
        }

        json.WriteStartObject();
        json.WriteString("name"u8, tool.Name);
        json.WriteText(
            "description"u8, tool.Kind == ToolKind.FreeForm ? FreeForm.Describe(tool) : tool.Description);
        json.WritePropertyName("input_schema"u8);
        var isStrict = tool.Strict is true && _model.TakesFormat && tool.Kind == ToolKind.Function;
        if (tool.Kind == ToolKind.FreeForm)
        {
            json.WriteFreeFormSchema();
        }
        else
        {
            WriteSchema(json, tool.Parameters, isStrict);
        }

        if (isStrict)
        {
            json.WriteBoolean("strict"u8, true);
        }

        messages.WriteCache(tool.Cache);
        json.WriteEndObject();
    }

    // The root must be an object, whatever the tool takes.
    private static void WriteSchema(Utf8JsonWriter json, JsonElement? schema, bool isStrict)
    {
        if (schema is not { ValueKind: JsonValueKind.Object } given)
        {
            json.WriteRawValue("{\"type\":\"object\",\"properties\":{}}"u8, skipInputValidation: true);
        }
        else if (isStrict && given.Get("type").AsText() == "object")
        {
            SchemaSubset.Write(json, given);
        }
        else
        {
            json.WriteStartObject();
            json.WriteString("type"u8, "object"u8);
            foreach (var member in given.EnumerateObject())
            {
                if (member.Name != "type")
                {
                    member.WriteTo(json);
                }
            }

            json.WriteEndObject();
        }
    }

    private void WriteChoice(Utf8JsonWriter json)
    {
        var mode = _request.ToolChoice?.Mode;
        var isSerial = _request.ParallelCalls is false || FormatTool is not null;
        if (mode is null && !isSerial && FormatTool is null)
        {
            return;
        }

        json.WriteStartObject("tool_choice"u8);
        var only = FormatTool is not null && (_tools.Count == 0 || mode == ToolChoiceMode.None) ? FormatTool
            : FormatTool is null && mode == ToolChoiceMode.Required && _request.ToolChoice!.Names is [var name] ? name
            : null;
        json.WriteString("type"u8, only is not null ? "tool"u8
            : FormatTool is not null || mode == ToolChoiceMode.Required ? "any"u8
            : mode == ToolChoiceMode.None ? "none"u8
            : "auto"u8);
        json.WriteText("name"u8, only);
        if (isSerial && (FormatTool is not null || mode != ToolChoiceMode.None))
        {
            json.WriteBoolean("disable_parallel_tool_use"u8, true);
        }

        json.WriteEndObject();
    }
}
