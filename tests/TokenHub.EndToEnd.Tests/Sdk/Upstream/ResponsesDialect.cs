using System.Text.Json.Nodes;

namespace TokenHub.EndToEnd.Tests.Sdk.Upstream;

/// <summary>OpenAI Responses as the real upstream writes it.</summary>
internal sealed class ResponsesDialect : IUpstreamDialect
{
    public JsonObject Answer(Turn turn) => Response(turn, isDone: true);

    public IEnumerable<(string Text, bool IsContent)> Frames(Turn turn, JsonNode request)
    {
        var frames = new List<(string Text, bool IsContent)>();
        void Add(string type, JsonObject fields, bool isContent = false)
        {
            fields.Insert(0, "type", type);
            fields["sequence_number"] = frames.Count;
            frames.Add(($"event: {type}\ndata: {fields.ToJsonString()}\n\n", isContent));
        }

        JsonObject At(string name, JsonNode value) => new()
        {
            ["item_id"] = (string)Item(turn, isDone: true)["id"]!,
            ["output_index"] = 0,
            ["content_index"] = 0,
            [name] = value,
        };

        Add("response.created", new JsonObject { ["response"] = Response(turn, isDone: false) });
        Add("response.in_progress", new JsonObject { ["response"] = Response(turn, isDone: false) });
        Add("response.output_item.added", new JsonObject { ["output_index"] = 0, ["item"] = Item(turn, false) });
        if (turn.Tool is { } tool)
        {
            foreach (var piece in Pieces.Of(tool.Arguments))
            {
                Add("response.function_call_arguments.delta", At("delta", piece), isContent: true);
            }

            Add("response.function_call_arguments.done", At("arguments", tool.Arguments));
        }
        else
        {
            Add("response.content_part.added", At("part", Part("")));
            foreach (var delta in turn.Deltas)
            {
                Add("response.output_text.delta", At("delta", delta), isContent: true);
            }

            Add("response.output_text.done", At("text", string.Concat(turn.Deltas)));
            Add("response.content_part.done", At("part", Part(string.Concat(turn.Deltas))));
        }

        Add("response.output_item.done", new JsonObject { ["output_index"] = 0, ["item"] = Item(turn, true) });
        Add("response.completed", new JsonObject { ["response"] = Response(turn, isDone: true) });
        return frames;
    }

    public JsonObject Error(int status, string message) => OpenAiError.Of(status, message);

    public string? ToolResult(JsonNode request) => (string?)(request["input"] as JsonArray)
        ?.LastOrDefault(item => (string?)item!["type"] == "function_call_output")?["output"];

    private static JsonObject Response(Turn turn, bool isDone) => new()
    {
        ["id"] = turn.Id,
        ["object"] = "response",
        ["created_at"] = 1_782_955_818,
        ["status"] = isDone ? "completed" : "in_progress",
        ["error"] = null,
        ["incomplete_details"] = null,
        ["instructions"] = null,
        ["max_output_tokens"] = null,
        ["model"] = turn.Model,
        ["output"] = isDone ? new JsonArray(Item(turn, isDone)) : [],
        ["parallel_tool_calls"] = true,
        ["previous_response_id"] = null,
        ["store"] = false,
        ["temperature"] = 1,
        ["tool_choice"] = "auto",
        ["tools"] = new JsonArray(),
        ["top_p"] = 1,
        ["metadata"] = new JsonObject(),
        ["usage"] = isDone ? Usage(turn.Usage) : null,
    };

    private static JsonObject Item(Turn turn, bool isDone) => turn.Tool is { } tool
        ? new JsonObject
        {
            ["id"] = $"fc_{turn.Id}",
            ["type"] = "function_call",
            ["status"] = isDone ? "completed" : "in_progress",
            ["name"] = tool.Name,
            ["call_id"] = tool.Id,
            ["arguments"] = isDone ? tool.Arguments : "",
        }
        : new JsonObject
        {
            ["id"] = $"msg_{turn.Id}",
            ["type"] = "message",
            ["status"] = isDone ? "completed" : "in_progress",
            ["role"] = "assistant",
            ["content"] = isDone ? new JsonArray(Part(string.Concat(turn.Deltas))) : [],
        };

    private static JsonObject Part(string text) => new()
    {
        ["type"] = "output_text", ["text"] = text, ["annotations"] = new JsonArray(), ["logprobs"] = new JsonArray(),
    };

    private static JsonObject Usage(Tokens usage) => new()
    {
        ["input_tokens"] = usage.Input,
        ["input_tokens_details"] = new JsonObject { ["cached_tokens"] = usage.CacheRead },
        ["output_tokens"] = usage.Output,
        ["output_tokens_details"] = new JsonObject { ["reasoning_tokens"] = 0 },
        ["total_tokens"] = usage.Input + usage.Output,
    };
}
