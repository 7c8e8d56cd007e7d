using System.Text.Json.Nodes;

namespace TokenHub.EndToEnd.Tests.Sdk.Upstream;

/// <summary>
/// Anthropic Messages as the real upstream writes it: <c>input_tokens</c> leaves the cached ones out.
/// </summary>
internal sealed class AnthropicDialect : IUpstreamDialect
{
    public JsonObject Answer(Turn turn)
    {
        var content = new JsonArray();
        if (turn.Deltas.Count > 0)
        {
            content.Add(new JsonObject { ["type"] = "text", ["text"] = string.Concat(turn.Deltas) });
        }

        if (turn.Tool is { } tool)
        {
            content.Add(ToolUse(tool, JsonNode.Parse(tool.Arguments)!));
        }

        return Message(turn, content, Stop(turn), turn.Usage.Output);
    }

    public IEnumerable<(string Text, bool IsContent)> Frames(Turn turn, JsonNode request)
    {
        yield return Event("message_start", new JsonObject { ["message"] = Message(turn, [], null, 1) });
        if (turn.Deltas.Count > 0)
        {
            var block = new JsonObject { ["type"] = "text", ["text"] = "" };
            yield return Event("content_block_start", new JsonObject { ["index"] = 0, ["content_block"] = block });
            yield return Event("ping", []);
            foreach (var text in turn.Deltas)
            {
                yield return Delta(new JsonObject { ["type"] = "text_delta", ["text"] = text });
            }

            yield return Event("content_block_stop", new JsonObject { ["index"] = 0 });
        }
        else if (turn.Tool is { } tool)
        {
            var block = ToolUse(tool, new JsonObject());
            yield return Event(
                "content_block_start", new JsonObject { ["index"] = 0, ["content_block"] = block }, isContent: true);
            foreach (var piece in Pieces.Of(tool.Arguments))
            {
                yield return Delta(new JsonObject { ["type"] = "input_json_delta", ["partial_json"] = piece });
            }

            yield return Event("content_block_stop", new JsonObject { ["index"] = 0 });
        }

        yield return Event("message_delta", new JsonObject
        {
            ["delta"] = new JsonObject { ["stop_reason"] = Stop(turn), ["stop_sequence"] = null },
            ["usage"] = Usage(turn.Usage, turn.Usage.Output),
        });
        yield return Event("message_stop", []);
    }

    public JsonObject Error(int status, string message) => new()
    {
        ["type"] = "error",
        ["error"] = new JsonObject
        {
            ["type"] = status switch
            {
                400 => "invalid_request_error",
                429 => "rate_limit_error",
                _ => "api_error",
            },
            ["message"] = message,
        },
    };

    public string? ToolResult(JsonNode request)
    {
        var last = (request["messages"] as JsonArray)?.LastOrDefault()?["content"] as JsonArray;
        var content = last?.FirstOrDefault(block => (string?)block!["type"] == "tool_result")?["content"];
        return content is JsonArray blocks ? (string?)blocks[0]!["text"] : (string?)content;
    }

    private static string Stop(Turn turn) => turn.Tool is null ? "end_turn" : "tool_use";

    private static JsonObject ToolUse(ToolCall tool, JsonNode input) => new()
    {
        ["type"] = "tool_use", ["id"] = tool.Id, ["name"] = tool.Name, ["input"] = input,
    };

    private static JsonObject Message(Turn turn, JsonArray content, string? stop, long output) => new()
    {
        ["id"] = turn.Id,
        ["type"] = "message",
        ["role"] = "assistant",
        ["model"] = turn.Model,
        ["content"] = content,
        ["stop_reason"] = stop,
        ["stop_sequence"] = null,
        ["usage"] = Usage(turn.Usage, output),
    };

    private static JsonObject Usage(Tokens usage, long output) => new()
    {
        ["input_tokens"] = usage.Input - usage.CacheRead,
        ["cache_creation_input_tokens"] = 0,
        ["cache_read_input_tokens"] = usage.CacheRead,
        ["output_tokens"] = output,
    };

    private static (string Text, bool IsContent) Delta(JsonObject delta) =>
        Event("content_block_delta", new JsonObject { ["index"] = 0, ["delta"] = delta }, isContent: true);

    private static (string Text, bool IsContent) Event(string type, JsonObject fields, bool isContent = false)
    {
        fields.Insert(0, "type", type);
        return ($"event: {type}\ndata: {fields.ToJsonString()}\n\n", isContent);
    }
}
