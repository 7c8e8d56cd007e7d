using System.Buffers.Binary;

namespace TokenHub.Protocols.Bedrock;

/// <summary>What reading a stream of frames has come to.</summary>
internal enum FrameState : byte
{
    /// <summary>A frame is there.</summary>
    Whole,

    /// <summary>More bytes are needed.</summary>
    Partial,

    /// <summary>The bytes are no frames: a length that cannot be, a sum that is wrong.</summary>
    Damaged,
}

/// <summary>One frame; its parts live until the reader is given more bytes.</summary>
internal readonly ref struct EventStreamFrame
{
    /// <summary>event, exception or error.</summary>
    public ReadOnlySpan<byte> MessageType { get; init; }

    /// <summary>The event's type, the exception's, or the error's code.</summary>
    public ReadOnlySpan<byte> Name { get; init; }

    /// <summary>What an error says; others say it in their payload.</summary>
    public ReadOnlySpan<byte> Message { get; init; }

    public ReadOnlySpan<byte> Payload { get; init; }
}

/// <summary>
/// The framing <c>application/vnd.amazon.eventstream</c>, fed in pieces cut anywhere: lengths, a sum over them,
/// headers, payload, a sum over all. A frame is kept until it is whole, and believed only when both sums are right.
/// </summary>
internal sealed class EventStreamReader
{
    public const int FrameBytesMax = 16 << 20;
    private const int HeaderBytesMax = 128 << 10;
    private const int PreludeBytes = 12;
    private const int SumBytes = 4;
    private const int KeptBytesMax = 64 << 10;
    private const byte StringType = 7;

    private byte[] _buffer = new byte[4 << 10];
    private int _start;
    private int _end;

    /// <summary>True when no frame is begun.</summary>
    public bool IsBetweenFrames => _start == _end;

    /// <summary>Adds bytes; frames that were read before are forgotten.</summary>
    public void Append(ReadOnlySpan<byte> bytes)
    {
        var left = _end - _start;
        if (_start > 0)
        {
            _buffer.AsSpan(_start, left).CopyTo(_buffer);
            (_start, _end) = (0, left);
        }

        var needed = left + bytes.Length;
        if (needed > _buffer.Length)
        {
            Array.Resize(ref _buffer, Math.Max(needed, Math.Min(_buffer.Length * 2, FrameBytesMax)));
        }
        else if (_buffer.Length > KeptBytesMax && needed <= KeptBytesMax)
        {
            Array.Resize(ref _buffer, KeptBytesMax);
        }

        bytes.CopyTo(_buffer.AsSpan(left));
        _end = needed;
    }

    /// <summary>Takes the next frame off the front.</summary>
    public FrameState TryRead(out EventStreamFrame frame)
    {
        frame = default;
        var rest = _buffer.AsSpan(_start, _end - _start);
        if (rest.Length < PreludeBytes)
        {
            return FrameState.Partial;
        }

        var total = BinaryPrimitives.ReadUInt32BigEndian(rest);
        var headerBytes = BinaryPrimitives.ReadUInt32BigEndian(rest[4..]);
        if (total < PreludeBytes + SumBytes || total > FrameBytesMax || headerBytes > HeaderBytesMax
            || headerBytes > total - PreludeBytes - SumBytes
            || BinaryPrimitives.ReadUInt32BigEndian(rest[8..]) != Crc32.Of(rest[..8]))
        {
            return FrameState.Damaged;
        }

        if (rest.Length < total)
        {
            return FrameState.Partial;
        }

        rest = rest[..(int)total];
        var body = rest[..^SumBytes];
        if (BinaryPrimitives.ReadUInt32BigEndian(rest[^SumBytes..]) != Crc32.Of(body))
        {
            return FrameState.Damaged;
        }

        _start += (int)total;
        var headers = body.Slice(PreludeBytes, (int)headerBytes);
        return TryReadHeaders(headers, body[(PreludeBytes + (int)headerBytes)..], out frame)
            ? FrameState.Whole
            : FrameState.Damaged;
    }

    private static bool TryReadHeaders(
        ReadOnlySpan<byte> headers, ReadOnlySpan<byte> payload, out EventStreamFrame frame)
    {
        ReadOnlySpan<byte> type = default, name = default, message = default;
        frame = default;
        while (!headers.IsEmpty)
        {
            if (!TryTakeHeader(headers, out var key, out var value, out var rest))
            {
                return false;
            }

            headers = rest;

            if (key.SequenceEqual(":message-type"u8))
            {
                type = value;
            }
            else if (key.SequenceEqual(":event-type"u8) || key.SequenceEqual(":exception-type"u8)
                || key.SequenceEqual(":error-code"u8))
            {
                name = value;
            }
            else if (key.SequenceEqual(":error-message"u8))
            {
                message = value;
            }
        }

        frame = new EventStreamFrame { MessageType = type, Name = name, Message = message, Payload = payload };
        return true;
    }

    // Length of the name, name, type, value; only texts are looked at.
    private static bool TryTakeHeader(
        ReadOnlySpan<byte> headers,
        out ReadOnlySpan<byte> name,
        out ReadOnlySpan<byte> value,
        out ReadOnlySpan<byte> rest)
    {
        name = value = rest = default;
        var nameBytes = headers[0];
        if (nameBytes == 0 || headers.Length < 2 + nameBytes)
        {
            return false;
        }

        name = headers.Slice(1, nameBytes);
        var type = headers[1 + nameBytes];
        headers = headers[(2 + nameBytes)..];
        var length = type switch
        {
            0 or 1 => 0,
            2 => 1,
            3 => 2,
            4 => 4,
            5 or 8 => 8,
            9 => 16,
            6 or StringType when headers.Length >= 2 => 2 + BinaryPrimitives.ReadUInt16BigEndian(headers),
            _ => int.MaxValue,
        };
        if (length > headers.Length)
        {
            return false;
        }

        value = type == StringType ? headers[2..length] : default;
        rest = headers[length..];
        return true;
    }
}
