using System.Text;
using System.Text.Json;
using TokenHub.Core.Snapshots;
using TokenHub.Protocols.Chat;
using TokenHub.Protocols.Json;

namespace TokenHub.Protocols.OpenAi.Requests;

/// <summary>Writes the parts of a message that has more than plain text.</summary>
internal sealed class OpenAiPartWriter(OpenAiRequestRun run)
{
    private readonly Utf8JsonWriter _json = run.Json;

    public void Write(ChatPart part)
    {
        switch (part)
        {
            case ForeignPart foreign:
                _json.WriteAsItIs(foreign.Value);
                break;
            case RefusalPart refusal:
                WriteText(refusal.Text, cache: null);
                break;
            case TextPart text:
                WriteText(text.Text, text.Cache);
                break;
            case MediaPart media:
                WriteMedia(media);
                break;
        }
    }

    private void WriteText(string text, CacheMark? cache)
    {
        _json.WriteStartObject();
        _json.WriteString("type"u8, "text"u8);
        _json.WriteString("text"u8, text);
        WriteCache(cache);
        _json.WriteEndObject();
    }

    private void WriteCache(CacheMark? cache)
    {
        if (cache is null || !run.TakesCacheMarks)
        {
            return;
        }

        _json.WriteStartObject("cache_control"u8);
        _json.WriteString("type"u8, "ephemeral"u8);
        if (cache.Ttl is { } ttl)
        {
            _json.WriteString("ttl"u8, ttl);
        }

        _json.WriteEndObject();
    }

    private void WriteMedia(MediaPart media)
    {
        if (media.Text is { } text)
        {
            WriteText(DocumentText(media, text), media.Cache);
            return;
        }

        if (media.FileId is not null && media.Kind != MediaKind.Document)
        {
            throw Missing(media, "its upstream cannot read a file by id");
        }

        _json.WriteStartObject();
        switch (media.Kind)
        {
            case MediaKind.Image:
                WriteUrl("image_url"u8, media);
                break;
            case MediaKind.Video when run.Model.IsCompatible:
                WriteUrl("video_url"u8, media);
                break;
            case MediaKind.Audio:
                WriteAudio(media);
                break;
            case MediaKind.Document:
                WriteFile(media);
                break;
            default:
                throw Missing(media, "its upstream takes no video");
        }

        WriteCache(media.Cache);
        _json.WriteEndObject();
    }

    /// <summary>A document that is text, under its title.</summary>
    public static string DocumentText(MediaPart media, string text)
    {
        var head = string.Join('\n', new[] { media.Name, media.Context }.Where(line => line is { Length: > 0 }));
        return head.Length > 0 ? $"{head}\n\n{text}" : text;
    }

    private void WriteUrl(ReadOnlySpan<byte> kind, MediaPart media)
    {
        _json.WriteString("type"u8, kind);
        _json.WriteStartObject(kind);
        if (media.Url is { } url)
        {
            _json.WriteString("url"u8, url);
        }
        else
        {
            _json.WritePropertyName("url"u8);
            WriteDataUrl(_json, media);
        }

        if (media.Detail is { } detail)
        {
            // The one that Responses alone knows asks for the most.
            _json.WriteString("detail"u8, detail == "original" ? "high" : detail);
        }

        _json.WriteEndObject();
    }

    /// <summary>The value of a member that takes an address: the bytes as such.</summary>
    public static void WriteDataUrl(Utf8JsonWriter json, MediaPart media)
    {
        var type = media.MimeType.Length > 0 ? media.MimeType
            : media.Kind == MediaKind.Document ? "application/pdf" : "image/png";
        json.WriteStringValueSegment(Encoding.UTF8.GetBytes($"data:{type};base64,"), isFinalSegment: false);
        json.WriteStringValueSegment(media.Base64.Span, isFinalSegment: true);
    }

    private void WriteAudio(MediaPart media)
    {
        var format = media.MimeType switch
        {
            "audio/wav" or "audio/x-wav" or "audio/wave" or "audio/vnd.wave" => "wav",
            "audio/mp3" or "audio/mpeg" => "mp3",
            _ => throw Missing(media, $"its upstream takes sound as wav or mp3, not as {media.MimeType}"),
        };
        if (media.Base64.IsEmpty)
        {
            throw Missing(media, "its upstream takes sound as bytes alone");
        }

        _json.WriteString("type"u8, "input_audio"u8);
        _json.WriteStartObject("input_audio"u8);
        _json.WriteString("data"u8, media.Base64.Span);
        _json.WriteString("format"u8, format);
        _json.WriteEndObject();
    }

    private void WriteFile(MediaPart media)
    {
        if (media.Base64.IsEmpty && (media.FileId is null || run.Request.Dialect != Dialect.Chat))
        {
            throw Missing(media, "its upstream takes documents as bytes alone");
        }

        _json.WriteString("type"u8, "file"u8);
        _json.WriteStartObject("file"u8);
        if (media.FileId is { } id)
        {
            _json.WriteString("file_id"u8, id);
        }
        else
        {
            _json.WriteString("filename"u8, media.Name is { Length: > 0 } name ? name : "document.pdf");
            _json.WritePropertyName("file_data"u8);
            WriteDataUrl(_json, media);
        }

        _json.WriteEndObject();
    }

    /// <summary>
    /// What a request asks to be read and its upstream cannot read: leaving it out would change the question.
    /// </summary>
    public static UntranslatableException Missing(MediaPart media, string why) =>
        new($"The model cannot be given this {media.Kind.ToString().ToLowerInvariant()}: {why}.", "messages");
}
