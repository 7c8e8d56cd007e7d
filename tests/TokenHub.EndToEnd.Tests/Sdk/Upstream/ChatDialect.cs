using System.Text.Json.Nodes;

namespace TokenHub.EndToEnd.Tests.Sdk.Upstream;

/// <summary>OpenAI Chat Completions as the real upstream writes it.</summary>
internal sealed class ChatDialect : IUpstreamDialect
{
    public JsonObject Answer(Turn turn) => new()
    {
        ["id"] = turn.Id,
        ["object"] = "chat.completion",
        ["created"] = 1_782_955_818,
        ["model"] = turn.Model,
        ["choices"] = new JsonArray(new JsonObject
        {
            ["index"] = 0,
            ["message"] = new JsonObject
            {
                ["role"] = "assistant",
                ["content"] = turn.Deltas.Count == 0 ? null : string.Concat(turn.Deltas),
                ["refusal"] = null,
                ["tool_calls"] = turn.Tool is { } tool ? new JsonArray(Call(tool, tool.Arguments)) : null,
            },
            ["logprobs"] = null,
            ["finish_reason"] = Finish(turn),
        }),
        ["usage"] = Usage(turn.Usage),
        ["service_tier"] = "default",
        ["system_fingerprint"] = "fp_d0469e1700",
    };

    public IEnumerable<(string Text, bool IsContent)> Frames(Turn turn, JsonNode request)
    {
        var asked = (bool?)request["stream_options"]?["include_usage"] ?? false;
        yield return (Chunk(turn, asked, new JsonObject { ["role"] = "assistant", ["content"] = "" }), false);
        foreach (var delta in turn.Deltas)
        {
            yield return (Chunk(turn, asked, new JsonObject { ["content"] = delta }), true);
        }

        if (turn.Tool is { } tool)
        {
            yield return (Chunk(turn, asked, ToolDelta(Call(tool, ""))), true);
            foreach (var piece in Pieces.Of(tool.Arguments))
            {
                var part = new JsonObject { ["function"] = new JsonObject { ["arguments"] = piece } };
                yield return (Chunk(turn, asked, ToolDelta(part)), true);
            }
        }

        yield return (Chunk(turn, asked, [], Finish(turn)), false);
        if (asked)
        {
            yield return (Chunk(turn, asked, null, null, Usage(turn.Usage)), false);
        }

        yield return ("data: [DONE]\n\n", false);
    }

    public JsonObject Error(int status, string message) => OpenAiError.Of(status, message);

    public string? ToolResult(JsonNode request)
    {
        var result = (request["messages"] as JsonArray)?.LastOrDefault(m => (string?)m!["role"] == "tool")?["content"];
        return result is JsonArray parts ? string.Concat(parts.Select(p => (string?)p!["text"])) : (string?)result;
    }

    private static string Finish(Turn turn) => turn.Tool is null ? "stop" : "tool_calls";

    private static JsonObject Call(ToolCall tool, string arguments) => new()
    {
        ["id"] = tool.Id,
        ["type"] = "function",
        ["function"] = new JsonObject { ["name"] = tool.Name, ["arguments"] = arguments },
    };

    private static JsonObject ToolDelta(JsonObject call)
    {
        call["index"] = 0;
        return new JsonObject { ["tool_calls"] = new JsonArray(call) };
    }

    // Without a delta there are no choices: the chunk that only tells the usage.
    private static string Chunk(
        Turn turn, bool asked, JsonObject? delta, string? finish = null, JsonObject? usage = null)
    {
        var chunk = new JsonObject
        {
            ["id"] = turn.Id,
            ["object"] = "chat.completion.chunk",
            ["created"] = 1_782_955_818,
            ["model"] = turn.Model,
            ["choices"] = delta is null ? [] : new JsonArray(new JsonObject
            {
                ["index"] = 0, ["delta"] = delta, ["logprobs"] = null, ["finish_reason"] = finish,
            }),
        };
        if (asked)
        {
            chunk["usage"] = usage;
        }

        return $"data: {chunk.ToJsonString()}\n\n";
    }

    private static JsonObject Usage(Tokens usage) => new()
    {
        ["prompt_tokens"] = usage.Input,
        ["completion_tokens"] = usage.Output,
        ["total_tokens"] = usage.Input + usage.Output,
        ["prompt_tokens_details"] = new JsonObject { ["cached_tokens"] = usage.CacheRead, ["audio_tokens"] = 0 },
        ["completion_tokens_details"] = new JsonObject { ["reasoning_tokens"] = 0, ["audio_tokens"] = 0 },
    };
}

internal static class OpenAiError
{
    public static JsonObject Of(int status, string message) => new()
    {
        ["error"] = new JsonObject
        {
            ["message"] = message,
            ["type"] = status switch
            {
                400 => "invalid_request_error",
                429 => "requests",
                _ => "server_error",
            },
            ["param"] = null,
            ["code"] = status switch
            {
                400 => "unsupported_value",
                429 => "rate_limit_exceeded",
                _ => null,
            },
        },
    };
}
