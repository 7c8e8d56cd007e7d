using System.Text.Json;
using TokenHub.Core.Snapshots;
using TokenHub.Protocols.Chat;
using TokenHub.Protocols.Codecs;
using TokenHub.Protocols.Json;

namespace TokenHub.Protocols.OpenAi.Requests;

/// <summary>
/// Reads the messages of a Chat request into turns; results of calls go into the user turn that follows.
/// </summary>
internal sealed class OpenAiTurnReader(ChatRequest request, ReadOnlyMemory<byte> body)
{
    // Where the caller's protocol has no ids: the last call of each function's name.
    private readonly Dictionary<string, string> _legacyIds = new(StringComparer.Ordinal);

    public void Read(JsonElement messages)
    {
        var i = 0;
        foreach (var message in messages.Items("messages"))
        {
            var at = $"messages.{i++}";
            var role = message.Object(at).Text("role", $"{at}.");
            switch (role)
            {
                case "system":
                    AddTurn(ChatRole.System, message, at);
                    break;
                case "developer":
                    AddTurn(ChatRole.Developer, message, at);
                    break;
                case "user":
                    AddUser(message, at);
                    break;
                case "assistant":
                    AddAssistant(message, at);
                    break;
                case "tool":
                    AddResult(message, message.Text("tool_call_id", $"{at}.")
                        ?? throw RequestMembers.Fault($"{at}.tool_call_id", "a string"), at);
                    break;
                case "function":
                    AddResult(message, _legacyIds.GetValueOrDefault(message.Text("name", $"{at}.") ?? "", ""), at);
                    break;
                default:
                    throw RequestMembers.Fault($"{at}.role", "system, developer, user, assistant or tool");
            }
        }
    }

    /// <summary>OpenRouter's <c>cache_control</c>, and OpenAI's own mark.</summary>
    public static CacheMark? ReadCache(JsonElement part) =>
        part.Get("cache_control") is { ValueKind: JsonValueKind.Object } mark ? new CacheMark(mark.Text("ttl"))
        : part.Get("prompt_cache_breakpoint") is not null ? new CacheMark(Ttl: null) : null;

    private void AddTurn(ChatRole role, JsonElement message, string at)
    {
        var turn = new ChatTurn(role) { Name = message.Text("name", $"{at}.") };
        AddContent(turn.Parts, message, $"{at}.content");
        AddIfAny(turn);
    }

    // What the user says behind results belongs to the turn that holds them.
    private void AddUser(JsonElement message, string at)
    {
        var last = request.Turns.LastOrDefault();
        if (last is { Role: ChatRole.User } && last.Parts[^1] is ResultPart)
        {
            last.Name = message.Text("name", $"{at}.");
            AddContent(last.Parts, message, $"{at}.content");
            return;
        }

        AddTurn(ChatRole.User, message, at);
    }

    private void AddAssistant(JsonElement message, string at)
    {
        var turn = new ChatTurn(ChatRole.Assistant) { Name = message.Text("name", $"{at}.") };
        AddReasoning(turn, message, at);
        AddContent(turn.Parts, message, $"{at}.content");
        if (message.Text("refusal", $"{at}.") is { Length: > 0 } refusal)
        {
            turn.Parts.Add(new RefusalPart(refusal));
        }

        AddCalls(turn, message, at);
        if (message.Get("audio") is { } audio)
        {
            request.Others[$"{at}.audio"] = audio;
        }

        AddIfAny(turn);
    }

    private void AddIfAny(ChatTurn turn)
    {
        if (turn.Parts.Count > 0)
        {
            request.Turns.Add(turn);
        }
    }

    // The details, where given, say all that the plain text says.
    private static void AddReasoning(ChatTurn turn, JsonElement message, string at)
    {
        if (message.Get("reasoning_details") is { ValueKind: JsonValueKind.Array } details
            && details.GetArrayLength() > 0)
        {
            foreach (var detail in details.EnumerateArray())
            {
                AddDetail(turn, detail, $"{at}.reasoning_details.");
            }
        }

        var text = message.Text("reasoning_content", $"{at}.") ?? message.Text("reasoning", $"{at}.");
        if (text is { Length: > 0 } && !turn.Parts.Exists(part => part is ReasoningPart { Text.Length: > 0 }))
        {
            turn.Parts.Insert(0, new ReasoningPart(text, opaque: null));
        }
    }

    private static void AddDetail(ChatTurn turn, JsonElement detail, string at)
    {
        var text = detail.Text("text", at) ?? detail.Text("summary", at) ?? "";
        var slot = detail.Text("signature", at) ?? detail.Text("data", at) ?? "";
        var opaque = slot.Length == 0 ? null
            : OpaqueCarrier.IsCarrier(slot) ? OpaqueCarrier.ReadSlot(slot, Dialect.Chat, OpaqueKind.Reasoning)
            : new OpaqueItem(Dialect.Chat, "", OpaqueKind.Reasoning, detail.GetRawText());
        if (text.Length > 0 || opaque is not null)
        {
            turn.Parts.Add(new ReasoningPart(text, opaque));
        }
    }

    private void AddCalls(ChatTurn turn, JsonElement message, string at)
    {
        var i = 0;
        foreach (var call in message.Get("tool_calls")?.Items($"{at}.tool_calls") ?? default)
        {
            var path = $"{at}.tool_calls.{i++}.";
            var custom = call.Object(path).Get("custom");
            var inner = custom ?? call.Get("function") ?? throw RequestMembers.Fault($"{path}function", "an object");
            turn.Parts.Add(ReadCall(
                inner, call.Text("id", path) ?? "", custom is null ? "arguments" : "input", custom is not null, path));
        }

        if (message.Get("function_call") is { } function)
        {
            var name = function.Text("name", $"{at}.function_call.") ?? "";
            var id = $"call_{request.Turns.Count + 1}";
            _legacyIds[name] = id;
            turn.Parts.Add(ReadCall(function, id, "arguments", isFreeForm: false, $"{at}.function_call."));
        }
    }

    private static CallPart ReadCall(JsonElement from, string id, string member, bool isFreeForm, string path)
    {
        var name = from.Object(path).Text("name", path) ?? throw RequestMembers.Fault($"{path}name", "a string");
        var arguments = from.Get(member)?.TextOrJson(path + member) ?? "";
        return new CallPart(id, ToolBook.ToldName(name), arguments) { IsFreeForm = isFreeForm };
    }

    // All results of a turn stand first in the one turn behind it, whatever came between; of two the last counts.
    private void AddResult(JsonElement message, string callId, string at)
    {
        var content = new List<ChatPart>();
        AddContent(content, message, $"{at}.content");
        var result = new ResultPart(callId, content);
        var turn = request.Turns.LastOrDefault();
        if (turn is not { Role: ChatRole.User })
        {
            turn = new ChatTurn(ChatRole.User);
            request.Turns.Add(turn);
        }

        var known = turn.Parts.FindIndex(part => part is ResultPart other && other.CallId == callId);
        if (known >= 0)
        {
            turn.Parts[known] = result;
            return;
        }

        var behind = turn.Parts.FindLastIndex(part => part is ResultPart) + 1;
        turn.Parts.Insert(behind, result);
    }

    private void AddContent(List<ChatPart> parts, JsonElement message, string at)
    {
        if (message.Get("content") is not { } content)
        {
            return;
        }

        if (content.ValueKind == JsonValueKind.String)
        {
            AddText(parts, content.AsText(at), ReadCache(message));
            return;
        }

        var i = 0;
        foreach (var part in content.Items(at))
        {
            AddPart(parts, part, $"{at}.{i++}");
        }
    }

    private static void AddText(List<ChatPart> parts, string text, CacheMark? cache)
    {
        if (text.Length > 0)
        {
            parts.Add(new TextPart(text) { Cache = cache });
        }
    }

    private void AddPart(List<ChatPart> parts, JsonElement part, string at)
    {
        if (part.ValueKind == JsonValueKind.String)
        {
            AddText(parts, part.AsText(at), cache: null);
            return;
        }

        var cache = ReadCache(part.Object(at));
        var kind = part.Text("type", $"{at}.") ?? "";
        switch (kind)
        {
            case "text" or "input_text" or "output_text":
                AddText(parts, part.Text("text", $"{at}.") ?? "", cache);
                return;
            case "refusal":
                parts.Add(new RefusalPart(part.Text("refusal", $"{at}.") ?? ""));
                return;
            case "thinking":
                parts.Add(new ReasoningPart(ThinkingText(part, at), opaque: null));
                return;
        }

        var media = ReadMedia(kind, part, at);
        if (media is not null)
        {
            media.Cache = cache;
        }

        parts.Add(media ?? (ChatPart)new ForeignPart(Dialect.Chat, kind, part));
    }

    private static string ThinkingText(JsonElement part, string at) => part.Get("thinking") switch
    {
        { ValueKind: JsonValueKind.Array } list => string.Concat(
            list.EnumerateArray().Select(item => item.Text("text", $"{at}.thinking."))),
        { ValueKind: JsonValueKind.String } text => text.AsText(at),
        _ => "",
    };

    private MediaPart? ReadMedia(string kind, JsonElement part, string at)
    {
        switch (kind)
        {
            case "image_url":
                var image = ReadUrl(MediaKind.Image, part, kind, at);
                image.Detail = part.Get(kind) is { ValueKind: JsonValueKind.Object } inner
                    ? inner.Text("detail", $"{at}.{kind}.") : null;
                return image;
            case "video_url":
                return ReadUrl(MediaKind.Video, part, kind, at);
            case "input_audio":
                var audio = Inner(part, kind, at);
                var data = audio.Get("data") ?? throw RequestMembers.Fault($"{at}.{kind}.data", "a string");
                var format = audio.Text("format", $"{at}.{kind}.") ?? "wav";
                return new MediaPart(MediaKind.Audio) { MimeType = $"audio/{format}", Base64 = data.Inside(body) };
            case "file":
                return ReadFile(Inner(part, kind, at), $"{at}.file.");
            default:
                return null;
        }
    }

    // An object with the address, or, with many servers, the address itself.
    private MediaPart ReadUrl(MediaKind kind, JsonElement part, string member, string at)
    {
        var value = part.Get(member) ?? throw RequestMembers.Fault($"{at}.{member}", "an object");
        var url = value.ValueKind == JsonValueKind.Object ? value.Get("url") : value;
        return DataUrl.Read(kind, url ?? default, body, $"{at}.{member}.url");
    }

    private MediaPart ReadFile(JsonElement file, string at)
    {
        var part = file.Get("file_data") is { } data
            ? DataUrl.Read(MediaKind.Document, data, body, $"{at}file_data")
            : new MediaPart(MediaKind.Document) { FileId = file.Text("file_id", at) };
        part.Name = file.Text("filename", at);
        if (part.FileId is null && part.Url is null && part.Base64.IsEmpty)
        {
            throw RequestMembers.Fault($"{at}file_data", "a file or the id of one");
        }

        return part;
    }

    private static JsonElement Inner(JsonElement part, string name, string at) =>
        (part.Get(name) ?? throw RequestMembers.Fault($"{at}.{name}", "an object")).Object($"{at}.{name}");
}
