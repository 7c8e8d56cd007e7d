namespace TokenHub.Protocols.Json.Tokenizing;

/// <summary>What a JSON value is.</summary>
internal enum JsonKind : byte
{
    Object,
    Array,
    String,
    Number,
    True,
    False,
    Null,
}

/// <summary>
/// Receives what a <see cref="JsonTokenizer"/> finds. A node is the receiver's own number for a place in the document:
/// <see cref="Enter"/> gives it for each member, array elements have their array's node, the root has node 1.
/// Node 0 is silence: nothing inside is reported. A negative node is reported without the text of its strings.
/// Positions count from the first byte fed since the reset.
/// </summary>
internal interface IJsonSink
{
    /// <summary>A member begins; <paramref name="at"/> is the position of its name's opening quote. The name is
    /// unescaped and cut at <see cref="JsonTokenizer.NameBytesMax"/> bytes.</summary>
    public int Enter(int parent, scoped ReadOnlySpan<byte> name, long at);

    /// <summary>An object, array or string begins.</summary>
    public void Begin(int node, JsonKind kind, long at);

    /// <summary>Unescaped bytes of a string; a character may be cut between two parts.</summary>
    public void Text(int node, scoped ReadOnlySpan<byte> part);

    /// <summary>An object, array or string has ended just before <paramref name="at"/>.</summary>
    public void End(int node, JsonKind kind, long at);

    /// <summary>A number or literal that began at <paramref name="at"/>, and its source.</summary>
    public void Scalar(int node, JsonKind kind, scoped ReadOnlySpan<byte> text, long at);
}
