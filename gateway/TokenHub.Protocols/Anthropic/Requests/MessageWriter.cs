using System.Text;
using System.Text.Json;
using TokenHub.Core.Snapshots;
using TokenHub.Protocols.Chat;
using TokenHub.Protocols.Codecs;

namespace TokenHub.Protocols.Anthropic.Requests;

/// <summary>Writes the system's text and the messages of a request.</summary>
internal sealed class MessageWriter(Utf8JsonWriter json, ChatRequest request, UpstreamModel target, Dropped dropped)
{
    /// <summary>More breakpoints than these are refused.</summary>
    private const int CacheMarksMax = 4;

    // The first ones are left out where there are too many: a later one covers more.
    private int _marksLeftOut;

    /// <summary>Whether a part can be written; one that cannot is reported, unless nobody else could read it.</summary>
    public bool Keeps(ChatPart part)
    {
        switch (part)
        {
            case TextPart text:
                return !string.IsNullOrWhiteSpace(text.Text);
            case RefusalPart refusal:
                return !string.IsNullOrWhiteSpace(refusal.Text);
            case ReasoningPart reasoning:
                return reasoning.Opaque is { Kind: OpaqueKind.Reasoning or OpaqueKind.Redacted } opaque
                    && opaque.IsFor(Dialect.Anthropic, target.Name);
            case ForeignPart foreign when foreign.Dialect != Dialect.Anthropic:
                dropped.Add(foreign.Kind);
                return false;
            default:
                return true;
        }
    }

    public void Write(Dialogue dialogue)
    {
        var marks = request.Tools.Select(tool => tool.Cache)
            .Concat(dialogue.Instructions.Select(part => part.Cache))
            .Concat(dialogue.Turns.SelectMany(turn => turn.Parts).SelectMany(MarksOf));
        _marksLeftOut = marks.Count(mark => mark is not null) - CacheMarksMax;
        if (dialogue.Instructions.Count > 0)
        {
            json.WriteStartArray("system"u8);
            dialogue.Instructions.ForEach(part => WritePart(part));
            json.WriteEndArray();
        }

        json.WriteStartArray("messages"u8);
        for (var i = 0; i < dialogue.Turns.Count; i++)
        {
            WriteTurn(dialogue.Turns[i], isLast: i == dialogue.Turns.Count - 1);
        }

        json.WriteEndArray();
    }

    public void WriteCache(CacheMark? mark)
    {
        if (mark is null || _marksLeftOut-- > 0)
        {
            return;
        }

        json.WriteStartObject("cache_control"u8);
        json.WriteString("type"u8, "ephemeral"u8);
        json.WriteText("ttl"u8, mark.Ttl);
        json.WriteEndObject();
    }

    private static IEnumerable<CacheMark?> MarksOf(ChatPart part) =>
        part is ResultPart result ? result.Content.Select(inner => inner.Cache).Append(part.Cache) : [part.Cache];

    private void WriteTurn(ChatTurn turn, bool isLast)
    {
        json.WriteStartObject();
        json.WriteString("role"u8, turn.Role switch
        {
            ChatRole.Assistant => "assistant"u8,
            ChatRole.User => "user"u8,
            _ => "system"u8,
        });
        json.WriteStartArray("content"u8);
        for (var i = 0; i < turn.Parts.Count; i++)
        {
            // An answer that is to be continued must not end in white space.
            var isTail = isLast && turn.Role == ChatRole.Assistant && i == turn.Parts.Count - 1;
            WritePart(turn.Parts[i], isTail, turn.Role == ChatRole.Assistant);
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }

    private void WritePart(ChatPart part, bool isTail = false, bool isAssistants = false)
    {
        switch (part)
        {
            case TextPart text:
                WriteText(isTail ? text.Text.TrimEnd() : text.Text, text.Cache);
                break;
            case RefusalPart refusal:
                WriteText(isTail ? refusal.Text.TrimEnd() : refusal.Text, refusal.Cache);
                break;
            case ReasoningPart reasoning:
                WriteReasoning(reasoning);
                break;
            case CallPart call:
                WriteCall(call);
                break;
            case ResultPart result:
                WriteResult(result);
                break;
            case MediaPart media when isAssistants:
                dropped.Add(media.Kind.ToString().ToLowerInvariant());
                break;
            case MediaPart media:
                WriteMedia(media);
                break;
            case ForeignPart foreign:
                foreign.Value.WriteTo(json);
                break;
        }
    }

    private void WriteText(string text, CacheMark? cache)
    {
        json.WriteStartObject();
        json.WriteString("type"u8, "text"u8);
        json.WriteString("text"u8, text);
        WriteCache(cache);
        json.WriteEndObject();
    }

    private void WriteReasoning(ReasoningPart reasoning)
    {
        json.WriteStartObject();
        if (reasoning.Opaque!.Kind == OpaqueKind.Redacted)
        {
            json.WriteString("type"u8, "redacted_thinking"u8);
            json.WriteString("data"u8, reasoning.Opaque.Data);
        }
        else
        {
            json.WriteString("type"u8, "thinking"u8);
            json.WriteString("thinking"u8, reasoning.Text);
            json.WriteString("signature"u8, reasoning.Opaque.Data);
        }

        json.WriteEndObject();
    }

    private void WriteCall(CallPart call)
    {
        json.WriteStartObject();
        json.WriteString("type"u8, "tool_use"u8);
        json.WriteString("id"u8, call.Id);
        json.WriteString("name"u8, call.Name);
        json.WritePropertyName("input"u8);
        if (!json.WriteArguments(call))
        {
            dropped.Add("arguments");
        }

        if (call.Caller is { } caller && request.Dialect == Dialect.Anthropic)
        {
            json.WriteElement("caller"u8, caller);
        }

        WriteCache(call.Cache);
        json.WriteEndObject();
    }

    private void WriteResult(ResultPart result)
    {
        json.WriteStartObject();
        json.WriteString("type"u8, "tool_result"u8);
        json.WriteString("tool_use_id"u8, result.CallId);
        var content = result.Content.FindAll(Keeps);
        if (content is [TextPart { Cache: null } only])
        {
            json.WriteString("content"u8, only.Text);
        }
        else if (content.Count > 0)
        {
            json.WriteStartArray("content"u8);
            content.ForEach(part => WritePart(part));
            json.WriteEndArray();
        }

        if (result.IsError)
        {
            json.WriteBoolean("is_error"u8, true);
        }

        WriteCache(result.Cache);
        json.WriteEndObject();
    }

    private void WriteMedia(MediaPart media)
    {
        var isImage = media.Kind == MediaKind.Image;
        if (media.Kind is not (MediaKind.Image or MediaKind.Document))
        {
            throw new UntranslatableException($"The model takes no {media.Kind.ToString().ToLowerInvariant()}.");
        }

        json.WriteStartObject();
        json.WriteString("type"u8, isImage ? "image"u8 : "document"u8);
        json.WriteStartObject("source"u8);
        WriteSource(media, isImage);
        json.WriteEndObject();
        if (!isImage)
        {
            json.WriteText("title"u8, media.Name);
            json.WriteText("context"u8, media.Context);
        }

        WriteCache(media.Cache);
        json.WriteEndObject();
    }

    private void WriteSource(MediaPart media, bool isImage)
    {
        if (media.Text is { } text)
        {
            WriteSourceText(text);
        }
        else if (media.Url is { } url)
        {
            json.WriteString("type"u8, "url"u8);
            json.WriteString("url"u8, url);
        }
        else if (media.FileId is { } file)
        {
            json.WriteString("type"u8, "file"u8);
            json.WriteString("file_id"u8, request.Dialect == Dialect.Anthropic ? file
                : throw new UntranslatableException($"The file {file} is not known to this model's provider."));
        }
        else if (!isImage && media.MimeType.StartsWith("text/", StringComparison.Ordinal))
        {
            WriteSourceText(Encoding.UTF8.GetString(Convert.FromBase64String(
                Encoding.ASCII.GetString(media.Base64.Span))));
        }
        else
        {
            json.WriteString("type"u8, "base64"u8);
            json.WriteString("media_type"u8, MimeTypeOf(media, isImage));
            json.WriteString("data"u8, media.Base64.Span);
        }
    }

    private void WriteSourceText(string text)
    {
        json.WriteString("type"u8, "text"u8);
        json.WriteString("media_type"u8, "text/plain"u8);
        json.WriteString("data"u8, text);
    }

    private static string MimeTypeOf(MediaPart media, bool isImage)
    {
        var type = isImage && media.MimeType is "" or "image/jpg" ? RequestJson.SniffImage(media.Base64.Span)
            : media.MimeType;
        var isTaken = isImage ? type is "image/jpeg" or "image/png" or "image/gif" or "image/webp"
            : type is "application/pdf" or "";
        return !isTaken ? throw new UntranslatableException($"The model takes nothing of the type '{media.MimeType}'.")
            : type.Length == 0 ? "application/pdf" : type;
    }
}
