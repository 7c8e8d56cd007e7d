using System.Text.Json;
using TokenHub.Core.Snapshots;
using TokenHub.Protocols.Chat;
using TokenHub.Protocols.Codecs;
using TokenHub.Protocols.Json;

namespace TokenHub.Protocols.Gemini.Requests;

/// <summary>Writes the tools and the configuration of a request.</summary>
internal sealed class ConfigWriter(
    Utf8JsonWriter json, ChatRequest request, UpstreamModel target, GeminiModel model, Dropped dropped)
{
    /// <summary>More are refused.</summary>
    private const int StopsMax = 5;
    private const int TopChancesMax = 20;

    private readonly List<ChatTool> _tools = [];

    /// <summary>Decides which tools the model is told, and says in words what there is no member for.</summary>
    public void Prepare(Dialogue dialogue, DialogueRules rules)
    {
        var names = request.ToolChoice is { Mode: ToolChoiceMode.Auto } choice ? choice.Names : [];
        foreach (var tool in request.Tools)
        {
            if (tool.Kind == ToolKind.Server && tool.SourceDialect != Dialect.Gemini)
            {
                dropped.Add($"tools.{tool.Name}");
            }
            else if (names.Count == 0 || names.Contains(tool.Name, StringComparer.Ordinal))
            {
                _tools.Add(tool);
            }
        }

        if (request.ToolChoice?.Mode == ToolChoiceMode.Required && Functions.Count == 0)
        {
            throw new UntranslatableException(
                "None of the tools that have to be called is known to this model.", request.NameOf(Wish.ToolChoice));
        }

        if (!TakesFormat && request.Format is { Kind: not OutputFormatKind.Text } format)
        {
            dialogue.Instruct(
                format.Schema is { } schema ? $"Answer with JSON of this schema and nothing else: {schema.GetRawText()}"
                    : "Answer with one JSON object and nothing else.",
                rules);
            dropped.Add(request.NameOf(Wish.Format));
        }
    }

    public void WriteTools()
    {
        if (_tools.Count > 0)
        {
            json.WriteStartArray("tools"u8);
            if (Functions is { Count: > 0 } functions)
            {
                json.WriteStartObject();
                json.WriteStartArray("functionDeclarations"u8);
                functions.ForEach(WriteFunction);
                json.WriteEndArray();
                json.WriteEndObject();
            }

            foreach (var tool in _tools.Where(tool => tool.Kind == ToolKind.Server))
            {
                json.WriteStartObject();
                json.WritePropertyName(tool.Name);
                tool.Source.WriteTo(json);
                json.WriteEndObject();
            }

            json.WriteEndArray();
        }

        WriteChoice();
    }

    public void WriteGeneration()
    {
        var wishes = request.Sampling;
        json.WriteStartObject("generationConfig"u8);
        WriteNumber("temperature"u8, wishes.Temperature);
        WriteNumber("topP"u8, wishes.TopP);
        WriteNumber("topK"u8, wishes.TopK);
        WriteNumber("frequencyPenalty"u8, wishes.FrequencyPenalty);
        WriteNumber("presencePenalty"u8, wishes.PresencePenalty);
        WriteNumber("seed"u8, wishes.Seed);
        WriteNumber("candidateCount"u8, wishes.N is > 1 ? wishes.N : null);
        WriteLimit();
        WriteStops();
        if (wishes.AsksChances)
        {
            json.WriteBoolean("responseLogprobs"u8, true);
            WriteNumber("logprobs"u8, wishes.TopLogprobs is { } top ? Math.Min(top, TopChancesMax) : null);
        }

        WriteFormat();
        new ThinkingWriter(json, request, model, dropped).Write();
        if (request.Dialect == Dialect.Gemini)
        {
            WriteOthers("generationConfig.");
        }

        json.WriteEndObject();
    }

    /// <summary>Members without a place of their own, of the caller's dialect where it is this one.</summary>
    public void WriteRest()
    {
        if (request.ServiceTier is "flex" or "priority")
        {
            json.WriteString("serviceTier"u8, request.ServiceTier);
        }
        else if (request.ServiceTier is not (null or "auto" or "default" or "standard"))
        {
            dropped.Add(request.NameOf(Wish.ServiceTier));
        }

        Report(request.ParallelCalls is false && _tools.Count > 0, Wish.ParallelCalls);
        Report(request.Verbosity is not null, Wish.Verbosity);
        Report(request.Metadata is not null, Wish.Metadata);
        Report(request.Sampling.LogitBias is not null, Wish.LogitBias);
        if (request.Dialect == Dialect.Gemini)
        {
            WriteOthers("");
        }

        foreach (var name in request.Others.Keys)
        {
            if (request.Dialect != Dialect.Gemini || name.StartsWith("toolConfig.", StringComparison.Ordinal))
            {
                dropped.Add(name);
            }
        }
    }

    private List<ChatTool> Functions => _tools.FindAll(tool => tool.Kind != ToolKind.Server);

    // Before the third generation a form of answer and functions exclude each other.
    private bool TakesFormat => model.IsThird || Functions.Count == 0;

    private void WriteOthers(string prefix)
    {
        foreach (var (name, value) in request.Others)
        {
            if (name.StartsWith(prefix, StringComparison.Ordinal) && !name[prefix.Length..].Contains('.'))
            {
                json.WritePropertyName(name[prefix.Length..]);
                value.WriteTo(json);
            }
        }
    }

    private void WriteFunction(ChatTool tool)
    {
        if (tool.SourceDialect == Dialect.Gemini && tool.Source.Get("name").AsText() == tool.Name)
        {
            tool.Source.WriteTo(json);
            return;
        }

        json.WriteStartObject();
        json.WriteString("name"u8, tool.Name);
        json.WriteText(
            "description"u8, tool.Kind == ToolKind.FreeForm ? FreeForm.Describe(tool) : tool.Description);
        if (tool.Kind == ToolKind.FreeForm)
        {
            json.WritePropertyName("parametersJsonSchema"u8);
            json.WriteFreeFormSchema();
        }
        else if (tool.Parameters is { } schema)
        {
            json.WritePropertyName("parametersJsonSchema"u8);
            GeminiSchema.Write(json, schema);
        }

        json.WriteEndObject();
    }

    private void WriteChoice()
    {
        if (request.ToolChoice is not { } choice || Functions.Count == 0)
        {
            return;
        }

        json.WriteStartObject("toolConfig"u8);
        json.WriteStartObject("functionCallingConfig"u8);
        json.WriteString("mode"u8, choice.Mode switch
        {
            ToolChoiceMode.Required => "ANY"u8,
            ToolChoiceMode.None => "NONE"u8,
            _ => "AUTO"u8,
        });
        if (choice is { Mode: ToolChoiceMode.Required, Names.Count: > 0 })
        {
            json.WriteStartArray("allowedFunctionNames"u8);
            foreach (var name in choice.Names)
            {
                json.WriteStringValue(name);
            }

            json.WriteEndArray();
        }

        json.WriteEndObject();
        json.WriteEndObject();
    }

    private void WriteLimit()
    {
        var most = target.OutputTokensMax ?? model.OutputTokensMax;
        if (request.OutputTokensMax is not { } wanted)
        {
            return;
        }

        Report(wanted > most, Wish.MaxTokens);
        json.WriteNumber("maxOutputTokens"u8, Math.Min(wanted, most ?? wanted));
    }

    private void WriteStops()
    {
        var stops = request.Stop.FindAll(stop => stop.Length > 0);
        request.CutHere(stops[Math.Min(stops.Count, StopsMax)..], dropped);
        if (stops.Count > 0)
        {
            json.WriteStartArray("stopSequences"u8);
            foreach (var stop in stops.Take(StopsMax))
            {
                json.WriteStringValue(stop);
            }

            json.WriteEndArray();
        }
    }

    private void WriteFormat()
    {
        if (request.Format is not { Kind: not OutputFormatKind.Text } format || !TakesFormat)
        {
            return;
        }

        json.WriteString("responseMimeType"u8, "application/json"u8);
        if (format.Schema is { } schema)
        {
            json.WritePropertyName("responseJsonSchema"u8);
            GeminiSchema.Write(json, schema);
        }
    }

    private void WriteNumber(ReadOnlySpan<byte> name, double? number)
    {
        if (number is { } value)
        {
            json.WriteNumber(name, value);
        }
    }

    private void Report(bool isLost, Wish wish)
    {
        if (isLost)
        {
            dropped.Add(request.NameOf(wish));
        }
    }
}
