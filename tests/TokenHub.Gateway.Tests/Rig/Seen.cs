using System.Text;
using System.Text.Json;
using TokenHub.Core.Usage;
using TokenHub.Protocols.Streams;

namespace TokenHub.Gateway.Tests.Rig;

/// <summary>An answer as a client of a dialect reads it, independently of what wrote it.</summary>
internal sealed class Seen
{
    private readonly StringBuilder _text = new();

    private Seen(string dialect, string answer)
    {
        var reader = AnswerReader.Create(Scripts.DialectOf(dialect), isStream: true);
        reader.Append(answer.Bytes());
        reader.Complete();
        (IsWhole, HasError, Usage, Id, Model) = (reader.IsTerminal, reader.HasError, reader.Usage, reader.UpstreamId, reader.Model);
        (ErrorType, ErrorCode, ErrorMessage, Finish, Faults) =
            (reader.ErrorType, reader.ErrorCode, reader.ErrorMessage, reader.Finish, reader.Faults);
        foreach (var part in Documents(answer))
        {
            using var document = JsonDocument.Parse(part);
            Read(dialect, document.RootElement);
        }
    }

    public string Text => _text.ToString();

    /// <summary>Calls as name and arguments, by their order.</summary>
    public List<(string Id, string Name, StringBuilder Arguments)> Calls { get; } = [];

    public bool IsWhole { get; }

    public bool HasError { get; }

    public string? ErrorType { get; }

    public string? ErrorCode { get; }

    public string? ErrorMessage { get; }

    public string Finish { get; }

    public StreamFaults Faults { get; }

    public TokenUsage? Usage { get; }

    public string Id { get; }

    public string Model { get; }

    public static Seen Of(string dialect, string answer) => new(dialect, answer);

    private static IEnumerable<string> Documents(string answer)
    {
        if (answer.TrimStart() is ['{', ..])
        {
            return [answer];
        }

        if (answer.TrimStart() is ['[', ..])
        {
            using var array = JsonDocument.Parse(answer);
            return [.. array.RootElement.EnumerateArray().Select(element => element.GetRawText())];
        }

        return answer.Split('\n').Select(line => line.Trim('\r'))
            .Where(line => line.StartsWith("data: {", StringComparison.Ordinal)).Select(line => line[6..]);
    }

    private void Read(string dialect, JsonElement e)
    {
        switch (dialect)
        {
            case "chat":
                ReadChat(e);
                break;
            case "messages":
                ReadMessages(e);
                break;
            case "responses":
                ReadResponses(e);
                break;
            default:
                ReadGemini(e);
                break;
        }
    }

    private void ReadChat(JsonElement e)
    {
        foreach (var choice in Items(e, "choices"))
        {
            var delta = choice.TryGetProperty("delta", out var d) ? d : choice.GetProperty("message");
            _text.Append(Str(delta, "content"));
            foreach (var call in Items(delta, "tool_calls"))
            {
                var function = call.GetProperty("function");
                if (Str(call, "id").Length > 0)
                {
                    Calls.Add((Str(call, "id"), Str(function, "name"), new StringBuilder()));
                }

                Calls[call.TryGetProperty("index", out var index) ? index.GetInt32() : ^1].Arguments.Append(Str(function, "arguments"));
            }
        }
    }

    private void ReadMessages(JsonElement e)
    {
        foreach (var block in Items(e, "content"))
        {
            ReadBlock(block);
        }

        if (e.TryGetProperty("content_block", out var start))
        {
            ReadBlock(start, isStart: true);
        }

        if (e.TryGetProperty("delta", out var delta) && delta.ValueKind == JsonValueKind.Object)
        {
            _text.Append(Str(delta, "type") == "text_delta" ? Str(delta, "text") : "");
            if (Str(delta, "type") == "input_json_delta")
            {
                Calls[^1].Arguments.Append(Str(delta, "partial_json"));
            }
        }
    }

    private void ReadBlock(JsonElement block, bool isStart = false)
    {
        _text.Append(Str(block, "type") == "text" ? Str(block, "text") : "");
        if (Str(block, "type") == "tool_use")
        {
            Calls.Add((Str(block, "id"), Str(block, "name"),
                new StringBuilder(isStart ? "" : block.GetProperty("input").GetRawText())));
        }
    }

    private void ReadResponses(JsonElement e)
    {
        _text.Append(Str(e, "type") == "response.output_text.delta" ? Str(e, "delta") : "");
        if (Str(e, "type") == "response.output_item.done" && Str(e.GetProperty("item"), "type") == "function_call")
        {
            ReadCall(e.GetProperty("item"));
        }

        foreach (var item in Items(e, "output"))
        {
            foreach (var part in Items(item, "content"))
            {
                _text.Append(Str(part, "text"));
            }

            if (Str(item, "type") == "function_call")
            {
                ReadCall(item);
            }
        }
    }

    private void ReadCall(JsonElement item) =>
        Calls.Add((Str(item, "call_id"), Str(item, "name"), new StringBuilder(Str(item, "arguments"))));

    private void ReadGemini(JsonElement e)
    {
        foreach (var part in Items(e, "candidates").SelectMany(c => c.TryGetProperty("content", out var content) ? Items(content, "parts") : []))
        {
            _text.Append(part.TryGetProperty("thought", out var thought) && thought.GetBoolean() ? "" : Str(part, "text"));
            if (part.TryGetProperty("functionCall", out var call))
            {
                Calls.Add((Str(call, "id"), Str(call, "name"),
                    new StringBuilder(call.TryGetProperty("args", out var args) ? args.GetRawText() : "{}")));
            }
        }
    }

    private static List<JsonElement> Items(JsonElement e, string name) =>
        e.TryGetProperty(name, out var list) && list.ValueKind == JsonValueKind.Array ? [.. list.EnumerateArray()] : [];

    private static string Str(JsonElement e, string name) =>
        e.ValueKind == JsonValueKind.Object && e.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String
            ? value.GetString()! : "";
}
