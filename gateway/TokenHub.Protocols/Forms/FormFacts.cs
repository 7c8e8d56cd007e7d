namespace TokenHub.Protocols.Forms;

/// <summary>What one pass over a multipart form found. Ranges are byte offsets into the body.</summary>
public readonly record struct FormFacts
{
    /// <summary>The value of <c>model</c>, as it stands.</summary>
    public Range Model { get; init; }

    public bool Stream { get; init; }

    /// <summary>Answers asked for; 1 when nothing is said.</summary>
    public int N { get; init; }

    public int PartialImages { get; init; }

    /// <summary>Bytes of the file <c>file</c>; the default range without one.</summary>
    public Range File { get; init; }

    /// <summary>Files other than <c>file</c>: pictures, masks.</summary>
    public int Files { get; init; }

    /// <summary>Bytes of all fields that are no file, their names aside.</summary>
    public long TextBytes { get; init; }

    public bool HasFile => File.End.Value > 0;
}
