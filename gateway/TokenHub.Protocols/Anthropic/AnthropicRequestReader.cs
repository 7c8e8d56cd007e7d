using System.Text.Json;
using TokenHub.Core.Snapshots;
using TokenHub.Protocols.Anthropic.Requests;
using TokenHub.Protocols.Chat;
using TokenHub.Protocols.Codecs;
using TokenHub.Protocols.Json;

namespace TokenHub.Protocols.Anthropic;

/// <summary>Reads a request of Anthropic Messages.</summary>
internal sealed class AnthropicRequestReader : IRequestReader
{
    public ChatRequest Read(ReadOnlyMemory<byte> body, string model, bool isStream)
    {
        var document = RequestMembers.Parse(body);
        var request = new ChatRequest(document) { Dialect = Dialect.Anthropic, Model = model, Stream = isStream };
        try
        {
            ReadRoot(request, document.RootElement, new ContentReader(body, request));
            return request;
        }
        catch (UntranslatableException)
        {
            request.Dispose();
            throw;
        }
    }

    private static void ReadRoot(ChatRequest request, JsonElement root, ContentReader content)
    {
        if (root.ValueKind != JsonValueKind.Object)
        {
            throw new UntranslatableException("The body must be an object.");
        }

        foreach (var member in root.EnumerateObject())
        {
            ReadMember(request, member.Name, member.Value, content);
        }

        // An effort alone asks for no thoughts to read.
        if (request.Reasoning is { } wish && root.Get("thinking") is null)
        {
            request.Reasoning = wish with { ShowsText = false };
        }

        // The system's text stands before the messages, wherever its member does.
        content.ReadSystem(root.Get("system"));
        content.ReadMessages(root.Get("messages"));
        if (root.Get("cache_control") is { } cache && request.Turns.Count > 0)
        {
            request.Turns[^1].Parts[^1].Cache ??= ContentReader.CacheOf(cache);
        }
    }

    private static void ReadMember(ChatRequest request, string name, JsonElement value, ContentReader content)
    {
        JsonElement? given = value;
        switch (name)
        {
            case "system" or "messages" or "cache_control":
                break;
            case "model":
                request.Model = given.AsText() ?? request.Model;
                break;
            case "stream":
                request.Stream = given.AsFlag() ?? request.Stream;
                break;
            case "max_tokens":
                request.OutputTokensMax = given.AsNumber();
                break;
            case "temperature":
                request.Sampling.Temperature = given.AsReal();
                break;
            case "top_p":
                request.Sampling.TopP = given.AsReal();
                break;
            case "top_k":
                request.Sampling.TopK = given.AsNumber();
                break;
            case "stop_sequences":
                request.Stop.AddRange(given.AsTexts());
                break;
            case "tools":
                content.ReadTools(value);
                break;
            case "tool_choice":
                ReadToolChoice(request, value);
                break;
            case "thinking":
                ReadThinking(request, value);
                break;
            case "output_config":
                ReadOutput(request, value);
                break;
            case "output_format":
                ReadFormat(request, value);
                break;
            case "metadata":
                ReadMetadata(request, value);
                break;
            case "service_tier":
                request.ServiceTier = given.AsText() is { } tier && tier != "auto"
                    ? (tier == "standard_only" ? "default" : tier) : null;
                break;
            default:
                Keep(request, name, value);
                break;
        }
    }

    private static void ReadToolChoice(ChatRequest request, JsonElement choice)
    {
        request.ToolChoice = choice.Get("type").AsText() switch
        {
            "auto" => new ToolChoice(ToolChoiceMode.Auto),
            "any" => new ToolChoice(ToolChoiceMode.Required),
            "none" => new ToolChoice(ToolChoiceMode.None),
            "tool" when choice.Get("name").AsText() is { } name =>
                new ToolChoice(ToolChoiceMode.Required, [ToolBook.ToldName(name)]),
            _ => throw new UntranslatableException("tool_choice must be auto, any, none or a tool.", "tool_choice"),
        };
        request.ParallelCalls = choice.Get("disable_parallel_tool_use").AsFlag() is true ? false : null;
    }

    private static void ReadThinking(ChatRequest request, JsonElement thinking)
    {
        var wish = request.Reasoning ?? new ReasoningWish();

        // Whoever lets the model think wants to read it, unless he says that he does not.
        bool? shows = thinking.Get("display").AsText() switch
        {
            "omitted" => false,
            _ => true,
        };
        request.Reasoning = thinking.Get("type").AsText() switch
        {
            "enabled" => wish with { BudgetTokens = thinking.Get("budget_tokens").AsNumber() ?? -1, ShowsText = shows },
            "adaptive" => wish with { IsAdaptive = true, ShowsText = shows },
            "disabled" => wish with { BudgetTokens = 0 },
            _ => throw new UntranslatableException("thinking must be enabled, adaptive or disabled.", "thinking.type"),
        };
    }

    private static void ReadOutput(ChatRequest request, JsonElement output)
    {
        foreach (var member in ((JsonElement?)output).Members())
        {
            switch (member.Name)
            {
                case "effort":
                    request.Reasoning = (request.Reasoning ?? new ReasoningWish()) with
                    {
                        Effort = EffortOf(member.Value),
                    };
                    break;
                case "format":
                    ReadFormat(request, member.Value);
                    break;
                default:
                    Keep(request, $"output_config.{member.Name}", member.Value);
                    break;
            }
        }
    }

    private static Effort? EffortOf(JsonElement effort) => ((JsonElement?)effort).AsText() switch
    {
        "low" => Effort.Low,
        "medium" => Effort.Medium,
        "high" => Effort.High,
        "xhigh" => Effort.XHigh,
        "max" => Effort.Max,
        null => null,
        _ => throw new UntranslatableException("The effort is not known.", "output_config.effort"),
    };

    private static void ReadFormat(ChatRequest request, JsonElement format)
    {
        if (format.Get("type").AsText() == "json_schema" && format.Get("schema") is { } schema)
        {
            request.Format = new OutputFormat(OutputFormatKind.JsonSchema) 
            {
                Schema = schema.Object("output_config.format.schema"), Strict = true,
            };
        }
        else if (format.ValueKind != JsonValueKind.Null)
        {
            throw new UntranslatableException("The format must be a json_schema.", "output_config.format");
        }
    }

    private static void ReadMetadata(ChatRequest request, JsonElement metadata)
    {
        foreach (var member in ((JsonElement?)metadata).Members())
        {
            if (member.Name == "user_id")
            {
                request.EndUser = ((JsonElement?)member.Value).AsText();
            }
            else
            {
                Keep(request, $"metadata.{member.Name}", member.Value);
            }
        }
    }

    private static void Keep(ChatRequest request, string name, JsonElement value)
    {
        if (value.ValueKind is not (JsonValueKind.Null or JsonValueKind.False))
        {
            request.Others[name] = value;
        }
    }
}
