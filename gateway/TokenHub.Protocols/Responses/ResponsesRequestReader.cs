using System.Text.Json;
using TokenHub.Core.Snapshots;
using TokenHub.Protocols.Chat;
using TokenHub.Protocols.Codecs;
using TokenHub.Protocols.Json;
using TokenHub.Protocols.Responses.Requests;

namespace TokenHub.Protocols.Responses;

/// <summary>
/// Reads a request of Responses. What rests on something kept by the upstream cannot be read elsewhere.
/// </summary>
internal sealed class ResponsesRequestReader : IRequestReader
{
    public ChatRequest Read(ReadOnlyMemory<byte> body, string model, bool isStream)
    {
        var source = RequestMembers.Parse(body);
        var request = new ChatRequest(source) { Dialect = Dialect.Responses, Model = model };
        try
        {
            var root = source.RootElement.Object("body");
            if (root.Text("instructions") is { Length: > 0 } instructions)
            {
                request.Turns.Add(new ChatTurn(ChatRole.System) { Parts = { new TextPart(instructions) } });
            }

            foreach (var member in root.EnumerateObject())
            {
                if (member.Value.ValueKind != JsonValueKind.Null)
                {
                    ReadMember(request, member.Name, member.Value);
                }
            }

            var input = root.Get("input") ?? throw RequestMembers.Fault("input", "a string or an array");
            new ResponsesInputReader(request, body).Read(input);
            request.Echo = ResponsesEcho.Write(root);
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
            // Read apart, or of no meaning to the answer.
            case "input" or "instructions" or "client_metadata" or "stream_options":
                break;
            case "model":
                request.Model = value.AsText(name);
                break;
            case "stream":
                request.Stream = value.ValueKind == JsonValueKind.True;
                break;
            case "tools":
                ResponsesToolReader.ReadTools(request, value, name);
                break;
            case "tool_choice":
                request.ToolChoice = ResponsesToolReader.ReadChoice(request, value);
                break;
            case "parallel_tool_calls":
                request.ParallelCalls = value.ValueKind == JsonValueKind.True;
                break;
            case "max_output_tokens":
                request.OutputTokensMax = value.Whole(name);
                break;
            case "temperature":
                request.Sampling.Temperature = value.Number(name);
                break;
            case "top_p":
                request.Sampling.TopP = value.Number(name);
                break;
            case "top_logprobs":
                request.Sampling.TopLogprobs = (int?)Math.Clamp(value.Whole(name) ?? 0, 0, 1000);
                break;
            case "text":
                ReadText(request, value.Object(name));
                break;
            case "reasoning":
                ReadReasoning(request, value.Object(name));
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
            case "metadata":
                request.Metadata = value.Object(name);
                break;
            case "include":
                ReadInclude(request, value);
                break;
            case "previous_response_id" or "conversation" or "prompt":
                throw Kept(name);
            case "background" or "store" when value.ValueKind == JsonValueKind.True:
                throw Kept(name);
            case "background" or "store":
                break;
            case "truncation" when value.Is("disabled"):
                break;
            default:
                request.Others[name] = value;
                break;
        }
    }

    /// <summary>The refusal of a member that names something which only its own upstream keeps.</summary>
    public static UntranslatableException Kept(string name) => new(
        $"'{name}' is not available for this model: it is served through another protocol, which keeps no answers. "
        + "Send the whole input with 'store' set to false.", name);

    private static void ReadInclude(ChatRequest request, JsonElement include)
    {
        foreach (var item in include.Items("include"))
        {
            switch (item.AsText("include"))
            {
                // Given whether asked for or not.
                case "reasoning.encrypted_content":
                    break;
                case "message.output_text.logprobs":
                    request.Sampling.Logprobs = true;
                    break;
                case var other:
                    request.Others[$"include.{other}"] = item;
                    break;
            }
        }
    }

    private static void ReadReasoning(ChatRequest request, JsonElement reasoning)
    {
        var summary = reasoning.Text("summary", "reasoning.") ?? reasoning.Text("generate_summary", "reasoning.");
        request.Reasoning = new ReasoningWish
        {
            Effort = reasoning.Text("effort", "reasoning.") is not { } effort ? null
                : EffortLevels.Read(effort) ?? throw RequestMembers.Fault(
                    "reasoning.effort", "none, minimal, low, medium, high, xhigh or max"),
            Summary = summary == "none" ? null : summary,
            ShowsText = summary is not (null or "none"),
        };
    }

    private static void ReadText(ChatRequest request, JsonElement text)
    {
        const string At = "text.format";
        request.Verbosity = text.Text("verbosity", "text.");
        if (text.Get("format") is not { } format)
        {
            return;
        }

        switch (format.Object(At).Text("type", $"{At}."))
        {
            case "text":
                request.Format = new OutputFormat(OutputFormatKind.Text);
                break;
            case "json_object":
                request.Format = new OutputFormat(OutputFormatKind.JsonObject);
                break;
            case "json_schema":
                request.Format = new OutputFormat(OutputFormatKind.JsonSchema)
                {
                    Name = format.Text("name", $"{At}."),
                    Description = format.Text("description", $"{At}."),
                    Schema = format.Get("schema")?.Object($"{At}.schema"),
                    Strict = format.Flag("strict", $"{At}."),
                };
                break;
            default:
                request.Others[At] = format;
                break;
        }
    }
}
