using System.Text.Json;
using TokenHub.Core.Snapshots;
using TokenHub.Protocols.Chat;
using TokenHub.Protocols.Codecs;
using TokenHub.Protocols.Json;
using TokenHub.Protocols.OpenAi.Requests;

namespace TokenHub.Protocols.OpenAi;

/// <summary>Reads a request of Chat Completions.</summary>
internal sealed class OpenAiRequestReader : IRequestReader
{
    public ChatRequest Read(ReadOnlyMemory<byte> body, string model, bool isStream)
    {
        var source = RequestMembers.Parse(body);
        var request = new ChatRequest(source) { Dialect = Dialect.Chat, Model = model, IncludeUsage = false };
        try
        {
            var root = source.RootElement.Object("body");
            foreach (var member in root.EnumerateObject())
            {
                if (member.Value.ValueKind != JsonValueKind.Null)
                {
                    ReadMember(request, member.Name, member.Value);
                }
            }

            // The tools' names are known by now.
            new OpenAiTurnReader(request, body).Read(
                root.Get("messages") ?? throw RequestMembers.Fault("messages", "an array"));
            return request;
        }
        catch (UntranslatableException)
        {
            request.Dispose();
            throw;
        }
    }

    private static void ReadMember(ChatRequest request, string name, JsonElement value)
    {
        switch (name)
        {
            case "messages":
                break;
            case "model":
                request.Model = value.AsText(name);
                break;
            case "stream":
                request.Stream = value.ValueKind == JsonValueKind.True;
                break;
            case "stream_options":
                request.IncludeUsage = value.Flag("include_usage", "stream_options.") ?? false;
                break;
            case "tools":
                OpenAiToolReader.ReadTools(request, value);
                break;
            case "functions":
                OpenAiToolReader.ReadFunctions(request, value);
                break;
            case "tool_choice" or "function_call":
                request.ToolChoice = OpenAiToolReader.ReadChoice(request, value, name);
                break;
            case "parallel_tool_calls":
                request.ParallelCalls = value.ValueKind == JsonValueKind.True;
                break;
            case "response_format":
                ReadFormat(request, value);
                break;
            case "max_completion_tokens":
                request.OutputTokensMax = value.Whole(name);
                break;
            case "max_tokens":
                request.OutputTokensMax ??= value.Whole(name);
                break;
            case "stop":
                ReadStop(request, value);
                break;
            default:
                ReadWish(request, name, value);
                break;
        }
    }

    private static void ReadWish(ChatRequest request, string name, JsonElement value)
    {
        var sampling = request.Sampling;
        switch (name)
        {
            case "temperature":
                sampling.Temperature = value.Number(name);
                break;
            case "top_p":
                sampling.TopP = value.Number(name);
                break;
            case "top_k":
                sampling.TopK = value.Whole(name);
                break;
            case "frequency_penalty":
                sampling.FrequencyPenalty = value.Number(name);
                break;
            case "presence_penalty":
                sampling.PresencePenalty = value.Number(name);
                break;
            case "seed":
                sampling.Seed = value.Whole(name);
                break;
            case "n":
                sampling.N = (int?)Math.Clamp(value.Whole(name) ?? 1, 0, 1000);
                break;
            case "logprobs":
                sampling.Logprobs = value.ValueKind == JsonValueKind.True;
                break;
            case "top_logprobs":
                sampling.TopLogprobs = (int?)Math.Clamp(value.Whole(name) ?? 0, 0, 1000);
                break;
            case "logit_bias":
                sampling.LogitBias = value.Object(name);
                break;
            default:
                ReadRest(request, name, value);
                break;
        }
    }

    private static void ReadRest(ChatRequest request, string name, JsonElement value)
    {
        switch (name)
        {
            case "reasoning_effort":
                request.Reasoning = Reasoning(request) with { Effort = ReadEffort(value, name) };
                break;
            case "reasoning":
                ReadReasoning(request, value);
                break;
            case "include_reasoning":
                request.Reasoning = Reasoning(request) with { ShowsText = value.ValueKind == JsonValueKind.True };
                break;
            case "thinking":
                ReadThinking(request, value);
                break;
            case "safety_identifier":
                request.EndUser = value.AsText(name);
                break;
            case "user":
                request.EndUser ??= value.AsText(name);
                break;
            case "prompt_cache_key":
                request.PromptCacheKey = value.AsText(name);
                break;
            case "service_tier":
                request.ServiceTier = value.AsText(name);
                break;
            case "verbosity":
                request.Verbosity = value.AsText(name);
                break;
            case "metadata":
                request.Metadata = value.Object(name);
                break;
            case "store" when value.ValueKind == JsonValueKind.True:
                throw new UntranslatableException(
                    "This model is served through another protocol, which cannot store the answer: "
                    + "leave 'store' out or set it to false.", name);
            case "store":
                break;
            case "modalities" when value.ValueKind == JsonValueKind.Array
                && value.EnumerateArray().All(kind => kind.Is("text")):
                break;
            default:
                request.Others[name] = value;
                break;
        }
    }

    private static ReasoningWish Reasoning(ChatRequest request) => request.Reasoning ?? new ReasoningWish();

    private static Effort? ReadEffort(JsonElement value, string path) =>
        EffortLevels.Read(value.AsText(path)) ?? throw RequestMembers.Fault(
            path, "none, minimal, low, medium, high, xhigh or max");

    // OpenRouter's own member.
    private static void ReadReasoning(ChatRequest request, JsonElement value)
    {
        var wish = Reasoning(request);
        if (value.Object("reasoning").Get("effort") is { } effort)
        {
            wish = wish with { Effort = ReadEffort(effort, "reasoning.effort") };
        }

        if (value.Get("max_tokens") is { } tokens)
        {
            wish = wish with { BudgetTokens = tokens.Whole("reasoning.max_tokens") };
        }

        if (value.Flag("enabled", "reasoning.") == false)
        {
            wish = wish with { Effort = Effort.None };
        }

        if (value.Flag("exclude", "reasoning.") is { } isHidden)
        {
            wish = wish with { ShowsText = !isHidden };
        }

        request.Reasoning = wish;
    }

    // DeepSeek's and Moonshot's own member.
    private static void ReadThinking(ChatRequest request, JsonElement value)
    {
        var wish = Reasoning(request);
        request.Reasoning = value.Object("thinking").Text("type", "thinking.") switch
        {
            "disabled" => wish with { Effort = Effort.None },
            "adaptive" => wish with { IsAdaptive = true },
            _ => wish with { BudgetTokens = value.Get("budget_tokens")?.Whole("thinking.budget_tokens") ?? -1 },
        };
    }

    private static void ReadStop(ChatRequest request, JsonElement value)
    {
        if (value.ValueKind == JsonValueKind.String)
        {
            request.Stop.Add(value.AsText("stop"));
            return;
        }

        foreach (var text in value.Items("stop"))
        {
            request.Stop.Add(text.AsText("stop"));
        }
    }

    private static void ReadFormat(ChatRequest request, JsonElement value)
    {
        const string At = "response_format";
        switch (value.Object(At).Text("type", $"{At}."))
        {
            case "text":
                request.Format = new OutputFormat(OutputFormatKind.Text);
                break;
            case "json_object":
                request.Format = new OutputFormat(OutputFormatKind.JsonObject);
                break;
            case "json_schema":
                var form = (value.Get("json_schema")
                    ?? throw RequestMembers.Fault($"{At}.json_schema", "an object")).Object($"{At}.json_schema");
                request.Format = new OutputFormat(OutputFormatKind.JsonSchema)
                {
                    Name = form.Text("name"),
                    Description = form.Text("description"),
                    Schema = form.Get("schema")?.Object($"{At}.json_schema.schema"),
                    Strict = form.Flag("strict"),
                };
                break;
            default:
                request.Others[At] = value;
                break;
        }
    }
}
