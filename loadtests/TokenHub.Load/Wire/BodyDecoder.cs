namespace TokenHub.Load.Wire;

/// <summary>Takes an HTTP/1.1 body out of its framing, at any cut.</summary>
internal struct BodyDecoder
{
    private enum Part : byte
    {
        Size,
        SizeEnd,
        Data,
        DataEnd,
        Trailer,
        Done,
    }

    private readonly bool _isChunked;
    private Part _part;
    private long _left;
    private int _lineLength;

    public BodyDecoder(in HttpHead head)
    {
        _isChunked = head.IsChunked;
        _part = head.IsChunked ? Part.Size : Part.Data;
        // Without a length the body ends with the connection.
        _left = head.IsChunked ? 0 : head.ContentLength < 0 ? long.MaxValue : head.ContentLength;
        if (!_isChunked && _left == 0)
        {
            _part = Part.Done;
        }
    }

    public readonly bool IsDone => _part == Part.Done;

    /// <summary>True for a body whose end is the connection's.</summary>
    public readonly bool EndsWithConnection => !_isChunked && _left > long.MaxValue / 2;

    /// <summary>
    /// Hands on what is body, and returns how many bytes were used; what follows belongs to the next answer.
    /// </summary>
    public int Take(ReadOnlySpan<byte> bytes, IBodySink sink, long nowNs)
    {
        var at = 0;
        while (at < bytes.Length && _part != Part.Done)
        {
            if (_part == Part.Data)
            {
                var count = (int)Math.Min(_left, bytes.Length - at);
                sink.Take(bytes.Slice(at, count), nowNs);
                at += count;
                _left -= count;
                _part = _left > 0 ? Part.Data : _isChunked ? Part.DataEnd : Part.Done;
            }
            else
            {
                TakeFraming(bytes[at++]);
            }
        }

        return at;
    }

    private void TakeFraming(byte next)
    {
        switch (_part)
        {
            case Part.Size when next is not ((byte)'\r' or (byte)';' or (byte)'\n'):
                _left = (_left << 4) | (uint)HexDigit(next);
                break;
            case Part.Size or Part.SizeEnd:
                _part = next != (byte)'\n' ? Part.SizeEnd : _left == 0 ? Part.Trailer : Part.Data;
                _lineLength = 0;
                break;
            case Part.DataEnd:
                if (next == (byte)'\n')
                {
                    _part = Part.Size;
                    _left = 0;
                }

                break;
            case Part.Trailer when next == (byte)'\n':
                _part = _lineLength == 0 ? Part.Done : Part.Trailer;
                _lineLength = 0;
                break;
            case Part.Trailer when next != (byte)'\r':
                _lineLength++;
                break;
        }
    }

    private static int HexDigit(byte digit) => digit switch
    {
        >= (byte)'0' and <= (byte)'9' => digit - '0',
        >= (byte)'a' and <= (byte)'f' => digit - 'a' + 10,
        >= (byte)'A' and <= (byte)'F' => digit - 'A' + 10,
        _ => throw new InvalidDataException("A chunk's size is no hexadecimal number."),
    };
}
