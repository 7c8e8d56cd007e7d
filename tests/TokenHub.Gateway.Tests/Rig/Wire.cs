using System.Globalization;
using System.Text;

namespace TokenHub.Gateway.Tests.Rig;

/// <summary>Requests and answers of the four dialects, as small as they can be and still be real.</summary>
internal static class Wire
{
    public const string ChatBody = """{"model":"m","messages":[{"role":"user","content":"Hello there"}]}""";
    public const string ChatStreamBody = """{"model":"m","stream":true,"messages":[{"role":"user","content":"Hello there"}]}""";
    public const string ResponsesBody = """{"model":"m","input":"Hello there"}""";
    public const string ResponsesStreamBody = """{"model":"m","input":"Hello there","stream":true}""";
    public const string MessagesBody = """{"model":"m","max_tokens":100,"messages":[{"role":"user","content":"Hello there"}]}""";
    public const string MessagesStreamBody =
        """{"model":"m","max_tokens":100,"stream":true,"messages":[{"role":"user","content":"Hello there"}]}""";
    public const string GeminiBody = """{"contents":[{"role":"user","parts":[{"text":"Hello there"}]}]}""";

    public const string ChatAnswer =
        """{"id":"chatcmpl-1","object":"chat.completion","created":1,"model":"m","choices":[{"index":0,"message":{"role":"assistant","content":"Hi!"},"finish_reason":"stop"}],"usage":{"prompt_tokens":11,"completion_tokens":7,"total_tokens":18}}""";

    public const string ResponsesAnswer =
        """{"id":"resp_1","object":"response","created_at":1,"status":"completed","model":"m","output":[{"type":"message","id":"msg_1","role":"assistant","status":"completed","content":[{"type":"output_text","text":"Hi!","annotations":[]}]}],"usage":{"input_tokens":11,"input_tokens_details":{"cached_tokens":0},"output_tokens":7,"output_tokens_details":{"reasoning_tokens":0},"total_tokens":18}}""";

    public const string MessagesAnswer =
        """{"id":"msg_1","type":"message","role":"assistant","model":"m","content":[{"type":"text","text":"Hi!"}],"stop_reason":"end_turn","stop_sequence":null,"usage":{"input_tokens":11,"output_tokens":7}}""";

    public const string GeminiAnswer =
        """{"candidates":[{"content":{"parts":[{"text":"Hi!"}],"role":"model"},"finishReason":"STOP","index":0}],"usageMetadata":{"promptTokenCount":11,"candidatesTokenCount":7,"totalTokenCount":18},"modelVersion":"m","responseId":"r1"}""";

    public static string ChatStream { get; } =
        ChatChunk("""{"role":"assistant","content":""}""") + ChatChunk("""{"content":"Hel"}""") + ChatChunk("""{"content":"lo!"}""")
        + ChatFinish + ChatUsage(11, 7) + "data: [DONE]\n\n";

    /// <summary>The same as a client sees it that did not ask for usage.</summary>
    public static string ChatStreamSeen { get; } =
        ChatChunk("""{"role":"assistant","content":""}""") + ChatChunk("""{"content":"Hel"}""") + ChatChunk("""{"content":"lo!"}""")
        + ChatFinish + "data: [DONE]\n\n";

    public static string ChatFinish =>
        "data: {\"id\":\"chatcmpl-1\",\"object\":\"chat.completion.chunk\",\"created\":1,\"model\":\"m\",\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n";

    public static string MessagesStream { get; } =
        Event("message_start", """{"type":"message_start","message":{"id":"msg_1","type":"message","role":"assistant","model":"m","content":[],"stop_reason":null,"usage":{"input_tokens":11,"output_tokens":1}}}""")
        + Event("content_block_start", """{"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}""")
        + Event("ping", """{"type":"ping"}""")
        + MessagesDelta("Hel") + MessagesDelta("lo!")
        + Event("content_block_stop", """{"type":"content_block_stop","index":0}""")
        + Event("message_delta", """{"type":"message_delta","delta":{"stop_reason":"end_turn","stop_sequence":null},"usage":{"output_tokens":7}}""")
        + Event("message_stop", """{"type":"message_stop"}""");

    public static string ResponsesStream { get; } =
        Event("response.created", """{"type":"response.created","sequence_number":0,"response":{"id":"resp_1","object":"response","status":"in_progress","model":"m","output":[]}}""")
        + Event("response.output_item.added", """{"type":"response.output_item.added","sequence_number":1,"output_index":0,"item":{"type":"message","id":"msg_1","role":"assistant","content":[]}}""")
        + ResponsesDelta(2, "Hel") + ResponsesDelta(3, "lo!")
        + Event("response.completed", """{"type":"response.completed","sequence_number":4,"response":{"id":"resp_1","object":"response","status":"completed","model":"m","output":[{"type":"message","id":"msg_1","role":"assistant","content":[{"type":"output_text","text":"Hello!"}]}],"usage":{"input_tokens":11,"input_tokens_details":{"cached_tokens":0},"output_tokens":7,"output_tokens_details":{"reasoning_tokens":0},"total_tokens":18}}}""");

    public static string GeminiStream { get; } = GeminiChunk("Hel", "") + GeminiChunk(
        "lo!", ""","finishReason":"STOP" """.TrimEnd()).Replace(
            "}]}\r\n", "}],\"usageMetadata\":{\"promptTokenCount\":11,\"candidatesTokenCount\":7,\"totalTokenCount\":18}}\r\n", StringComparison.Ordinal);

    public static string ChatChunk(string delta) =>
        $$"""data: {"id":"chatcmpl-1","object":"chat.completion.chunk","created":1,"model":"m","choices":[{"index":0,"delta":{{delta}},"finish_reason":null}]}""" + "\n\n";

    public static string ChatUsage(int input, int output) => string.Create(
        CultureInfo.InvariantCulture,
        $$$"""data: {"id":"chatcmpl-1","object":"chat.completion.chunk","created":1,"model":"m","choices":[],"usage":{"prompt_tokens":{{{input}}},"completion_tokens":{{{output}}},"total_tokens":{{{input + output}}}}}""") + "\n\n";

    public static string MessagesDelta(string text) => Event(
        "content_block_delta", $$$"""{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"{{{text}}}"}}""");

    public static string ResponsesDelta(int number, string text) => Event(
        "response.output_text.delta",
        $$"""{"type":"response.output_text.delta","sequence_number":{{number}},"item_id":"msg_1","output_index":0,"content_index":0,"delta":"{{text}}","logprobs":[]}""");

    public static string GeminiChunk(string text, string more) =>
        $$$"""data: {"candidates":[{"content":{"parts":[{"text":"{{{text}}}"}],"role":"model"},"index":0{{{more}}}}]}""" + "\r\n\r\n";

    public static string Event(string name, string data) => $"event: {name}\ndata: {data}\n\n";

    public static byte[] Bytes(this string text) => Encoding.UTF8.GetBytes(text);
}
