using System.Text.Json;
using TokenHub.Core.Snapshots;
using TokenHub.Protocols.Chat;
using TokenHub.Protocols.Codecs;
using TokenHub.Protocols.Json;
using TokenHub.Protocols.OpenAi.Requests;

namespace TokenHub.Protocols.Responses.Requests;

/// <summary>Writes turns as the items of a Responses request.</summary>
internal sealed class ResponsesInputWriter(OpenAiRequestRun run)
{
    /// <summary>The longest id of a call that Responses takes.</summary>
    private const int CallIdCharsMax = 64;

    private readonly Utf8JsonWriter _json = run.Json;
    private readonly HashSet<string> _freeForm = new(StringComparer.Ordinal);

    public void Write()
    {
        var turns = run.Request.Turns;
        var lead = turns.FindIndex(turn => !turn.IsInstruction);
        lead = lead < 0 ? turns.Count : lead;

        // Instructions that stand elsewhere keep their place: the others then stay where they are, too.
        var isLeading = lead > 0 && turns.FindIndex(lead, turn => turn.IsInstruction) < 0;
        if (isLeading)
        {
            _json.WriteString("instructions"u8, string.Join("\n\n", turns.Take(lead)
                .SelectMany(turn => turn.Parts).OfType<TextPart>().Select(part => part.Text)));
        }

        _json.WriteStartArray("input"u8);
        foreach (var turn in turns.Skip(isLeading ? lead : 0))
        {
            if (turn.Role == ChatRole.Assistant)
            {
                WriteAssistant(turn.Parts);
            }
            else
            {
                WriteOther(turn);
            }
        }

        _json.WriteEndArray();
    }

    private void WriteOther(ChatTurn turn)
    {
        foreach (var result in turn.Parts.OfType<ResultPart>())
        {
            WriteResult(result);
        }

        foreach (var foreign in turn.Parts.OfType<ForeignPart>())
        {
            WriteForeign(foreign);
        }

        var said = turn.Parts.FindAll(part => part is TextPart or MediaPart or RefusalPart);
        if (said.Count == 0)
        {
            return;
        }

        BeginMessage(turn.Role switch
        {
            ChatRole.System => "system",
            ChatRole.Developer => "developer",
            _ => "user",
        });
        said.ForEach(WritePart);
        EndMessage();
    }

    // A thought stands directly before what it led to; one that led to nothing more is refused.
    private void WriteAssistant(List<ChatPart> parts)
    {
        var isOpen = false;
        for (var i = 0; i < parts.Count; i++)
        {
            switch (parts[i])
            {
                case TextPart or RefusalPart:
                    if (!isOpen)
                    {
                        BeginMessage("assistant");
                    }

                    isOpen = true;
                    WriteOutput(parts[i]);
                    break;
                case ReasoningPart { Opaque: { } opaque } thought when opaque.IsFor(
                    Dialect.Responses, run.Model.Name) && HasFollower(parts, i):
                    isOpen = EndMessage(isOpen);
                    WriteReasoning(thought.Text, opaque);
                    break;
                case CallPart call:
                    isOpen = EndMessage(isOpen);
                    WriteCall(call);
                    break;
                case ForeignPart foreign:
                    isOpen = EndMessage(isOpen);
                    WriteForeign(foreign);
                    break;
                case MediaPart media:
                    run.Dropped.Add(media.Kind.ToString().ToLowerInvariant());
                    break;
            }
        }

        EndMessage(isOpen);
    }

    private static bool HasFollower(List<ChatPart> parts, int at) =>
        parts.FindIndex(at, part => part is TextPart or RefusalPart or CallPart) >= 0;

    private void WriteReasoning(string text, OpaqueItem opaque)
    {
        _json.WriteStartObject();
        _json.WriteString("type"u8, "reasoning"u8);
        if (opaque.Id is { Length: > 0 } id)
        {
            _json.WriteString("id"u8, id);
        }

        _json.WriteStartArray("summary"u8);
        if (text.Length > 0)
        {
            _json.WriteStartObject();
            _json.WriteString("type"u8, "summary_text"u8);
            _json.WriteString("text"u8, text);
            _json.WriteEndObject();
        }

        _json.WriteEndArray();
        _json.WriteString("encrypted_content"u8, opaque.Data);
        _json.WriteEndObject();
    }

    private void WriteCall(CallPart call)
    {
        var isFreeForm = call.IsFreeForm && run.TakesFreeForm;
        if (isFreeForm)
        {
            _freeForm.Add(call.Id);
        }

        _json.WriteStartObject();
        _json.WriteString("type"u8, isFreeForm ? "custom_tool_call"u8 : "function_call"u8);
        _json.WriteString("call_id"u8, CallPairing.Fit(call.Id, CallIdCharsMax));
        _json.WriteString("name"u8, call.Name);
        _json.WriteString(isFreeForm ? "input"u8 : "arguments"u8, isFreeForm ? call.Arguments
            : call.IsFreeForm ? FreeForm.ToArguments(call.Arguments)
            : call.Arguments.Length > 0 ? call.Arguments : "{}");
        _json.WriteEndObject();
    }

    private void WriteResult(ResultPart result)
    {
        _json.WriteStartObject();
        _json.WriteString(
            "type"u8, _freeForm.Contains(result.CallId) ? "custom_tool_call_output"u8 : "function_call_output"u8);
        _json.WriteString("call_id"u8, CallPairing.Fit(result.CallId, CallIdCharsMax));
        foreach (var foreign in result.Content.OfType<ForeignPart>())
        {
            run.Dropped.Add(foreign.Kind);
        }

        if (result.Content.Exists(part => part is MediaPart { Text: null }))
        {
            _json.WriteStartArray("output"u8);
            var text = OpenAiTurnWriter.ResultText(result);
            if (text.Length > 0)
            {
                WritePart(new TextPart(text));
            }

            result.Content.FindAll(part => part is MediaPart { Text: null }).ForEach(WritePart);
            _json.WriteEndArray();
        }
        else
        {
            _json.WriteString("output"u8, OpenAiTurnWriter.ResultText(result));
        }

        _json.WriteEndObject();
    }

    private void WriteForeign(ForeignPart foreign)
    {
        if (foreign.Dialect == Dialect.Responses)
        {
            _json.WriteAsItIs(foreign.Value);
        }
        else
        {
            run.Dropped.Add(foreign.Kind);
        }
    }

    private void BeginMessage(string role)
    {
        _json.WriteStartObject();
        _json.WriteString("type"u8, "message"u8);
        _json.WriteString("role"u8, role);
        _json.WriteStartArray("content"u8);
    }

    private void EndMessage()
    {
        _json.WriteEndArray();
        _json.WriteEndObject();
    }

    private bool EndMessage(bool isOpen)
    {
        if (isOpen)
        {
            EndMessage();
        }

        return false;
    }

    private void WriteOutput(ChatPart part)
    {
        var (type, text) = part is RefusalPart refusal
            ? ("refusal", refusal.Text) : ("output_text", ((TextPart)part).Text);
        _json.WriteStartObject();
        _json.WriteString("type"u8, type);
        _json.WriteString(type == "refusal" ? "refusal"u8 : "text"u8, text);
        _json.WriteEndObject();
    }

    private void WritePart(ChatPart part)
    {
        _json.WriteStartObject();
        switch (part)
        {
            case TextPart text:
                WriteText(text.Text);
                break;
            case RefusalPart refusal:
                WriteText(refusal.Text);
                break;
            case MediaPart { Text: { } text } document:
                WriteText(OpenAiPartWriter.DocumentText(document, text));
                break;
            case MediaPart { Kind: MediaKind.Image } image:
                WriteImage(image);
                break;
            case MediaPart { Kind: MediaKind.Document } document:
                WriteFile(document);
                break;
            case MediaPart media:
                throw OpenAiPartWriter.Missing(media, "its upstream takes pictures and documents alone");
        }

        _json.WriteEndObject();
    }

    private void WriteText(string text)
    {
        _json.WriteString("type"u8, "input_text"u8);
        _json.WriteString("text"u8, text);
    }

    private void WriteImage(MediaPart image)
    {
        _json.WriteString("type"u8, "input_image"u8);
        _json.WriteString("detail"u8, image.Detail ?? "auto");
        WriteSource(image, "image_url"u8, "image_url"u8);
    }

    private void WriteFile(MediaPart file)
    {
        _json.WriteString("type"u8, "input_file"u8);
        if (!file.Base64.IsEmpty || file.Name is not null)
        {
            _json.WriteString("filename"u8, file.Name is { Length: > 0 } name ? name : "document.pdf");
        }

        WriteSource(file, "file_data"u8, "file_url"u8);
    }

    private void WriteSource(MediaPart media, ReadOnlySpan<byte> bytesName, ReadOnlySpan<byte> urlName)
    {
        if (media.FileId is { } id)
        {
            if (run.Request.Dialect != Dialect.Responses)
            {
                throw OpenAiPartWriter.Missing(media, "its upstream cannot read a file by another's id");
            }

            _json.WriteString("file_id"u8, id);
        }
        else if (media.Url is { } url)
        {
            _json.WriteString(urlName, url);
        }
        else
        {
            _json.WritePropertyName(bytesName);
            OpenAiPartWriter.WriteDataUrl(_json, media);
        }
    }
}
