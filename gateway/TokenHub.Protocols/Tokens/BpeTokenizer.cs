namespace TokenHub.Protocols.Tokens;

/// <summary>Which public vocabulary a model uses.</summary>
public enum TokenEncoding : byte
{
    /// <summary>None that is public: bytes are counted by class.</summary>
    ByteClass,
    O200k,
    Cl100k,
}

/// <summary>
/// Counts the tokens of one piece of text after the byte-pair rule: the two neighbours whose union has the lowest rank
/// are joined, until no union is a token. Immutable and shared; its scratch space is the caller's.
/// </summary>
internal sealed class BpeTokenizer
{
    /// <summary>Longest piece that is merged as one.</summary>
    public const int PieceBytesMax = 4096;

    // Up to here the plain search for the smallest rank beats a heap.
    private const int PlainBytesMax = 96;

    private static readonly Lazy<BpeTokenizer> LazyO200k = new(() => new(TokenEncoding.O200k, "o200k_base.ranks"));
    private static readonly Lazy<BpeTokenizer> LazyCl100k = new(() => new(TokenEncoding.Cl100k, "cl100k_base.ranks"));

    private readonly RankTable _ranks;

    private BpeTokenizer(TokenEncoding encoding, string table)
    {
        Encoding = encoding;
        _ranks = RankTable.Load(table);
    }

    /// <summary>The tokenizer of an encoding, read from the assembly at its first use.</summary>
    public static BpeTokenizer Of(TokenEncoding encoding) =>
        encoding == TokenEncoding.O200k ? LazyO200k.Value : LazyCl100k.Value;

    public TokenEncoding Encoding { get; }

    public int VocabularySize => _ranks.Count;

    /// <summary>Tokens of a piece of at most <see cref="PieceBytesMax"/> bytes.</summary>
    public int Count(ReadOnlySpan<byte> piece, MergeHeap heap)
    {
        if (piece.Length <= 1 || _ranks.Find(piece) != RankTable.None)
        {
            return piece.Length == 0 ? 0 : 1;
        }

        return piece.Length <= PlainBytesMax ? CountPlain(piece) : heap.Count(piece, _ranks);
    }

    private int CountPlain(ReadOnlySpan<byte> piece)
    {
        // starts[i] is where part i begins, ranks[i] the rank of part i joined with part i + 1.
        Span<byte> starts = stackalloc byte[PlainBytesMax + 1];
        Span<int> ranks = stackalloc int[PlainBytesMax + 1];
        var parts = piece.Length;
        for (var i = 0; i <= parts; i++)
        {
            starts[i] = (byte)i;
            ranks[i] = i + 2 <= parts ? _ranks.Find(piece.Slice(i, 2)) : RankTable.None;
        }

        while (parts > 1)
        {
            var best = IndexOfMin(ranks[..(parts - 1)]);
            if (ranks[best] == RankTable.None)
            {
                break;
            }

            starts[(best + 2)..(parts + 1)].CopyTo(starts[(best + 1)..]);
            ranks[(best + 2)..parts].CopyTo(ranks[(best + 1)..]);
            parts--;
            ranks[best] = best + 1 < parts ? Join(piece, starts, best) : RankTable.None;
            if (best > 0)
            {
                ranks[best - 1] = Join(piece, starts, best - 1);
            }
        }

        return parts;
    }

    private int Join(ReadOnlySpan<byte> piece, ReadOnlySpan<byte> starts, int part) =>
        _ranks.Find(piece[starts[part]..starts[part + 2]]);

    private static int IndexOfMin(ReadOnlySpan<int> ranks)
    {
        var best = 0;
        for (var i = 1; i < ranks.Length; i++)
        {
            best = ranks[i] < ranks[best] ? i : best;
        }

        return best;
    }
}
