namespace TokenHub.MockUpstream.Script;

/// <summary>What a newcomer's first call says, a word or two a chunk.</summary>
public static class DemoText
{
    public const int ChunkBytesMax = 24;

    private static readonly byte[][] Words =
    [
        .. new[]
        {
            "Hello", "!", " This", " is", " TokenHub", "'s", " demo", " upstream", ".", " Your", " request", " went",
            " through", " the", " gateway", ",", " was", " metered", " word", " by", " word", ",", " and", " is",
            " in", " your", " ledger", " already", ".",
        }.Select(System.Text.Encoding.UTF8.GetBytes),
    ];

    public static int Chunks => Words.Length;

    public static ReadOnlySpan<byte> Chunk(int index) => Words[index];
}
