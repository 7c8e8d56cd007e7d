using System.Text;
using System.Text.Json;
using TokenHub.Protocols.Chat;

namespace TokenHub.Protocols.Bedrock;

/// <summary>Writes pictures, documents and films: as bytes, or as an address in the account's own store.</summary>
internal sealed class ConverseMediaWriter(Utf8JsonWriter json)
{
    private static readonly Dictionary<string, string> Documents = new(StringComparer.OrdinalIgnoreCase)
    {
        ["application/pdf"] = "pdf",
        ["text/plain"] = "txt",
        ["text/markdown"] = "md",
        ["text/csv"] = "csv",
        ["text/html"] = "html",
        ["application/msword"] = "doc",
        ["application/vnd.openxmlformats-officedocument.wordprocessingml.document"] = "docx",
        ["application/vnd.ms-excel"] = "xls",
        ["application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"] = "xlsx",
    };

    private int _documents;

    public void Write(MediaPart media)
    {
        var (kind, format) = media.Kind switch
        {
            MediaKind.Image => ("image", ImageFormat(media)),
            MediaKind.Document => ("document", DocumentFormat(media)),
            MediaKind.Video => ("video", VideoFormat(media)),
            _ => throw Refused(media, "takes no sound"),
        };
        if (media.FileId is not null)
        {
            throw Refused(media, "cannot read a file by id");
        }

        json.WriteStartObject();
        json.WriteStartObject(kind);
        json.WriteString("format"u8, format);
        if (media.Kind == MediaKind.Document)
        {
            // Names tell documents apart, and tell the model something: the caller's own would be read as words.
            json.WriteString("name"u8, $"document-{++_documents}");
        }

        json.WriteStartObject("source"u8);
        WriteSource(media);
        json.WriteEndObject();
        json.WriteEndObject();
        json.WriteEndObject();
    }

    private void WriteSource(MediaPart media)
    {
        if (media.Text is { } text)
        {
            json.WriteBase64String("bytes"u8, Encoding.UTF8.GetBytes(text));
        }
        else if (media.Url is { } url && media.Base64.IsEmpty)
        {
            if (!url.StartsWith("s3://", StringComparison.Ordinal))
            {
                throw Refused(media, "takes no addresses");
            }

            json.WriteStartObject("s3Location"u8);
            json.WriteString("uri"u8, url);
            json.WriteEndObject();
        }
        else
        {
            json.WriteString("bytes"u8, media.Base64.Span);
        }
    }

    private static string ImageFormat(MediaPart media) => media.MimeType.ToLowerInvariant() switch
    {
        "image/jpeg" or "image/jpg" => "jpeg",
        "image/gif" => "gif",
        "image/webp" => "webp",
        "image/png" or "" => "png",
        _ => throw Refused(media, $"takes pictures as png, jpeg, gif or webp, not as {media.MimeType}"),
    };

    private static string DocumentFormat(MediaPart media) =>
        media.MimeType.Length == 0 ? (media.Text is null ? "pdf" : "txt")
        : Documents.TryGetValue(media.MimeType, out var format) ? format
        : media.Text is not null || media.MimeType.StartsWith("text/", StringComparison.OrdinalIgnoreCase) ? "txt"
        : throw Refused(media, $"takes no documents of the type {media.MimeType}");

    private static string VideoFormat(MediaPart media) => media.MimeType.ToLowerInvariant() switch
    {
        "video/mp4" or "" => "mp4",
        "video/webm" => "webm",
        "video/quicktime" => "mov",
        "video/x-matroska" => "mkv",
        "video/mpeg" => "mpeg",
        "video/3gpp" => "three_gp",
        _ => throw Refused(media, $"takes no films of the type {media.MimeType}"),
    };

    private static UntranslatableException Refused(MediaPart media, string why) => new(
        $"The model cannot be given this {media.Kind.ToString().ToLowerInvariant()}: its upstream {why}.", "messages");
}
