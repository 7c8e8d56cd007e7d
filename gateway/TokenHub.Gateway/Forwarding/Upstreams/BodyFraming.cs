namespace TokenHub.Gateway.Forwarding.Upstreams;

/// <summary>
/// Where the body of an answer ends: after a length, at the end of the connection, or by chunks, whose framing is taken
/// out in place so that no second buffer is needed. Strict about everything that two readers could see differently.
/// </summary>
internal struct BodyFraming
{
    private const int SizeDigitsMax = 15;
    private const int LineBytesMax = 8 << 10;

    private State _state;
    private long _left;
    private int _digits;
    private int _lineBytes;

    private enum State : byte
    {
        Done,
        Length,
        UntilClose,
        Size,
        Extension,
        SizeEnd,
        Data,
        DataReturn,
        DataEnd,
        TrailerStart,
        Trailer,
        TrailerLineEnd,
        LastReturn,
    }

    public static BodyFraming None => default;

    public static BodyFraming Chunked => new() { _state = State.Size };

    public static BodyFraming UntilClose => new() { _state = State.UntilClose };

    public static BodyFraming OfLength(long length) =>
        new() { _state = length == 0 ? State.Done : State.Length, _left = length };

    public readonly bool IsDone => _state == State.Done;

    /// <summary>True when the end of the connection is the end of the body.</summary>
    public readonly bool EndsWithConnection => _state == State.UntilClose;

    /// <summary>Most bytes that may be read at once without reading into what follows the answer.</summary>
    public readonly int ReadMax(int room) => _state == State.Length ? (int)Math.Min(_left, room) : room;

    /// <summary>
    /// Takes bytes as they were read and moves what is body to their front. Returns how many that are;
    /// <paramref name="taken"/> is less than all only when the body ended before them.
    /// </summary>
    public int Decode(Span<byte> bytes, out int taken)
    {
        switch (_state)
        {
            case State.UntilClose:
                taken = bytes.Length;
                return bytes.Length;
            case State.Length:
                taken = (int)Math.Min(_left, bytes.Length);
                _left -= taken;
                _state = _left == 0 ? State.Done : State.Length;
                return taken;
            default:
                return DecodeChunks(bytes, out taken);
        }
    }

    private int DecodeChunks(Span<byte> bytes, out int taken)
    {
        var kept = 0;
        var at = 0;
        while (at < bytes.Length && _state != State.Done)
        {
            if (_state != State.Data)
            {
                Step(bytes[at++]);
                continue;
            }

            var count = (int)Math.Min(_left, bytes.Length - at);
            bytes.Slice(at, count).CopyTo(bytes[kept..]);
            kept += count;
            at += count;
            _left -= count;
            _state = _left == 0 ? State.DataReturn : State.Data;
        }

        taken = at;
        return kept;
    }

    private void Step(byte b)
    {
        switch (_state)
        {
            case State.Size:
                ReadSize(b);
                break;
            case State.Extension:
                CountLine();
                _state = b == '\r' ? State.SizeEnd : b == '\n' ? throw Bad() : State.Extension;
                break;
            case State.SizeEnd:
                Expect(b, '\n', _left == 0 ? State.TrailerStart : State.Data);
                (_digits, _lineBytes) = (0, 0);
                break;
            case State.DataReturn:
                Expect(b, '\r', State.DataEnd);
                break;
            case State.DataEnd:
                Expect(b, '\n', State.Size);
                break;
            case State.TrailerStart:
                _state = b == '\r' ? State.LastReturn : b == '\n' ? throw Bad() : State.Trailer;
                break;
            case State.Trailer:
                CountLine();
                _state = b == '\r' ? State.TrailerLineEnd : b == '\n' ? throw Bad() : State.Trailer;
                break;
            case State.TrailerLineEnd:
                Expect(b, '\n', State.TrailerStart);
                break;
            default:
                Expect(b, '\n', State.Done);
                break;
        }
    }

    private void ReadSize(byte b)
    {
        if (char.IsAsciiHexDigit((char)b) && _digits < SizeDigitsMax)
        {
            var digit = b <= '9' ? b - '0' : (b | 0x20) - 'a' + 10;
            (_left, _digits) = (((_left * 16) + digit), _digits + 1);
            return;
        }

        _state = _digits == 0 ? throw Bad() : b switch
        {
            (byte)'\r' => State.SizeEnd,
            (byte)';' or (byte)' ' or (byte)'\t' => State.Extension,
            _ => throw Bad(),
        };
    }

    private void Expect(byte b, char wanted, State next) => _state = b == wanted ? next : throw Bad();

    private void CountLine()
    {
        if (++_lineBytes > LineBytesMax)
        {
            throw Bad();
        }
    }

    private static IOException Bad() => new("The upstream's answer has broken chunks.");
}
