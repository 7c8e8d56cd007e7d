using System.Text.Json;
using TokenHub.Core.Snapshots;
using TokenHub.Protocols.Chat;
using TokenHub.Protocols.Codecs;

namespace TokenHub.Protocols.Gemini.Requests;

/// <summary>Writes the instructions and the contents of a request.</summary>
internal sealed class ContentWriter(
    Utf8JsonWriter json, ChatRequest request, UpstreamModel target, GeminiModel model, Dropped dropped)
{
    /// <summary>Stands for a signature that is not to be had: documented, and taken by the third generation.</summary>
    private static ReadOnlySpan<byte> NoSignature => "skip_thought_signature_validator"u8;

    /// <summary>Whether a part can be written; one that cannot is reported, unless nobody else could read it.</summary>
    public bool Keeps(ChatPart part)
    {
        switch (part)
        {
            case TextPart text:
                return text.Text.Length > 0;
            case RefusalPart refusal:
                return refusal.Text.Length > 0;
            case ReasoningPart reasoning:
                return reasoning.Opaque is { } opaque && opaque.IsFor(Dialect.Gemini, target.Name);
            case ForeignPart foreign when foreign.Dialect != Dialect.Gemini:
                dropped.Add(foreign.Kind);
                return false;
            default:
                return true;
        }
    }

    public void Write(Dialogue dialogue)
    {
        if (dialogue.Instructions.Count > 0)
        {
            json.WriteStartObject("systemInstruction"u8);
            json.WriteStartArray("parts"u8);
            dialogue.Instructions.ForEach(part => WritePart(part));
            json.WriteEndArray();
            json.WriteEndObject();
        }

        json.WriteStartArray("contents"u8);
        foreach (var turn in dialogue.Turns)
        {
            json.WriteStartObject();
            json.WriteString("role"u8, turn.Role == ChatRole.Assistant ? "model"u8 : "user"u8);
            json.WriteStartArray("parts"u8);
            if (turn.Role == ChatRole.Assistant)
            {
                WriteAnswer(turn.Parts);
            }
            else
            {
                WriteUsers(turn.Parts);
            }

            json.WriteEndArray();
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    // A signature stands on the part it came with; one that came through another dialect stands before it.
    private void WriteAnswer(List<ChatPart> parts)
    {
        string? ofText = null, ofCall = null;
        var isFirstCall = true;
        foreach (var part in parts)
        {
            switch (part)
            {
                case ReasoningPart { Opaque.Kind: OpaqueKind.Text } reasoning:
                    WriteEmptyText(ofText);
                    ofText = reasoning.Opaque!.Data;
                    break;
                case ReasoningPart { Opaque.Kind: OpaqueKind.Call } reasoning:
                    ofCall = reasoning.Opaque!.Data;
                    break;
                case ReasoningPart reasoning:
                    WriteText(reasoning.Text, reasoning.Opaque!.Data, isThought: true);
                    break;
                case TextPart text:
                    WriteText(text.Text, ofText);
                    ofText = null;
                    break;
                case CallPart call:
                    WriteEmptyText(ofText);
                    ofText = null;
                    var own = call.Opaque is { } opaque && opaque.IsFor(Dialect.Gemini, target.Name)
                        ? opaque.Data : ofCall;
                    WriteCall(call, own, isFirstCall);
                    (ofCall, isFirstCall) = (null, false);
                    break;
                default:
                    WritePart(part);
                    break;
            }
        }

        WriteEmptyText(ofText);
    }

    // Results first, one behind the other; what they show and their place cannot hold comes behind them all.
    private void WriteUsers(List<ChatPart> parts)
    {
        var shown = new List<ChatPart>();
        foreach (var part in parts)
        {
            if (part is not ResultPart result)
            {
                break;
            }

            WriteResult(result, shown);
        }

        shown.ForEach(part => WritePart(part));
        foreach (var part in parts)
        {
            if (part is not ResultPart)
            {
                WritePart(part);
            }
        }
    }

    private void WritePart(ChatPart part)
    {
        switch (part)
        {
            case TextPart text:
                WriteText(text.Text);
                break;
            case RefusalPart refusal:
                WriteText(refusal.Text);
                break;
            case MediaPart { Text: { } text } media:
                WriteText(string.Join('\n', new[] { media.Name, media.Context, text }.Where(line => line?.Length > 0)));
                break;
            case MediaPart media:
                json.WriteStartObject();
                WriteMedia(media);
                json.WriteEndObject();
                break;
            case ForeignPart foreign:
                foreign.Value.WriteTo(json);
                break;
        }
    }

    private void WriteText(string text, string? signature = null, bool isThought = false)
    {
        json.WriteStartObject();
        json.WriteString("text"u8, text);
        if (isThought)
        {
            json.WriteBoolean("thought"u8, true);
        }

        json.WriteText("thoughtSignature"u8, signature);
        json.WriteEndObject();
    }

    private void WriteEmptyText(string? signature)
    {
        if (signature is not null)
        {
            WriteText("", signature);
        }
    }

    private void WriteCall(CallPart call, string? signature, bool isFirst)
    {
        json.WriteStartObject();
        json.WriteStartObject("functionCall"u8);
        WriteId(call.Id);
        json.WriteString("name"u8, call.Name);
        json.WritePropertyName("args"u8);
        if (!json.WriteArguments(call))
        {
            dropped.Add("arguments");
        }

        json.WriteEndObject();
        json.WriteText("thoughtSignature"u8, signature);
        if (signature is null && isFirst && model.IsThird)
        {
            json.WriteString("thoughtSignature"u8, NoSignature);
        }

        json.WriteEndObject();
    }

    private void WriteResult(ResultPart result, List<ChatPart> shown)
    {
        json.WriteStartObject();
        json.WriteStartObject("functionResponse"u8);
        WriteId(result.CallId);
        json.WriteString("name"u8, result.Name ?? "");
        if (result.Value is { ValueKind: JsonValueKind.Object } value)
        {
            json.WriteElement("response"u8, value);
        }
        else
        {
            json.WriteStartObject("response"u8);
            json.WriteString(result.IsError ? "error"u8 : "output"u8, TextOf(result));
            json.WriteEndObject();
        }

        var media = result.Content.FindAll(part => part is MediaPart { Text: null });
        var inside = model.IsThird && !target.IsCompatible
            ? media.FindAll(part => part is MediaPart { Base64.IsEmpty: false }) : [];
        if (inside.Count > 0)
        {
            json.WriteStartArray("parts"u8);
            inside.ForEach(WritePart);
            json.WriteEndArray();
        }

        json.WriteEndObject();
        json.WriteEndObject();
        foreach (var part in media.Except(inside))
        {
            shown.Add(new TextPart($"Shown by the call {result.CallId}:"));
            shown.Add(part);
        }
    }

    private static string TextOf(ResultPart result) => string.Join('\n', result.Content.Select(part => part switch
    {
        TextPart text => text.Text,
        MediaPart { Text: { } text } media => $"{media.Name}\n{text}".TrimStart(),
        _ => null,
    }).Where(text => text is not null));

    private void WriteId(string id)
    {
        if (!target.IsCompatible)
        {
            json.WriteString("id"u8, id);
        }
    }

    private void WriteMedia(MediaPart media)
    {
        if (!media.Base64.IsEmpty)
        {
            json.WriteStartObject("inlineData"u8);
            json.WriteString("mimeType"u8, MimeTypeOf(media));
            json.WriteString("data"u8, media.Base64.Span);
            json.WriteEndObject();
            return;
        }

        if (media.FileId is { } file && request.Dialect != Dialect.Gemini)
        {
            throw new UntranslatableException($"The file {file} is not known to this model's provider.");
        }

        var type = media.MimeType.Length > 0 ? media.MimeType : MediaTypes.OfAddress(media);
        json.WriteStartObject("fileData"u8);
        json.WriteText("mimeType"u8, type.Length > 0 ? type : null);
        json.WriteString("fileUri"u8, media.FileId ?? media.Url ?? "");
        json.WriteEndObject();
    }

    private static string MimeTypeOf(MediaPart media)
    {
        var type = media.MimeType.Length > 0 ? media.MimeType
            : media.Kind == MediaKind.Image ? RequestJson.SniffImage(media.Base64.Span)
            : media.Kind == MediaKind.Document ? "application/pdf"
            : "";
        return type.Length > 0 ? type
            : throw new UntranslatableException("The type of a picture or file must be given.");
    }
}
