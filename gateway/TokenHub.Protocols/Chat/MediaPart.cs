namespace TokenHub.Protocols.Chat;

public enum MediaKind : byte
{
    Image,
    Document,
    Audio,
    Video,
}

/// <summary>
/// A picture, document, sound or film: exactly one of <see cref="Base64"/>, <see cref="Url"/>, <see cref="FileId"/> and
/// <see cref="Text"/> is given.
/// </summary>
public sealed class MediaPart(MediaKind kind) : ChatPart
{
    public MediaKind Kind { get; } = kind;

    /// <summary>Such as <c>image/png</c>; empty when nobody said.</summary>
    public string MimeType { get; set; } = "";

    /// <summary>The bytes in base64, as they stood in the body; empty when given otherwise.</summary>
    public ReadOnlyMemory<byte> Base64 { get; set; }

    public string? Url { get; set; }

    /// <summary>A file kept at the upstream whose dialect the request is written in.</summary>
    public string? FileId { get; set; }

    /// <summary>A document that is plain text.</summary>
    public string? Text { get; set; }

    /// <summary>File name or title.</summary>
    public string? Name { get; set; }

    /// <summary>low, high, auto or original.</summary>
    public string? Detail { get; set; }

    /// <summary>What the caller tells of a document beside it (Anthropic).</summary>
    public string? Context { get; set; }
}
