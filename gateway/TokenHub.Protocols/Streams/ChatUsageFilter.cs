using System.Buffers;

namespace TokenHub.Protocols.Streams;

/// <summary>
/// Takes back out of a Chat stream what asking for its usage put in: the chunk that is nothing but usage, and the
/// <c>"usage":null</c> of the others. Everything else passes byte for byte, each event as soon as it is complete.
/// </summary>
/// <remarks>Usage that stands in a chunk with choices was there without being asked for, and passes.</remarks>
public sealed class ChatUsageFilter
{
    /// <summary>No usage chunk is longer: an event beyond it passes as it comes.</summary>
    public const int HeldBytesMax = 256 * 1024;

    private const int HeldBytesStart = 1024;

    private byte[] _held = new byte[HeldBytesStart];
    private int _heldLength;
    private bool _isLineEmpty = true;
    private bool _afterReturn;
    private bool _isPassing;
    private bool _afterEvent;
    private bool _wasDropped;

    /// <summary>Bytes that wait for the end of their event.</summary>
    public int HeldBytes => _heldLength;

    /// <summary>Makes the filter new.</summary>
    public void Reset()
    {
        _heldLength = 0;
        (_isLineEmpty, _afterReturn, _isPassing, _afterEvent) = (true, false, false, false);
    }

    /// <summary>Takes the upstream's bytes and writes what the client may see of them and of those held.</summary>
    public void Append(ReadOnlySpan<byte> upstream, IBufferWriter<byte> output)
    {
        var from = 0;
        var i = 0;
        while (i < upstream.Length)
        {
            var end = NextEventEnd(upstream, ref i);
            if (end < 0)
            {
                break;
            }

            from = EndReturn(upstream, from, output);
            EndEvent(upstream[from..end], output);
            from = end;
        }

        from = EndReturn(upstream, from, output);
        Hold(upstream[from..], output);
    }

    /// <summary>The upstream is through; an event without its blank line is judged all the same.</summary>
    public void Complete(IBufferWriter<byte> output)
    {
        EndEvent([], output);
        Reset();
    }

    // The end of the next event at or after a position, or -1. A line end in CRLF completes its event at the CR.
    private int NextEventEnd(ReadOnlySpan<byte> bytes, ref int i)
    {
        while (i < bytes.Length)
        {
            var c = bytes[i];
            if (c == '\n' && _afterReturn)
            {
                _afterReturn = false;
                i++;
                continue;
            }

            if (c is (byte)'\n' or (byte)'\r')
            {
                _afterReturn = c == '\r';
                i++;
                if (_isLineEmpty)
                {
                    return i;
                }

                _isLineEmpty = true;
                continue;
            }

            _afterReturn = false;
            _isLineEmpty = false;
            var run = bytes[i..].IndexOfAny((byte)'\n', (byte)'\r');
            i = run < 0 ? bytes.Length : i + run;
        }

        return -1;
    }

    // Of a CRLF that ended an event, the LF comes after and shares its fate.
    private int EndReturn(ReadOnlySpan<byte> bytes, int from, IBufferWriter<byte> output)
    {
        if (!_afterEvent || from >= bytes.Length)
        {
            return from;
        }

        _afterEvent = false;
        if (bytes[from] != '\n')
        {
            return from;
        }

        output.Write(_wasDropped ? default : "\n"u8);
        return from + 1;
    }

    private void EndEvent(ReadOnlySpan<byte> rest, IBufferWriter<byte> output)
    {
        _wasDropped = false;
        _afterEvent = !rest.IsEmpty && rest[^1] == '\r';
        if (_isPassing)
        {
            output.Write(rest);
            _isPassing = false;
        }
        else if (_heldLength == 0)
        {
            Judge(rest, output);
        }
        else
        {
            Keep(rest);
            Judge(_held.AsSpan(0, _heldLength), output);
            _heldLength = 0;
        }
    }

    private void Hold(ReadOnlySpan<byte> part, IBufferWriter<byte> output)
    {
        // What can be no data line yet, a comment or a bare document, does not wait.
        if (_heldLength == 0 && !_isPassing)
        {
            part = PassComments(part, output);
            _isPassing = !part.IsEmpty && part[0] is (byte)'{' or (byte)'[';
        }

        if (!_isPassing && _heldLength + part.Length > HeldBytesMax)
        {
            output.Write(_held.AsSpan(0, _heldLength));
            _heldLength = 0;
            _isPassing = true;
        }

        if (_isPassing)
        {
            output.Write(part);
            return;
        }

        Keep(part);
    }

    private static ReadOnlySpan<byte> PassComments(ReadOnlySpan<byte> part, IBufferWriter<byte> output)
    {
        while (!part.IsEmpty && part[0] == ':')
        {
            var end = part.IndexOfAny((byte)'\n', (byte)'\r');
            if (end < 0 || (part[end] == '\r' && end + 1 == part.Length))
            {
                break;
            }

            end += part[end] == '\r' && part[end + 1] == '\n' ? 2 : 1;
            output.Write(part[..end]);
            part = part[end..];
        }

        return part;
    }

    private void Keep(ReadOnlySpan<byte> part)
    {
        if (_held.Length < _heldLength + part.Length)
        {
            Array.Resize(ref _held, Math.Max(_held.Length * 2, _heldLength + part.Length));
        }

        part.CopyTo(_held.AsSpan(_heldLength));
        _heldLength += part.Length;
    }

    private void Judge(ReadOnlySpan<byte> block, IBufferWriter<byte> output)
    {
        if (block.IndexOf("\"usage\""u8) < 0)
        {
            output.Write(block);
            return;
        }

        var verdict = UsageChunk.Read(block);
        if (verdict.IsUsageOnly)
        {
            WriteComments(block, output);
            _wasDropped = true;
            return;
        }

        output.Write(block[..verdict.RemovedFrom]);
        output.Write(block[verdict.RemovedTo..]);
    }

    private static void WriteComments(ReadOnlySpan<byte> block, IBufferWriter<byte> output)
    {
        while (!block.IsEmpty)
        {
            var end = block.IndexOfAny((byte)'\n', (byte)'\r');
            end = end < 0 ? block.Length : end + 1;
            if (block[0] == ':')
            {
                output.Write(block[..end]);
            }

            block = block[end..];
        }
    }
}
