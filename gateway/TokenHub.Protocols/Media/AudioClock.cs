using System.Buffers.Binary;

namespace TokenHub.Protocols.Media;

/// <summary>
/// Tells how long a sound is while its bytes pass, cut anywhere: WAV, MP3, AAC (ADTS), Ogg (Opus, Vorbis), FLAC, and
/// bare samples where the caller knows that it is these. Memory is constant, nothing is kept of the sound.
/// </summary>
public sealed class AudioClock
{
    /// <summary>OpenAI's <c>pcm</c>: 24,000 samples a second of two bytes.</summary>
    private const long PcmBytesPerSecond = 48_000;

    private const int HeadBytes = 12;
    private const int FrameBytes = 7;
    private const int ChunkBytes = 8;
    private const int FormatBytes = 16;
    private const int PageBytes = 27;
    private const int CodecBytes = 19;
    private const int FlacBytes = 42;

    private readonly byte[] _buffer = new byte[PageBytes + 255 + CodecBytes];
    private State _state;
    private int _have;
    private int _need;
    private long _skip;
    private long _micros;
    private long _bytesPerSecond;
    private long _dataBytes;
    private long _granule;
    private long _granulesPerSecond;
    private long _granulesBefore;

    public AudioClock() => Reset();

    private enum State : byte
    {
        Head,
        Frame,
        WavChunk,
        WavFormat,
        WavData,
        OggPage,
        OggSegments,
        Flac,
        Done,
        Unknown,
    }

    /// <summary>Milliseconds so far, rounded up; null when the bytes are of no kind that is understood.</summary>
    public long? Ms => _state switch
    {
        State.Head or State.Unknown => null,
        State.WavData when _bytesPerSecond > 0 => DivideUp(_dataBytes * 1000, _bytesPerSecond),
        State.OggPage or State.OggSegments when _granulesPerSecond > 0 =>
            DivideUp(Math.Clamp(_granule - _granulesBefore, 0, 1L << 50) * 1000, _granulesPerSecond),
        _ => _micros > 0 ? DivideUp(_micros, 1000) : null,
    };

    /// <summary>Makes the clock new.</summary>
    /// <param name="isPcm">What comes is bare samples.</param>
    public void Reset(bool isPcm = false)
    {
        (_state, _need) = isPcm ? (State.WavData, 0) : (State.Head, HeadBytes);
        (_have, _skip, _micros, _dataBytes) = (0, 0, 0, 0);
        (_granule, _granulesPerSecond, _granulesBefore) = (0, 0, 0);
        _bytesPerSecond = isPcm ? PcmBytesPerSecond : 0;
    }

    public void Append(ReadOnlySpan<byte> bytes)
    {
        while (!bytes.IsEmpty)
        {
            if (_state is State.WavData or State.Done or State.Unknown)
            {
                _dataBytes += bytes.Length;
                return;
            }

            if (_skip > 0)
            {
                var skipped = (int)Math.Min(_skip, bytes.Length);
                _skip -= skipped;
                bytes = bytes[skipped..];
                continue;
            }

            var taken = Math.Min(_need - _have, bytes.Length);
            bytes[..taken].CopyTo(_buffer.AsSpan(_have));
            _have += taken;
            bytes = bytes[taken..];
            while (_have >= _need && _skip == 0 && _state is not (State.WavData or State.Done or State.Unknown))
            {
                Step();
            }
        }
    }

    private void Step()
    {
        switch (_state)
        {
            case State.Head:
                ReadHead();
                break;
            case State.Frame:
                ReadFrame();
                break;
            case State.WavChunk:
                ReadChunk();
                break;
            case State.WavFormat:
                _bytesPerSecond = BinaryPrimitives.ReadUInt32LittleEndian(_buffer.AsSpan(8));
                Next(State.WavChunk, ChunkBytes, _granule - FormatBytes);
                break;
            case State.OggPage:
                ReadPage();
                break;
            case State.OggSegments:
                ReadSegments();
                break;
            case State.Flac:
                ReadFlac();
                break;
        }
    }

    private void ReadHead()
    {
        ReadOnlySpan<byte> head = _buffer.AsSpan(0, HeadBytes);
        if (head.StartsWith("RIFF"u8) && head[8..].SequenceEqual("WAVE"u8))
        {
            Next(State.WavChunk, ChunkBytes, 0);
        }
        else if (head.StartsWith("OggS"u8))
        {
            (_state, _need) = (State.OggPage, PageBytes);
        }
        else if (head.StartsWith("fLaC"u8))
        {
            (_state, _need) = (State.Flac, FlacBytes);
        }
        else if (head.StartsWith("ID3"u8))
        {
            var size = (head[6] & 0x7F) << 21 | (head[7] & 0x7F) << 14 | (head[8] & 0x7F) << 7 | (head[9] & 0x7F);
            Next(State.Frame, FrameBytes, Math.Max(0, size + 10 - HeadBytes));
        }
        else if (AudioFrame.TryRead(head, out var frame) && frame.Bytes > HeadBytes)
        {
            _micros += frame.Micros;
            Next(State.Frame, FrameBytes, frame.Bytes - HeadBytes);
        }
        else
        {
            _state = State.Unknown;
        }
    }

    private void ReadFrame()
    {
        if (AudioFrame.TryRead(_buffer.AsSpan(0, FrameBytes), out var frame) && frame.Bytes >= FrameBytes)
        {
            _micros += frame.Micros;
            Next(State.Frame, FrameBytes, frame.Bytes - FrameBytes);
            return;
        }

        // A tag or garbage between frames: on by one byte.
        _buffer.AsSpan(1, FrameBytes - 1).CopyTo(_buffer);
        _have = FrameBytes - 1;
    }

    private void ReadChunk()
    {
        var size = BinaryPrimitives.ReadUInt32LittleEndian(_buffer.AsSpan(4));
        var padded = size + (size & 1L);
        if (_buffer.AsSpan(0, 4).SequenceEqual("data"u8))
        {
            // What follows counts, whatever size is told: a stream does not know its own.
            (_state, _have) = (State.WavData, 0);
        }
        else if (_buffer.AsSpan(0, 4).SequenceEqual("fmt "u8) && size >= FormatBytes)
        {
            // Until the format is read, its size waits here.
            _granule = padded;
            Next(State.WavFormat, FormatBytes, 0);
        }
        else
        {
            Next(State.WavChunk, ChunkBytes, padded);
        }
    }

    private void ReadPage()
    {
        if (!_buffer.AsSpan(0, 4).SequenceEqual("OggS"u8))
        {
            _state = _granulesPerSecond > 0 ? State.OggPage : State.Unknown;
            (_have, _skip) = (0, long.MaxValue);
            return;
        }

        var segments = _buffer[PageBytes - 1];
        (_state, _need) = (State.OggSegments, PageBytes + segments + (_granulesPerSecond == 0 ? CodecBytes : 0));
    }

    private void ReadSegments()
    {
        var segments = _buffer[PageBytes - 1];
        var payload = 0L;
        foreach (var length in _buffer.AsSpan(PageBytes, segments))
        {
            payload += length;
        }

        if (_granulesPerSecond == 0)
        {
            ReadCodec(_buffer.AsSpan(PageBytes + segments, CodecBytes));
            payload -= CodecBytes;
            if (_granulesPerSecond == 0 || payload < 0)
            {
                _state = State.Unknown;
                return;
            }
        }

        var granule = BinaryPrimitives.ReadInt64LittleEndian(_buffer.AsSpan(6));
        _granule = Math.Max(_granule, granule);
        Next(State.OggPage, PageBytes, payload);
    }

    private void ReadCodec(ReadOnlySpan<byte> head)
    {
        if (head.StartsWith("OpusHead"u8))
        {
            // Opus counts at 48 kHz, whatever it was made from.
            _granulesPerSecond = 48_000;
            _granulesBefore = BinaryPrimitives.ReadUInt16LittleEndian(head[10..]);
        }
        else if (head.StartsWith("\x01vorbis"u8))
        {
            _granulesPerSecond = BinaryPrimitives.ReadUInt32LittleEndian(head[12..]);
        }
    }

    private void ReadFlac()
    {
        ReadOnlySpan<byte> info = _buffer.AsSpan(18, 8);
        var rate = info[0] << 12 | info[1] << 4 | info[2] >> 4;
        var samples = (long)(info[3] & 0x0F) << 32 | BinaryPrimitives.ReadUInt32BigEndian(info[4..]);
        _micros = rate > 0 ? samples * 1_000_000 / rate : 0;
        _state = State.Done;
    }

    private void Next(State state, int need, long skip) => (_state, _need, _have, _skip) = (state, need, 0, skip);

    private static long DivideUp(long value, long divisor) => (value + divisor - 1) / divisor;
}
