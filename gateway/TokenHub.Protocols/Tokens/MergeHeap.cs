namespace TokenHub.Protocols.Tokens;

/// <summary>
/// Scratch space for merging a long piece: parts as a linked list, candidate unions in a heap by rank, then by place.
/// Not thread-safe.
/// </summary>
internal sealed class MergeHeap
{
    private int[] _next = [];
    private int[] _previous = [];
    private int[] _unionEnd = [];
    private readonly PriorityQueue<int, long> _unions = new();

    public int Count(ReadOnlySpan<byte> piece, RankTable ranks)
    {
        Prepare(piece.Length);
        for (var i = 0; i < piece.Length; i++)
        {
            Offer(piece, ranks, i);
        }

        var parts = piece.Length;
        while (_unions.TryDequeue(out var start, out var order))
        {
            // An entry is stale when either of its parts has been joined since.
            var end = (int)(order & 0xFFFF);
            if (_unionEnd[start] != end)
            {
                continue;
            }

            var gone = _next[start];
            _unionEnd[gone] = -1;
            _next[start] = _next[gone];
            if (_next[gone] < piece.Length)
            {
                _previous[_next[gone]] = start;
            }

            parts--;
            Offer(piece, ranks, start);
            if (_previous[start] >= 0)
            {
                Offer(piece, ranks, _previous[start]);
            }
        }

        return parts;
    }

    // The priority is rank, start and end in one number, so that equal ranks merge from the left.
    private void Offer(ReadOnlySpan<byte> piece, RankTable ranks, int start)
    {
        var middle = _next[start];
        _unionEnd[start] = -1;
        if (middle >= piece.Length)
        {
            return;
        }

        var end = _next[middle];
        var rank = ranks.Find(piece[start..end]);
        if (rank != RankTable.None)
        {
            _unionEnd[start] = end;
            _unions.Enqueue(start, ((long)rank << 32) | ((long)start << 16) | (uint)end);
        }
    }

    private void Prepare(int length)
    {
        _unions.Clear();
        if (_next.Length < length)
        {
            (_next, _previous, _unionEnd) = (new int[length], new int[length], new int[length]);
        }

        for (var i = 0; i < length; i++)
        {
            (_next[i], _previous[i]) = (i + 1, i - 1);
        }
    }
}
