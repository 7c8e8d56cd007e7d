using System.Text.Json;
using TokenHub.Core.Snapshots;
using TokenHub.Protocols.Chat;
using TokenHub.Protocols.Codecs;
using TokenHub.Protocols.Json;

namespace TokenHub.Protocols.Gemini.Requests;

/// <summary>Reads the tools and the configuration of a request.</summary>
internal static class ConfigReader
{
    public static void ReadTools(ChatRequest request, JsonElement tools)
    {
        var list = tools.ValueKind == JsonValueKind.Object ? [tools] : ((JsonElement?)tools).Items();
        foreach (var member in list.SelectMany(tool => ((JsonElement?)tool).Members()))
        {
            var name = GeminiJson.Camel(member.Name);
            if (name == "functionDeclarations")
            {
                foreach (var declaration in ((JsonElement?)member.Value).Items())
                {
                    request.Tools.Add(ReadFunction(request, declaration));
                }
            }
            else
            {
                request.Tools.Add(new ChatTool(ToolKind.Server, name)
                {
                    Source = member.Value, SourceDialect = Dialect.Gemini,
                });
            }
        }
    }

    public static void ReadToolConfig(ChatRequest request, JsonElement config)
    {
        foreach (var member in ((JsonElement?)config).Members())
        {
            if (GeminiJson.Camel(member.Name) == "functionCallingConfig")
            {
                ReadCalling(request, member.Value);
            }
            else
            {
                request.Others[$"toolConfig.{GeminiJson.Camel(member.Name)}"] = member.Value;
            }
        }
    }

    public static void ReadGeneration(ChatRequest request, JsonElement config)
    {
        foreach (var member in ((JsonElement?)config).Members())
        {
            if (member.Value.ValueKind != JsonValueKind.Null)
            {
                ReadWish(request, GeminiJson.Camel(member.Name), member.Value);
            }
        }

        ReadFormat(request, config);
    }

    private static ChatTool ReadFunction(ChatRequest request, JsonElement declaration)
    {
        var name = declaration.Get("name").AsText()
            ?? throw new UntranslatableException("A function must have a name.", "tools");
        return new ChatTool(ToolKind.Function, request.ToolBook.Add(name))
        {
            Description = declaration.Get("description").AsText(),
            Parameters = declaration.Either("parametersJsonSchema")?.Object("functionDeclarations.parametersJsonSchema")
                ?? (declaration.Get("parameters") is { } parameters ? OpenApiSchema.ToJsonSchema(parameters) : null),
            Source = declaration,
            SourceDialect = Dialect.Gemini,
        };
    }

    private static void ReadCalling(ChatRequest request, JsonElement config)
    {
        var names = config.Either("allowedFunctionNames").AsTexts().Select(name => ToolBook.ToldName(name)).ToList();
        request.ToolChoice = config.Get("mode").AsText()?.ToUpperInvariant() switch
        {
            "ANY" => new ToolChoice(ToolChoiceMode.Required, names),
            "NONE" => new ToolChoice(ToolChoiceMode.None),
            "AUTO" or "VALIDATED" => new ToolChoice(ToolChoiceMode.Auto, names),
            _ => request.ToolChoice,
        };
    }

    private static void ReadWish(ChatRequest request, string name, JsonElement value)
    {
        JsonElement? given = value;
        switch (name)
        {
            case "temperature":
                request.Sampling.Temperature = given.AsReal();
                break;
            case "topP":
                request.Sampling.TopP = given.AsReal();
                break;
            case "topK":
                request.Sampling.TopK = given.AsNumber();
                break;
            case "maxOutputTokens":
                request.OutputTokensMax = given.AsNumber();
                break;
            case "stopSequences":
                request.Stop.AddRange(given.AsTexts());
                break;
            case "candidateCount":
                request.Sampling.N = (int?)given.AsNumber();
                break;
            case "seed":
                request.Sampling.Seed = given.AsNumber();
                break;
            case "presencePenalty":
                request.Sampling.PresencePenalty = given.AsReal();
                break;
            case "frequencyPenalty":
                request.Sampling.FrequencyPenalty = given.AsReal();
                break;
            case "responseLogprobs":
                request.Sampling.Logprobs = given.AsFlag();
                break;
            case "logprobs":
                request.Sampling.TopLogprobs = (int?)given.AsNumber();
                break;
            case "thinkingConfig":
                ReadThinking(request, value);
                break;
            case "responseMimeType" or "responseSchema" or "responseJsonSchema":
                break;
            case "responseModalities" when given.Items().All(IsText):
                break;
            default:
                request.Others[$"generationConfig.{name}"] = value;
                break;
        }
    }

    private static bool IsText(JsonElement modality) =>
        string.Equals(((JsonElement?)modality).AsText(), "TEXT", StringComparison.OrdinalIgnoreCase);

    private static void ReadThinking(ChatRequest request, JsonElement thinking) =>
        request.Reasoning = new ReasoningWish
        {
            BudgetTokens = thinking.Either("thinkingBudget").AsNumber(),
            ShowsText = thinking.Either("includeThoughts").AsFlag() ?? false,
            Effort = thinking.Either("thinkingLevel").AsText()?.ToUpperInvariant() switch
            {
                "MINIMAL" => Effort.Minimal,
                "LOW" => Effort.Low,
                "MEDIUM" => Effort.Medium,
                "HIGH" => Effort.High,
                _ => null,
            },
        };

    private static void ReadFormat(ChatRequest request, JsonElement config)
    {
        var schema = config.Either("responseJsonSchema")?.Object("generationConfig.responseJsonSchema")
            ?? (config.Either("responseSchema") is { } own ? OpenApiSchema.ToJsonSchema(own) : null);
        switch (config.Either("responseMimeType").AsText())
        {
            case null or "text/plain" when schema is null:
                break;
            case "application/json" when schema is null:
                request.Format = new OutputFormat(OutputFormatKind.JsonObject);
                break;
            case null or "application/json" or "text/plain":
                request.Format = new OutputFormat(OutputFormatKind.JsonSchema) { Schema = schema };
                break;
            default:
                request.Others["generationConfig.responseMimeType"] = config.Either("responseMimeType")!.Value;
                break;
        }
    }
}
