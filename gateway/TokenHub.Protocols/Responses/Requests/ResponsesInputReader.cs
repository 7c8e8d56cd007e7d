using System.Text.Json;
using TokenHub.Core.Snapshots;
using TokenHub.Protocols.Chat;
using TokenHub.Protocols.Codecs;
using TokenHub.Protocols.Json;

namespace TokenHub.Protocols.Responses.Requests;

/// <summary>
/// Reads the input of a Responses request into turns: what the model wrote, thoughts, text and calls, into one turn as
/// long as nobody else speaks; all results that follow into the next.
/// </summary>
internal sealed class ResponsesInputReader(ChatRequest request, ReadOnlyMemory<byte> body)
{
    // What belongs to a call stands before it, in an item of its own.
    private OpaqueItem? _ofNextCall;

    public void Read(JsonElement input)
    {
        if (input.ValueKind == JsonValueKind.String)
        {
            var text = input.AsText("input");
            if (text.Length > 0)
            {
                request.Turns.Add(new ChatTurn(ChatRole.User) { Parts = { new TextPart(text) } });
            }

            return;
        }

        var i = 0;
        foreach (var item in input.Items("input"))
        {
            ReadItem(item, $"input.{i++}");
        }
    }

    private void ReadItem(JsonElement item, string at)
    {
        var kind = item.Object(at).Text("type", $"{at}.") ?? "message";
        switch (kind)
        {
            case "message":
                AddMessage(item, at);
                break;
            case "reasoning":
                AddReasoning(item, $"{at}.");
                break;
            case "function_call":
                AddCall(item, "arguments", isFreeForm: false, $"{at}.");
                break;
            case "custom_tool_call":
                AddCall(item, "input", isFreeForm: true, $"{at}.");
                break;
            case "function_call_output" or "custom_tool_call_output":
                AddResult(item, at);
                break;
            case "additional_tools":
                ResponsesToolReader.ReadTools(
                    request, item.Get("tools") ?? throw RequestMembers.Fault($"{at}.tools", "an array"), $"{at}.tools");
                break;
            case "item_reference":
                throw new UntranslatableException(
                    "An item cannot be given by its id: this model is served through another protocol, which keeps no "
                    + "items. Send the item itself.", at);
            default:
                var isResult = kind.EndsWith("_output", StringComparison.Ordinal);
                var turn = isResult ? Current(ChatRole.User) : Current(ChatRole.Assistant);
                turn.Parts.Add(new ForeignPart(Dialect.Responses, kind, item));
                break;
        }
    }

    private void AddMessage(JsonElement item, string at)
    {
        var role = item.Text("role", $"{at}.");
        var turn = role switch
        {
            "system" => new ChatTurn(ChatRole.System),
            "developer" => new ChatTurn(ChatRole.Developer),
            "assistant" => Current(ChatRole.Assistant),
            "user" => IsBehindResults ? request.Turns[^1] : new ChatTurn(ChatRole.User),
            _ => throw RequestMembers.Fault($"{at}.role", "system, developer, user or assistant"),
        };

        if (item.Get("content") is { } content)
        {
            AddContent(turn.Parts, content, $"{at}.content");
        }

        if (turn.Parts.Count > 0 && (request.Turns.Count == 0 || request.Turns[^1] != turn))
        {
            request.Turns.Add(turn);
        }
    }

    private bool IsBehindResults => request.Turns is [.., { Role: ChatRole.User, Parts: [.., ResultPart] }];

    private ChatTurn Current(ChatRole role)
    {
        if (request.Turns is not [.., var last] || last.Role != role)
        {
            last = new ChatTurn(role);
            request.Turns.Add(last);
        }

        return last;
    }

    private void AddReasoning(JsonElement item, string at)
    {
        var text = Join(item, "summary", at);
        text = text.Length > 0 ? text : Join(item, "content", at);
        var slot = item.Text("encrypted_content", at) ?? "";
        var opaque = OpaqueCarrier.ReadSlot(slot, Dialect.Responses, OpaqueKind.Reasoning, item.Text("id", at));
        if (opaque is { Kind: OpaqueKind.Call } && text.Length == 0)
        {
            _ofNextCall = opaque;
        }
        else if (text.Length > 0 || opaque is not null)
        {
            Current(ChatRole.Assistant).Parts.Add(new ReasoningPart(text, opaque));
        }
    }

    private static string Join(JsonElement item, string member, string at) =>
        item.Get(member) is not { ValueKind: JsonValueKind.Array } parts ? "" : string.Join("\n\n", parts
            .EnumerateArray().Select(part => part.Text("text", $"{at}{member}.")).Where(text => text is not null));

    private void AddCall(JsonElement item, string member, bool isFreeForm, string at)
    {
        var name = item.Text("name", at) ?? throw RequestMembers.Fault($"{at}name", "a string");
        var id = item.Text("call_id", at) ?? item.Text("id", at) ?? "";
        var told = ToolBook.ToldName(name, item.Text("namespace", at));
        Current(ChatRole.Assistant).Parts.Add(new CallPart(id, told, item.Text(member, at) ?? "")
        {
            IsFreeForm = isFreeForm, Opaque = _ofNextCall,
        });
        _ofNextCall = null;
    }

    private void AddResult(JsonElement item, string at)
    {
        var content = new List<ChatPart>();
        if (item.Get("output") is { } output)
        {
            AddContent(content, output, $"{at}.output");
        }

        var callId = item.Text("call_id", $"{at}.") ?? throw RequestMembers.Fault($"{at}.call_id", "a string");
        var turn = Current(ChatRole.User);
        var known = turn.Parts.FindIndex(part => part is ResultPart other && other.CallId == callId);
        var result = new ResultPart(callId, content) { IsError = item.Text("status", $"{at}.") == "incomplete" };
        if (known >= 0)
        {
            turn.Parts[known] = result;
        }
        else
        {
            turn.Parts.Insert(turn.Parts.FindLastIndex(part => part is ResultPart) + 1, result);
        }
    }

    private void AddContent(List<ChatPart> parts, JsonElement content, string at)
    {
        if (content.ValueKind == JsonValueKind.String)
        {
            AddText(parts, content.AsText(at));
            return;
        }

        // An output may also be an object of the tool's own.
        if (content.ValueKind == JsonValueKind.Object)
        {
            AddText(parts, content.GetRawText());
            return;
        }

        var i = 0;
        foreach (var part in content.Items(at))
        {
            AddPart(parts, part, $"{at}.{i++}");
        }
    }

    private static void AddText(List<ChatPart> parts, string text)
    {
        if (text.Length > 0)
        {
            parts.Add(new TextPart(text));
        }
    }

    private void AddPart(List<ChatPart> parts, JsonElement part, string at)
    {
        var kind = part.Object(at).Text("type", $"{at}.") ?? "";
        switch (kind)
        {
            case "input_text" or "output_text" or "text" or "summary_text":
                AddText(parts, part.Text("text", $"{at}.") ?? "");
                break;
            case "refusal":
                parts.Add(new RefusalPart(part.Text("refusal", $"{at}.") ?? ""));
                break;
            case "input_image":
                parts.Add(ReadImage(part, $"{at}."));
                break;
            case "input_file":
                parts.Add(ReadFile(part, $"{at}."));
                break;
            case "input_audio":
                parts.Add(ReadAudio(part, $"{at}."));
                break;
            default:
                parts.Add(new ForeignPart(Dialect.Responses, kind, part));
                break;
        }

        if (parts.Count > 0 && part.Get("prompt_cache_breakpoint") is not null)
        {
            parts[^1].Cache = new CacheMark(Ttl: null);
        }
    }

    private MediaPart ReadImage(JsonElement part, string at)
    {
        var image = part.Get("image_url") is { } url
            ? DataUrl.Read(MediaKind.Image, url, body, $"{at}image_url")
            : new MediaPart(MediaKind.Image)
            {
                FileId = part.Text("file_id", at) ?? throw RequestMembers.Fault($"{at}image_url", "a string"),
            };
        image.Detail = part.Text("detail", at);
        return image;
    }

    private MediaPart ReadFile(JsonElement part, string at)
    {
        var file = part.Get("file_data") is { } data ? DataUrl.Read(MediaKind.Document, data, body, $"{at}file_data")
            : part.Text("file_url", at) is { } url ? new MediaPart(MediaKind.Document) { Url = url }
            : new MediaPart(MediaKind.Document)
            {
                FileId = part.Text("file_id", at) ?? throw RequestMembers.Fault($"{at}file_data", "a string"),
            };
        file.Name = part.Text("filename", at);
        return file;
    }

    private MediaPart ReadAudio(JsonElement part, string at)
    {
        var audio = (part.Get("input_audio") ?? part).Object($"{at}input_audio");
        var data = audio.Get("data") ?? throw RequestMembers.Fault($"{at}input_audio.data", "a string");
        return new MediaPart(MediaKind.Audio)
        {
            MimeType = $"audio/{audio.Text("format", at) ?? "wav"}", Base64 = data.Inside(body),
        };
    }
}
