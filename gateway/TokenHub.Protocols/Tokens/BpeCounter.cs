namespace TokenHub.Protocols.Tokens;

/// <summary>
/// The exact counter of a public vocabulary. The end of the text is kept until what follows it can no longer change its
/// pieces; a piece of more than <see cref="BpeTokenizer.PieceBytesMax"/> bytes is cut there, which may cost a token.
/// </summary>
internal sealed class BpeCounter(TokenEncoding encoding) : IncrementalCounter
{
    private const int TailBytesMax = 2 * BpeTokenizer.PieceBytesMax;

    private readonly BpeTokenizer _tokenizer = BpeTokenizer.Of(encoding);
    private readonly MergeHeap _heap = new();
    private byte[] _tail = new byte[256];
    private int _tailLength;
    private int _retryAt;
    private long _count;

    /// <summary>
    /// What is not split yet makes one token at least: on the way the count never runs ahead of the truth.
    /// </summary>
    public override long Count => _count + (_tailLength > 0 ? 1 : 0);

    public override void Append(ReadOnlySpan<byte> utf8)
    {
        while (!utf8.IsEmpty)
        {
            var taken = Math.Min(utf8.Length, TailBytesMax - _tailLength);
            Keep(utf8[..taken]);
            utf8 = utf8[taken..];
            if (_tailLength >= _retryAt)
            {
                Settle(isWhole: false);
            }
        }
    }

    public override void Break()
    {
        Settle(isWhole: true);
        _retryAt = 0;
    }

    public override void Reset() => (_tailLength, _retryAt, _count) = (0, 0, 0);

    private void Settle(bool isWhole)
    {
        ReadOnlySpan<byte> tail = _tail.AsSpan(0, _tailLength);
        var splitter = new PieceSplitter(encoding, tail, isWhole);
        var at = 0;
        while (at < tail.Length)
        {
            var length = splitter.Next(at);
            if (length == 0 && tail.Length - at < BpeTokenizer.PieceBytesMax)
            {
                break;
            }

            length = length is 0 or > BpeTokenizer.PieceBytesMax ? BpeTokenizer.PieceBytesMax : length;
            _count += _tokenizer.Count(tail.Slice(at, length), _heap);
            at += length;
        }

        tail[at..].CopyTo(_tail);
        _tailLength -= at;

        // A long piece that goes on is not looked through again for every few bytes.
        _retryAt = _tailLength + _tailLength / 4 + 1;
    }

    private void Keep(ReadOnlySpan<byte> part)
    {
        if (_tail.Length < _tailLength + part.Length)
        {
            Array.Resize(ref _tail, Math.Min(TailBytesMax, Math.Max(_tail.Length * 2, _tailLength + part.Length)));
        }

        part.CopyTo(_tail.AsSpan(_tailLength));
        _tailLength += part.Length;
    }
}
