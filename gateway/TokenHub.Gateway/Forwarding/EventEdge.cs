namespace TokenHub.Gateway.Forwarding;

/// <summary>
/// Knows where events end in a stream that passes in pieces: at a blank line, whatever its line ends. It remembers the
/// last bytes passed, so that a stream is only ever broken off between two events.
/// </summary>
internal struct EventEdge
{
    private byte _last;
    private byte _second;
    private byte _third;

    /// <summary>True when what has passed so far ends with a whole event, or when nothing has passed.</summary>
    public readonly bool IsAtEdge => _last switch
    {
        (byte)'\n' => _second == '\n' || (_second == '\r' && _third == '\n'),
        (byte)'\r' => _second == '\r' || _second == '\n',
        _ => _last == 0,
    };

    /// <summary>Something has passed.</summary>
    public readonly bool HasPassed => _last != 0;

    /// <summary>A CR was passed whose LF may still be to come.</summary>
    public readonly bool EndsInReturn => _last == '\r';

    /// <summary>These bytes have passed.</summary>
    public void Pass(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length >= 3)
        {
            (_last, _second, _third) = (bytes[^1], bytes[^2], bytes[^3]);
            return;
        }

        foreach (var b in bytes)
        {
            (_last, _second, _third) = (b, _last, _second);
        }
    }

    /// <summary>The position after the first event that ends in these bytes; -1 when none does.</summary>
    public readonly int FindEnd(ReadOnlySpan<byte> bytes)
    {
        var isLineEmpty = _last is (byte)'\n' or (byte)'\r';
        var afterReturn = _last == '\r';
        for (var i = 0; i < bytes.Length; i++)
        {
            var b = bytes[i];
            if (b == '\n' && afterReturn)
            {
                afterReturn = false;
                continue;
            }

            if (b is not ((byte)'\n' or (byte)'\r'))
            {
                (isLineEmpty, afterReturn) = (false, false);
                continue;
            }

            if (isLineEmpty)
            {
                return b == '\r' && i + 1 < bytes.Length && bytes[i + 1] == '\n' ? i + 2 : i + 1;
            }

            (isLineEmpty, afterReturn) = (true, b == '\r');
        }

        return -1;
    }
}
