namespace TokenHub.Protocols.Sse;

/// <summary>Receives what an <see cref="SseReader"/> finds, in parts as they come.</summary>
internal interface ISseSink
{
    /// <summary>Bytes of the event's name.</summary>
    public void Name(scoped ReadOnlySpan<byte> part);

    /// <summary>Bytes of the event's data; the line feed between two data lines is one of them.</summary>
    public void Data(scoped ReadOnlySpan<byte> part);

    /// <summary>
    /// Bytes of a line that is no field but begins like a JSON document, and of the lines after it. Returns how many
    /// belong to the document: fewer than given once it has ended.
    /// </summary>
    public int Bare(scoped ReadOnlySpan<byte> bytes);

    /// <summary>A blank line, or the stream's end: the event is complete. Also called when there was none.</summary>
    public void Dispatch();
}
