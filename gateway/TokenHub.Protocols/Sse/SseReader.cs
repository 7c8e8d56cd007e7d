namespace TokenHub.Protocols.Sse;

/// <summary>
/// The framing of a server-sent event stream, fed in pieces cut anywhere. Lines end in LF, CRLF or CR; a leading byte
/// order mark, comments, ids and unknown fields are skipped. Nothing is kept of a line, so its length does not matter.
/// </summary>
internal struct SseReader
{
    private enum State : byte
    {
        Start,
        Mark,
        Line,
        Indent,
        Field,
        Colon,
        Value,
        Skip,
        Bare,
    }

    private State _state;
    private byte _matched;
    private bool _isData;
    private bool _skipLineFeed;
    private bool _hasData;
    private bool _isBegun;

    public void Reset() => this = default;

    /// <summary>No event is begun, nor a line.</summary>
    public readonly bool IsBetweenEvents => _state is State.Start || (_state == State.Line && !_isBegun);

    public void Feed<TSink>(ReadOnlySpan<byte> bytes, ref TSink sink)
        where TSink : ISseSink, allows ref struct
    {
        var i = 0;
        while (i < bytes.Length)
        {
            switch (_state)
            {
                case State.Bare:
                    i += sink.Bare(bytes[i..]);
                    _state = i < bytes.Length ? State.Skip : State.Bare;
                    break;
                case State.Value or State.Skip or State.Colon:
                    i = ReadValue(bytes, i, ref sink);
                    break;
                default:
                    i = ReadField(bytes, i, ref sink);
                    break;
            }
        }
    }

    /// <summary>The stream is over: an event that lacks its blank line is delivered all the same.</summary>
    public void Complete<TSink>(ref TSink sink)
        where TSink : ISseSink, allows ref struct
    {
        EndLine(ref sink);
        Dispatch(ref sink);
        Reset();
    }

    private int ReadValue<TSink>(ReadOnlySpan<byte> bytes, int i, ref TSink sink)
        where TSink : ISseSink, allows ref struct
    {
        if (_state == State.Colon)
        {
            _state = State.Value;
            if (bytes[i] == ' ')
            {
                return i + 1;
            }
        }

        var rest = bytes[i..];
        var end = rest.IndexOfAny((byte)'\n', (byte)'\r');
        var value = end < 0 ? rest : rest[..end];
        if (_state == State.Value && !value.IsEmpty)
        {
            if (_isData)
            {
                sink.Data(value);
            }
            else
            {
                sink.Name(value);
            }
        }

        if (end < 0)
        {
            return bytes.Length;
        }

        EndLineAt(bytes[i + end]);
        return i + end + 1;
    }

    private int ReadField<TSink>(ReadOnlySpan<byte> bytes, int i, ref TSink sink)
        where TSink : ISseSink, allows ref struct
    {
        var c = bytes[i];
        switch (_state)
        {
            case State.Start:
                _state = c == 0xEF ? State.Mark : State.Line;
                return c == 0xEF ? i + 1 : i;
            case State.Mark:
                _state = c is 0xBB or 0xBF ? State.Mark : State.Line;
                return c is 0xBB or 0xBF ? i + 1 : i;
            case State.Field:
                return ReadFieldName(c, i, ref sink);
            case State.Line when c == '\n' && _skipLineFeed:
                _skipLineFeed = false;
                return i + 1;
            case State.Line when c is (byte)'\n' or (byte)'\r':
                EndLineAt(c);
                Dispatch(ref sink);
                return i + 1;
            default:
                return BeginLine(c, i, ref sink);
        }
    }

    private int BeginLine<TSink>(byte c, int i, ref TSink sink)
        where TSink : ISseSink, allows ref struct
    {
        _skipLineFeed = false;
        _isBegun |= c != ':';
        switch (c)
        {
            case (byte)' ' or (byte)'\t':
                _state = State.Indent;
                return i + 1;
            case (byte)'{' or (byte)'[':
                Dispatch(ref sink);
                _state = State.Bare;
                return i;
            case (byte)'d' or (byte)'e' when _state == State.Line:
                _isData = c == 'd';
                _matched = 1;
                _state = State.Field;
                return i + 1;
            case (byte)'\n' or (byte)'\r':
                EndLineAt(c);
                return i + 1;
            default:
                _state = State.Skip;
                return i;
        }
    }

    private int ReadFieldName<TSink>(byte c, int i, ref TSink sink)
        where TSink : ISseSink, allows ref struct
    {
        var name = _isData ? "data"u8 : "event"u8;
        if (_matched < name.Length)
        {
            if (c != name[_matched])
            {
                _state = State.Skip;
                return i;
            }

            _matched++;
            return i + 1;
        }

        if (c == ':')
        {
            BeginValue(ref sink);
            _state = State.Colon;
            return i + 1;
        }

        if (c is (byte)'\n' or (byte)'\r')
        {
            BeginValue(ref sink);
            EndLineAt(c);
            return i + 1;
        }

        _state = State.Skip;
        return i;
    }

    private void BeginValue<TSink>(ref TSink sink)
        where TSink : ISseSink, allows ref struct
    {
        if (_isData && _hasData)
        {
            sink.Data("\n"u8);
        }

        _hasData |= _isData;
    }

    private void EndLine<TSink>(ref TSink sink)
        where TSink : ISseSink, allows ref struct
    {
        if (_state == State.Field && _matched == (_isData ? 4 : 5))
        {
            BeginValue(ref sink);
        }
    }

    private void EndLineAt(byte c)
    {
        _skipLineFeed = c == '\r';
        _state = State.Line;
    }

    private void Dispatch<TSink>(ref TSink sink)
        where TSink : ISseSink, allows ref struct
    {
        sink.Dispatch();
        _hasData = false;
        _isBegun = false;
    }
}
