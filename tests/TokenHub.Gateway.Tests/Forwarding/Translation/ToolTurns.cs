using System.Text.Json;
using TokenHub.Gateway.Tests.Rig;

namespace TokenHub.Gateway.Tests.Forwarding.Translation;

/// <summary>One round of an agent in every dialect: two tools, two calls at once, their results.</summary>
internal static class ToolTurns
{
    public const string Arguments = """{"q":"caf\u00e9 \"1\""}""";

    /// <summary>The same where they are a text: models write them in lines.</summary>
    private const string ArgumentText = "{\n  \"q\": \"caf\\u00e9 \\\"1\\\"\"\n}";

    private const string Schema = """{"type":"object","properties":{"q":{"type":"string"}},"required":["q"]}""";
    private const string Empty = """{"type":"object","properties":{}}""";

    private const string ChatRequest = """
        {"model":"MODEL"STREAM,"tools":[
        {"type":"function","function":{"name":"look_up","description":"Looks up.","parameters":SCHEMA}},
        {"type":"function","function":{"name":"now","parameters":EMPTY}}],
        "messages":[{"role":"system","content":"Be brief."},{"role":"user","content":"Find it."}MORE]}
        """;

    private const string ChatMore = """
        ,{"role":"assistant","content":null,"tool_calls":[
        {"id":"ID0","type":"function","function":{"name":"look_up","arguments":QUOTED}},
        {"id":"ID1","type":"function","function":{"name":"now","arguments":"{}"}}]},
        {"role":"tool","tool_call_id":"ID0","content":"found it"},{"role":"tool","tool_call_id":"ID1","content":"noon"}
        """;

    private const string ResponsesRequest = """
        {"model":"MODEL"STREAM,"store":false,"instructions":"Be brief.","tools":[
        {"type":"function","name":"look_up","description":"Looks up.","parameters":SCHEMA,"strict":false},
        {"type":"function","name":"now","parameters":EMPTY,"strict":false}],
        "input":[{"role":"user","content":"Find it."}MORE]}
        """;

    private const string ResponsesMore = """
        ,{"type":"function_call","call_id":"ID0","name":"look_up","arguments":QUOTED},
        {"type":"function_call","call_id":"ID1","name":"now","arguments":"{}"},
        {"type":"function_call_output","call_id":"ID0","output":"found it"},
        {"type":"function_call_output","call_id":"ID1","output":"noon"}
        """;

    private const string MessagesRequest = """
        {"model":"MODEL"STREAM,"max_tokens":1000,"system":"Be brief.","tools":[
        {"name":"look_up","description":"Looks up.","input_schema":SCHEMA},{"name":"now","input_schema":EMPTY}],
        "messages":[{"role":"user","content":"Find it."}MORE]}
        """;

    private const string MessagesMore = """
        ,{"role":"assistant","content":[{"type":"tool_use","id":"ID0","name":"look_up","input":ARGUMENTS},
        {"type":"tool_use","id":"ID1","name":"now","input":{}}]},
        {"role":"user","content":[{"type":"tool_result","tool_use_id":"ID0","content":"found it"},
        {"type":"tool_result","tool_use_id":"ID1","content":[{"type":"text","text":"noon"}]}]}
        """;

    private const string GeminiRequest = """
        {"systemInstruction":{"parts":[{"text":"Be brief."}]},"tools":[{"functionDeclarations":[
        {"name":"look_up","description":"Looks up.","parameters":SCHEMA},{"name":"now"}]}],
        "contents":[{"role":"user","parts":[{"text":"Find it."}]}MORE]}
        """;

    private const string GeminiMore = """
        ,{"role":"model","parts":[{"functionCall":{OWN0"name":"look_up","args":ARGUMENTS}},
        {"functionCall":{OWN1"name":"now","args":{}}}]},
        {"role":"user","parts":[{"functionResponse":{OWN0"name":"look_up","response":{"output":"found it"}}},
        {"functionResponse":{OWN1"name":"now","response":{"output":"noon"}}}]}
        """;

    /// <summary>
    /// The request that leads to the calls; with them and their results behind it when ids are given.
    /// </summary>
    public static string Request(string dialect, string model, bool stream, IReadOnlyList<string>? ids = null)
    {
        var (request, more) = dialect switch
        {
            "chat" => (ChatRequest, ChatMore),
            "responses" => (ResponsesRequest, ResponsesMore),
            "messages" => (MessagesRequest, MessagesMore),
            _ => (GeminiRequest, GeminiMore),
        };
        var text = request.Replace("MORE", ids is null ? "" : more, StringComparison.Ordinal);
        var asked = dialect == "chat" ? ",\"stream\":true,\"stream_options\":{\"include_usage\":true}" : ",\"stream\":true";
        (string Mark, string Value)[] values =
        [
            ("MODEL", model), ("STREAM", stream ? asked : ""), ("SCHEMA", Schema), ("EMPTY", Empty), ("ARGUMENTS", Arguments),
            ("QUOTED", JsonSerializer.Serialize(ArgumentText)), ("ID0", ids?[0] ?? ""), ("ID1", ids?[1] ?? ""),
            ("OWN0", Id(ids?[0] ?? "")), ("OWN1", Id(ids?[1] ?? "")),
        ];
        return values.Aggregate(text, (filled, value) => filled.Replace(value.Mark, value.Value, StringComparison.Ordinal));
    }

    /// <summary>Two calls, the second without arguments.</summary>
    public static string Answer(string dialect, bool stream)
    {
        var text = JsonSerializer.Serialize(ArgumentText);
        return (dialect, stream) switch
        {
            ("chat", false) => $$$$"""{"id":"chatcmpl-1","object":"chat.completion","created":1,"model":"m","choices":[{"index":0,"message":{"role":"assistant","content":null,"tool_calls":[{"id":"call_a","type":"function","function":{"name":"look_up","arguments":{{{{text}}}}}},{"id":"call_b","type":"function","function":{"name":"now","arguments":"{}"}}]},"finish_reason":"tool_calls"}],"usage":{"prompt_tokens":11,"completion_tokens":7,"total_tokens":18}}""",
            ("chat", true) => Wire.ChatChunk("""{"role":"assistant","content":null}""")
                + Wire.ChatChunk("""{"tool_calls":[{"index":0,"id":"call_a","type":"function","function":{"name":"look_up","arguments":""}}]}""")
                + string.Concat(ArgumentText.Chunk(5).Select(part => Wire.ChatChunk(
                    $$$"""{"tool_calls":[{"index":0,"function":{"arguments":{{{JsonSerializer.Serialize(new string(part))}}}}}]}""")))
                + Wire.ChatChunk("""{"tool_calls":[{"index":1,"id":"call_b","type":"function","function":{"name":"now","arguments":"{}"}}]}""")
                + Wire.ChatFinish.Replace("\"stop\"", "\"tool_calls\"", StringComparison.Ordinal) + Wire.ChatUsage(11, 7) + "data: [DONE]\n\n",
            ("responses", false) => ResponsesBody(text),
            ("responses", true) => Wire.Event("response.created", """{"type":"response.created","sequence_number":0,"response":{"id":"resp_1","object":"response","status":"in_progress","model":"m","output":[]}}""")
                + Wire.Event("response.output_item.added", """{"type":"response.output_item.added","sequence_number":1,"output_index":0,"item":{"type":"function_call","id":"fc_1","call_id":"call_a","name":"look_up","arguments":"","status":"in_progress"}}""")
                + string.Concat(ArgumentText.Chunk(5).Select((part, i) => Wire.Event("response.function_call_arguments.delta",
                    $$"""{"type":"response.function_call_arguments.delta","sequence_number":{{i + 2}},"item_id":"fc_1","output_index":0,"delta":{{JsonSerializer.Serialize(new string(part))}}}""")))
                + Wire.Event("response.function_call_arguments.done", $$"""{"type":"response.function_call_arguments.done","sequence_number":20,"item_id":"fc_1","output_index":0,"name":"look_up","arguments":{{text}}}""")
                + Wire.Event("response.output_item.done", $$$"""{"type":"response.output_item.done","sequence_number":21,"output_index":0,"item":{"type":"function_call","id":"fc_1","call_id":"call_a","name":"look_up","arguments":{{{text}}},"status":"completed"}}""")
                + Wire.Event("response.output_item.added", """{"type":"response.output_item.added","sequence_number":22,"output_index":1,"item":{"type":"function_call","id":"fc_2","call_id":"call_b","name":"now","arguments":"","status":"in_progress"}}""")
                + Wire.Event("response.function_call_arguments.delta", """{"type":"response.function_call_arguments.delta","sequence_number":23,"item_id":"fc_2","output_index":1,"delta":"{}"}""")
                + Wire.Event("response.output_item.done", """{"type":"response.output_item.done","sequence_number":24,"output_index":1,"item":{"type":"function_call","id":"fc_2","call_id":"call_b","name":"now","arguments":"{}","status":"completed"}}""")
                + Wire.Event("response.completed", $$"""{"type":"response.completed","sequence_number":25,"response":{{ResponsesBody(text)}}}"""),
            ("messages", false) => $$$"""{"id":"msg_1","type":"message","role":"assistant","model":"m","content":[{"type":"tool_use","id":"call_a","name":"look_up","input":{{{Arguments}}}},{"type":"tool_use","id":"call_b","name":"now","input":{}}],"stop_reason":"tool_use","stop_sequence":null,"usage":{"input_tokens":11,"output_tokens":7}}""",
            ("messages", true) => MessagesStart + MessagesCalls(0),
            (_, false) => Gemini(GeminiCalls),
            _ => $"data: {Gemini(GeminiCalls)}\r\n\r\n",
        };
    }

    public static string MessagesStart => Wire.Event("message_start", """{"type":"message_start","message":{"id":"msg_1","type":"message","role":"assistant","model":"m","content":[],"stop_reason":null,"usage":{"input_tokens":11,"output_tokens":1}}}""");

    public static string MessagesCalls(int index) =>
        Wire.Event("content_block_start", $$$$$"""{"type":"content_block_start","index":{{{{{index}}}}},"content_block":{"type":"tool_use","id":"call_a","name":"look_up","input":{}}}""")
        + Wire.Event("content_block_delta", $$$"""{"type":"content_block_delta","index":{{{index}}},"delta":{"type":"input_json_delta","partial_json":""}}""")
        + string.Concat(ArgumentText.Chunk(5).Select(part => Wire.Event("content_block_delta",
            $$$"""{"type":"content_block_delta","index":{{{index}}},"delta":{"type":"input_json_delta","partial_json":{{{JsonSerializer.Serialize(new string(part))}}}}}""")))
        + Wire.Event("content_block_stop", $$"""{"type":"content_block_stop","index":{{index}}}""")
        + Wire.Event("content_block_start", $$$$$"""{"type":"content_block_start","index":{{{{{index + 1}}}}},"content_block":{"type":"tool_use","id":"call_b","name":"now","input":{}}}""")
        + Wire.Event("content_block_stop", $$"""{"type":"content_block_stop","index":{{index + 1}}}""")
        + Wire.Event("message_delta", """{"type":"message_delta","delta":{"stop_reason":"tool_use","stop_sequence":null},"usage":{"output_tokens":7}}""")
        + Wire.Event("message_stop", """{"type":"message_stop"}""");

    public static string GeminiCalls => $$$"""{"functionCall":{"name":"look_up","args":{{{Arguments}}}}},{"functionCall":{"name":"now"}}""";

    public static string Gemini(string parts) => $$$"""{"candidates":[{"content":{"parts":[{{{parts}}}],"role":"model"},"finishReason":"STOP","index":0}],"usageMetadata":{"promptTokenCount":11,"candidatesTokenCount":7,"totalTokenCount":18},"modelVersion":"m","responseId":"r1"}""";

    /// <summary>
    /// Of a request as an upstream got it: the ids or names of its calls, and those of its results, in order.
    /// </summary>
    public static (List<string> Calls, List<string> Results) Pairing(string dialect, string body)
    {
        using var document = JsonDocument.Parse(body);
        List<string> calls = [], results = [];
        Walk(document.RootElement, e =>
        {
            var type = Str(e, "type");
            switch (dialect)
            {
                case "chat" when Str(e, "role") == "tool":
                    results.Add(Str(e, "tool_call_id"));
                    break;
                case "chat" when type == "function" && e.TryGetProperty("id", out var id):
                    calls.Add(id.GetString()!);
                    break;
                case "responses" when type == "function_call":
                    calls.Add(Str(e, "call_id"));
                    break;
                case "responses" when type == "function_call_output":
                    results.Add(Str(e, "call_id"));
                    break;
                case "messages" when type == "tool_use":
                    calls.Add(Str(e, "id"));
                    break;
                case "messages" when type == "tool_result":
                    results.Add(Str(e, "tool_use_id"));
                    break;
                case "gemini" when e.TryGetProperty("functionCall", out var call):
                    calls.Add(Str(call, "name"));
                    break;
                case "gemini" when e.TryGetProperty("functionResponse", out var answer):
                    results.Add(Str(answer, "name"));
                    break;
            }
        });
        return (calls, results);
    }

    private static string ResponsesBody(string text) => $$$"""{"id":"resp_1","object":"response","created_at":1,"status":"completed","model":"m","output":[{"type":"function_call","id":"fc_1","call_id":"call_a","name":"look_up","arguments":{{{text}}},"status":"completed"},{"type":"function_call","id":"fc_2","call_id":"call_b","name":"now","arguments":"{}","status":"completed"}],"usage":{"input_tokens":11,"input_tokens_details":{"cached_tokens":0},"output_tokens":7,"output_tokens_details":{"reasoning_tokens":0},"total_tokens":18}}""";

    private static string Id(string id) => id.Length > 0 ? $"\"id\":\"{id}\"," : "";

    private static void Walk(JsonElement e, Action<JsonElement> visit)
    {
        if (e.ValueKind == JsonValueKind.Object)
        {
            visit(e);
            foreach (var member in e.EnumerateObject())
            {
                Walk(member.Value, visit);
            }
        }
        else if (e.ValueKind == JsonValueKind.Array)
        {
            foreach (var element in e.EnumerateArray())
            {
                Walk(element, visit);
            }
        }
    }

    private static string Str(JsonElement e, string name) =>
        e.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString()! : "";
}
