using System.Buffers.Text;

namespace TokenHub.Redis.Resp;

/// <summary>
/// Finds the end of the next whole reply in bytes that arrive in any cuts. Remembers how far it has looked, so each
/// byte is looked at once however the reply is cut.
/// </summary>
internal struct RespFrameScanner
{
    /// <summary>Most values in one reply, nested ones included.</summary>
    public const long ValuesMax = 1 << 22;

    /// <summary>Longest line: a status, an error, a number or a length.</summary>
    public const int LineBytesMax = 64 * 1024;

    /// <summary>Largest whole reply.</summary>
    public const int FrameBytesMax = 64 * 1024 * 1024;

    private int _position;
    private int _lineScanned;
    private long _missing;
    private bool _started;

    /// <summary>
    /// True when <paramref name="bytes"/> begin with a whole reply of <paramref name="length"/> bytes. On false, call
    /// again with the same bytes and more behind them.
    /// </summary>
    public bool TryScan(ReadOnlySpan<byte> bytes, out int length)
    {
        length = 0;
        if (!_started)
        {
            _position = 0;
            _lineScanned = 0;
            _missing = 1;
            _started = true;
        }

        while (_missing > 0)
        {
            if (!TryTakeValue(bytes))
            {
                return false;
            }
        }

        length = _position;
        _started = false;
        return true;
    }

    private bool TryTakeValue(ReadOnlySpan<byte> bytes)
    {
        if (!TryFindLineEnd(bytes, out var lineEnd))
        {
            return false;
        }

        var line = bytes[_position..lineEnd];
        if (line.IsEmpty)
        {
            throw new RespProtocolException("The server sent an empty line where a reply begins.");
        }

        var next = (long)lineEnd + 2;
        switch (line[0])
        {
            case (byte)'+' or (byte)'-' or (byte)':' or (byte)'_' or (byte)',' or (byte)'#' or (byte)'(':
                _missing--;
                break;
            case (byte)'$' or (byte)'=' or (byte)'!':
                var size = Count(line);
                next += size < 0 ? 0 : size + 2;
                _missing--;
                break;
            case (byte)'*' or (byte)'~' or (byte)'>':
                _missing += Math.Max(Count(line), 0) - 1;
                break;
            case (byte)'%':
                _missing += (2 * Math.Max(Count(line), 0)) - 1;
                break;
            case (byte)'|':
                // An attribute stands before the value it belongs to and does not count itself.
                _missing += 2 * Math.Max(Count(line), 0);
                break;
            default:
                throw new RespProtocolException($"The server sent a reply of unknown kind 0x{line[0]:x2}.");
        }

        if (_missing > ValuesMax || next > FrameBytesMax)
        {
            throw new RespProtocolException("The server sent a reply above the limit.");
        }

        if (next > bytes.Length)
        {
            // The body of a bulk string is not whole yet: undo, the line is looked at again with more bytes behind it.
            _missing++;
            return false;
        }

        _position = (int)next;
        _lineScanned = _position;
        return true;
    }

    private bool TryFindLineEnd(ReadOnlySpan<byte> bytes, out int lineEnd)
    {
        var from = Math.Max(_lineScanned, _position);
        var at = bytes[from..].IndexOf("\r\n"u8);
        lineEnd = from + at;
        if (at >= 0)
        {
            return true;
        }

        // A carriage return may be the last byte so far.
        _lineScanned = Math.Max(_position, bytes.Length - 1);
        return bytes.Length - _position > LineBytesMax
            ? throw new RespProtocolException("The server sent a line above the limit.")
            : false;
    }

    private static long Count(ReadOnlySpan<byte> line)
    {
        if (!Utf8Parser.TryParse(line[1..], out long value, out var used) || used != line.Length - 1 || value < -1)
        {
            throw new RespProtocolException("The server sent a length that is not a number.");
        }

        // No count of values or bytes may be larger, and sums of smaller ones do not overflow.
        return value <= FrameBytesMax
            ? value
            : throw new RespProtocolException("The server sent a reply above the limit.");
    }
}
