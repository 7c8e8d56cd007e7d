using TokenHub.MockUpstream.Script;

namespace TokenHub.MockUpstream.Formats;

/// <summary>One answer: everything from which its bytes follow.</summary>
public sealed class MockAnswer
{
    public required MockDialect Dialect { get; init; }

    public required MockScript Script { get; init; }

    /// <summary>The name that was asked for; plain letters, digits and dashes.</summary>
    public required ReadOnlyMemory<byte> Model { get; init; }

    public ulong Seed { get; init; }

    /// <summary>Chat streams report usage only to those who ask.</summary>
    public bool IncludesUsage { get; init; }

    /// <summary>Gemini without <c>alt=sse</c>: the stream is one JSON array.</summary>
    public bool IsArray { get; init; }

    /// <summary>
    /// Second of the answer; the same for every scripted one, so that the bytes can be known beforehand.
    /// </summary>
    public long Created { get; init; } = 1_760_000_000;

    public int InputTokens => Script.InputTokens;

    public int OutputTokens => Script.Chunks;

    /// <summary>An upper bound of one chunk's text.</summary>
    public int ChunkTextMax => Script.ChunkBytes + ScriptText.PrefixBytesMax;

    /// <summary>Writes the text of one chunk and returns its bytes.</summary>
    public int WriteText(Span<byte> to, int index)
    {
        if (!Script.IsDemo)
        {
            return ScriptText.Write(to, Seed, index, Script.ChunkBytes);
        }

        var words = DemoText.Chunk(index);
        words.CopyTo(to);
        return words.Length;
    }
}
