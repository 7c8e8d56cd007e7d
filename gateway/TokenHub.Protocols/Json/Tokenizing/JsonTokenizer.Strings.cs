using System.Buffers;
using System.Text;

namespace TokenHub.Protocols.Json.Tokenizing;

internal partial struct JsonTokenizer
{
    // Where a run of plain string bytes ends: the quote, the backslash and the raw control characters JSON forbids.
    private static readonly SearchValues<byte> StringStops = SearchValues.Create(
        "\"\\\0\u0001\u0002\u0003\u0004\u0005\u0006\u0007\b\t\n\u000b\f\r\u000e\u000f"u8.ToArray()
            .Concat(Enumerable.Range(16, 16).Select(i => (byte)i)).ToArray());

    private int BeginName(int i)
    {
        _tokens++;
        _tokenAt = _base + i;
        BeginString(isName: true);
        return i + 1;
    }

    private void BeginString(bool isName)
    {
        _isName = isName;
        _captured = 0;
        _state = State.String;
    }

    private int ReadString<TSink>(ReadOnlySpan<byte> bytes, int i, ref TSink sink)
        where TSink : IJsonSink, allows ref struct
    {
        var rest = bytes[i..];
        var stop = rest.IndexOfAny(StringStops);
        var run = stop < 0 ? rest : rest[..stop];
        if (stop < 0)
        {
            Take(run, ref sink);
            return bytes.Length;
        }

        i += stop;
        switch (bytes[i])
        {
            case (byte)'"' when _isName && _captured == 0 && _high == 0 && run.Length <= NameBytesMax:
                EndName(run, ref sink);
                return i + 1;
            case (byte)'"':
                Take(run, ref sink);
                FlushHigh(ref sink);
                EndString(i, ref sink);
                return i + 1;
            case (byte)'\\':
                Take(run, ref sink);
                _state = State.Escape;
                return i + 1;
            default:
                // What came before is handed over, as it would have been in a piece of its own.
                Take(run, ref sink);
                return Fail(JsonFault.ControlInString, i);
        }
    }

    private void EndString<TSink>(int i, ref TSink sink)
        where TSink : IJsonSink, allows ref struct
    {
        if (_isName)
        {
            ReadOnlySpan<byte> name = _capture;
            EndName(name[.._captured], ref sink);
            return;
        }

        EndValue();
        if (_node != Silent)
        {
            sink.End(_node, JsonKind.String, _base + i + 1);
        }
    }

    private void EndName<TSink>(scoped ReadOnlySpan<byte> name, ref TSink sink)
        where TSink : IJsonSink, allows ref struct
    {
        _node = NodeAt(_depth - 1);
        if (_node != Silent)
        {
            _node = sink.Enter(_node, name, _tokenAt);
        }

        _state = State.Colon;
    }

    private int ReadEscape<TSink>(ReadOnlySpan<byte> bytes, int i, ref TSink sink)
        where TSink : IJsonSink, allows ref struct
    {
        var c = bytes[i];
        if (c == 'u')
        {
            _hex = 0;
            _hexLeft = 4;
            _state = State.Hex;
            return i + 1;
        }

        var plain = c switch
        {
            (byte)'"' or (byte)'\\' or (byte)'/' => c,
            (byte)'b' => (byte)'\b',
            (byte)'f' => (byte)'\f',
            (byte)'n' => (byte)'\n',
            (byte)'r' => (byte)'\r',
            (byte)'t' => (byte)'\t',
            _ => (byte)0,
        };
        if (plain == 0)
        {
            return Fail(JsonFault.BadEscape, i);
        }

        Take([plain], ref sink);
        _state = State.String;
        return i + 1;
    }

    private int ReadHex<TSink>(ReadOnlySpan<byte> bytes, int i, ref TSink sink)
        where TSink : IJsonSink, allows ref struct
    {
        var c = bytes[i];
        var digit = c switch
        {
            >= (byte)'0' and <= (byte)'9' => c - '0',
            >= (byte)'a' and <= (byte)'f' => c - 'a' + 10,
            >= (byte)'A' and <= (byte)'F' => c - 'A' + 10,
            _ => -1,
        };
        if (digit < 0)
        {
            return Fail(JsonFault.BadEscape, i);
        }

        _hex = (_hex << 4) | digit;
        if (--_hexLeft == 0)
        {
            _state = State.String;
            TakeUnit(_hex, ref sink);
        }

        return i + 1;
    }

    // A code unit of an escape: halves of a pair are joined, a half alone reads as U+FFFD.
    private void TakeUnit<TSink>(int unit, ref TSink sink)
        where TSink : IJsonSink, allows ref struct
    {
        if (char.IsLowSurrogate((char)unit) && _high != 0)
        {
            var pair = new Rune((char)_high, (char)unit);
            _high = 0;
            TakeRune(pair, ref sink);
            return;
        }

        FlushHigh(ref sink);
        if (char.IsHighSurrogate((char)unit))
        {
            _high = unit;
            return;
        }

        TakeRune(Rune.TryCreate(unit, out var rune) ? rune : Rune.ReplacementChar, ref sink);
    }

    private void TakeRune<TSink>(Rune rune, ref TSink sink)
        where TSink : IJsonSink, allows ref struct
    {
        Span<byte> utf8 = stackalloc byte[4];
        Take(utf8[..rune.EncodeToUtf8(utf8)], ref sink);
    }

    private void FlushHigh<TSink>(ref TSink sink)
        where TSink : IJsonSink, allows ref struct
    {
        if (_high != 0)
        {
            _high = 0;
            TakeRune(Rune.ReplacementChar, ref sink);
        }
    }

    private void Take<TSink>(scoped ReadOnlySpan<byte> part, ref TSink sink)
        where TSink : IJsonSink, allows ref struct
    {
        if (part.IsEmpty)
        {
            return;
        }

        FlushHigh(ref sink);
        if (!_isName)
        {
            if (_node > Silent)
            {
                sink.Text(_node, part);
            }

            return;
        }

        Span<byte> capture = _capture;
        var room = Math.Min(part.Length, NameBytesMax - _captured);
        part[..room].CopyTo(capture[_captured..]);
        _captured += room;
    }
}
