namespace TokenHub.MockUpstream.Formats;

/// <summary>
/// The bytes of answers in one dialect. Both the mock and the load client write them: one sends, one expects.
/// </summary>
public abstract class AnswerFormat
{
    private const int FrameBytesMax = 2048;
    private static readonly AnswerFormat[] Formats =
        [new ChatFormat(), new ResponsesFormat(), new MessagesFormat(), new GeminiFormat()];

    /// <summary>How often the whole text stands in what ends a stream.</summary>
    protected abstract int TextRepeatsAtEnd { get; }

    public static AnswerFormat Of(MockDialect dialect) => Formats[(int)dialect];

    /// <summary>What comes before the first chunk.</summary>
    public abstract void Begin(ref Pen pen, MockAnswer answer);

    public abstract void Chunk(ref Pen pen, MockAnswer answer, int index, long stampNs);

    /// <summary>What comes after the last chunk.</summary>
    public abstract void Finish(ref Pen pen, MockAnswer answer);

    /// <summary>The answer to a request that asked for no stream.</summary>
    public abstract void Whole(ref Pen pen, MockAnswer answer);

    public abstract void TokenCount(ref Pen pen, int tokens);

    public abstract void Failure(ref Pen pen, int status, ReadOnlySpan<byte> message);

    /// <summary>Room that a begin or a chunk needs at most.</summary>
    public static int ChunkBytesMax(MockAnswer answer) => FrameBytesMax + answer.ChunkTextMax;

    /// <summary>Room that the end of a stream needs at most.</summary>
    public int FinishBytesMax(MockAnswer answer) => (2 * FrameBytesMax) + (TextRepeatsAtEnd * TextMax(answer));

    /// <summary>Room that a whole answer needs at most.</summary>
    public static int WholeBytesMax(MockAnswer answer) => FrameBytesMax + TextMax(answer);

    private static int TextMax(MockAnswer answer) => answer.Script.Chunks * answer.ChunkTextMax;
}
