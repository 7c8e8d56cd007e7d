using System.Text;
using System.Text.Json;
using TokenHub.Core.Snapshots;
using TokenHub.Protocols.Chat;
using TokenHub.Protocols.Codecs;
using TokenHub.Protocols.Json;

namespace TokenHub.Protocols.Gemini.Requests;

/// <summary>Reads the contents of a request: turns of parts, with calls and their results found together.</summary>
internal sealed class PartReader(ReadOnlyMemory<byte> body, ChatRequest request)
{
    // Calls without an id are answered first come, first served, those of one name in order.
    private readonly Dictionary<string, Queue<string>> _unanswered = new(StringComparer.Ordinal);
    private readonly StringBuilder _thought = new();
    private int _calls;

    public void ReadSystem(JsonElement system)
    {
        var turn = new ChatTurn(ChatRole.System);
        ReadParts(turn, system, "systemInstruction");
        request.Turns.AddTurn(turn);
    }

    public void ReadContents(JsonElement? contents)
    {
        if (contents is { ValueKind: JsonValueKind.Object or JsonValueKind.String } single)
        {
            ReadContent(single, "contents");
            return;
        }

        if (contents is not { ValueKind: JsonValueKind.Array })
        {
            throw new UntranslatableException("contents must be an array.", "contents");
        }

        var number = 0;
        foreach (var content in contents.Items())
        {
            ReadContent(content, $"contents[{number++}]");
        }
    }

    private void ReadContent(JsonElement content, string path)
    {
        var turn = new ChatTurn(content.Get("role").AsText() switch
        {
            "model" => ChatRole.Assistant,
            null or "" or "user" or "function" or "tool" => ChatRole.User,
            "system" => ChatRole.System,
            _ => throw new UntranslatableException("The role must be user or model.", $"{path}.role"),
        });
        ReadParts(turn, content, path);
        request.Turns.AddTurn(turn);
    }

    private void ReadParts(ChatTurn turn, JsonElement content, string path)
    {
        if (((JsonElement?)content).AsText() is { } text)
        {
            turn.Parts.Add(new TextPart(text));
            return;
        }

        var number = 0;
        foreach (var part in content.Get("parts").Items())
        {
            ReadPart(turn.Parts, part, $"{path}.parts[{number++}]");
        }

        if (content.Get("parts") is { ValueKind: JsonValueKind.Object } single)
        {
            ReadPart(turn.Parts, single, $"{path}.parts");
        }

        EndThought(turn.Parts);
    }

    private void ReadPart(List<ChatPart> parts, JsonElement part, string path)
    {
        var signature = part.Either("thoughtSignature").AsText() ?? "";
        if (part.Get("thought").AsFlag() is true)
        {
            ReadThought(parts, part, signature);
        }
        else if (part.Either("functionCall") is { } call)
        {
            ReadCall(parts, call, signature);
        }
        else if (part.Either("functionResponse") is { } response)
        {
            EndThought(parts);
            parts.Add(ReadResult(response, path));
        }
        else if ((part.Either("inlineData") ?? part.Either("fileData")) is not null)
        {
            EndThought(parts);
            parts.Add(ReadMedia(part, path));
        }
        else if (part.Get("text").AsText() is { } text)
        {
            ReadText(parts, text, signature);
        }
        else
        {
            EndThought(parts);
            var kind = ((JsonElement?)part).Members().Select(member => member.Name).FirstOrDefault("part");
            parts.Add(new ForeignPart(Dialect.Gemini, GeminiJson.Camel(kind), part));
        }
    }

    private void ReadThought(List<ChatPart> parts, JsonElement part, string signature)
    {
        _thought.Append(part.Get("text").AsText());
        if (signature.Length > 0)
        {
            AddSigned(parts, OpaqueCarrier.ReadSlot(signature, Dialect.Gemini, OpaqueKind.Reasoning));
        }
    }

    private void ReadText(List<ChatPart> parts, string text, string signature)
    {
        if (signature.Length > 0)
        {
            AddSigned(parts, OpaqueCarrier.ReadSlot(signature, Dialect.Gemini, OpaqueKind.Text));
        }

        EndThought(parts);
        if (text.Length > 0)
        {
            parts.Add(new TextPart(text));
        }
    }

    private void ReadCall(List<ChatPart> parts, JsonElement call, string signature)
    {
        // What another provider signed belongs to the thought before the call, and its own to the call.
        var opaque = OpaqueCarrier.ReadSlot(signature, Dialect.Gemini, OpaqueKind.Call);
        if (opaque is not null && opaque.Issuer != Dialect.Gemini)
        {
            AddSigned(parts, opaque);
            opaque = null;
        }

        EndThought(parts);
        var name = ToolBook.ToldName(call.Get("name").AsText() ?? "");
        var id = call.Get("id").AsText();
        if (string.IsNullOrEmpty(id))
        {
            id = $"call_{++_calls}";
        }

        if (!_unanswered.TryGetValue(name, out var waiting))
        {
            _unanswered[name] = waiting = new Queue<string>();
        }

        waiting.Enqueue(id);
        parts.Add(new CallPart(id, name, call.Get("args") is { } args ? args.GetRawText() : "{}") { Opaque = opaque });
    }

    // The words of the thought that stand before its signature are its own.
    private void AddSigned(List<ChatPart> parts, OpaqueItem? item)
    {
        if (item is { Kind: OpaqueKind.Redacted or OpaqueKind.Text })
        {
            EndThought(parts);
        }

        if (item is not null)
        {
            parts.Add(new ReasoningPart(_thought.ToString(), item));
            _thought.Clear();
        }
    }

    private void EndThought(List<ChatPart> parts)
    {
        if (_thought.Length > 0)
        {
            parts.Add(new ReasoningPart(_thought.ToString(), null));
            _thought.Clear();
        }
    }

    private ResultPart ReadResult(JsonElement result, string path)
    {
        var name = ToolBook.ToldName(result.Get("name").AsText() ?? "");
        var id = result.Get("id").AsText();
        _unanswered.TryGetValue(name, out var waiting);
        if (!string.IsNullOrEmpty(id))
        {
            if (waiting?.Contains(id) is true)
            {
                _unanswered[name] = new Queue<string>(waiting.Where(other => other != id));
            }
        }
        else
        {
            id = waiting is { Count: > 0 } ? waiting.Dequeue() : $"call_{++_calls}";
        }

        var value = result.Get("response");
        var (text, isError) = TextOf(value);
        var content = new List<ChatPart>();
        if (text.Length > 0)
        {
            content.Add(new TextPart(text));
        }

        foreach (var part in result.Get("parts").Items())
        {
            content.Add(ReadMedia(part, path));
        }

        return new ResultPart(id, content) { Name = name, Value = value, IsError = isError };
    }

    // A response that only wraps a text is that text.
    private static (string Text, bool IsError) TextOf(JsonElement? response)
    {
        var members = response.Members().ToList();
        var isError = members.Exists(member => member.Name == "error");
        return members is [{ Name: "output" or "result" or "error", Value.ValueKind: JsonValueKind.String } only]
            ? (only.Value.GetString()!, isError)
            : (response?.GetRawText() ?? "", isError);
    }

    private MediaPart ReadMedia(JsonElement part, string path)
    {
        var data = part.Either("inlineData");
        var source = data ?? part.Either("fileData")
            ?? throw new UntranslatableException("The part holds nothing that is known.", path);
        var type = source.Either("mimeType").AsText() ?? "";
        var media = new MediaPart(KindOf(type))
        {
            MimeType = type, Name = source.Either("displayName").AsText(),
        };
        if (data is not null)
        {
            media.Base64 = source.Get("data").AsBytes(body);
        }
        else if (source.Either("fileUri").AsText() is { } address)
        {
            var isKept = address.StartsWith("gs://", StringComparison.Ordinal)
                || address.StartsWith("files/", StringComparison.Ordinal)
                || address.Contains("generativelanguage.googleapis.com", StringComparison.Ordinal);
            media.Url = isKept ? null : address;
            media.FileId = isKept ? address : null;
        }

        return media;
    }

    private static MediaKind KindOf(string type) =>
        type.StartsWith("image/", StringComparison.OrdinalIgnoreCase) ? MediaKind.Image
        : type.StartsWith("audio/", StringComparison.OrdinalIgnoreCase) ? MediaKind.Audio
        : type.StartsWith("video/", StringComparison.OrdinalIgnoreCase) ? MediaKind.Video
        : MediaKind.Document;
}
