using TokenHub.Protocols.Chat;

namespace TokenHub.Protocols.Gemini.Requests;

/// <summary>Media types by the end of an address, for whoever must name one and was not told.</summary>
internal static class MediaTypes
{
    public static string OfAddress(MediaPart media)
    {
        var address = media.Url ?? media.FileId ?? "";
        var end = address.IndexOfAny(['?', '#']);
        var path = end < 0 ? address : address[..end];
        var type = path[(path.LastIndexOf('.') + 1)..].ToLowerInvariant() switch
        {
            "png" => "image/png",
            "jpg" or "jpeg" => "image/jpeg",
            "gif" => "image/gif",
            "webp" => "image/webp",
            "pdf" => "application/pdf",
            "txt" => "text/plain",
            "mp3" => "audio/mp3",
            "wav" => "audio/wav",
            "mp4" => "video/mp4",
            _ => "",
        };
        return type.Length > 0 ? type : media.Kind switch
        {
            MediaKind.Image => "image/jpeg",
            MediaKind.Document => "application/pdf",
            _ => "",
        };
    }
}
