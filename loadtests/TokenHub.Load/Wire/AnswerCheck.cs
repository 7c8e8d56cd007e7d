using TokenHub.Load.Results;
using TokenHub.MockUpstream.Formats;

namespace TokenHub.Load.Wire;

/// <summary>
/// Holds every byte of an answer against what the generator says it must be, part by part: beginning, chunks, end.
/// After the first fault the rest of that answer is not judged, for one missing byte would make all later ones wrong.
/// </summary>
internal sealed class AnswerCheck(Meter meter) : IBodySink
{
    private MockAnswer _answer = null!;
    private byte[] _expected = new byte[4096];
    private byte[] _got = new byte[4096];
    private int _expectedLength;
    private int _gotLength;
    private bool _isStream;
    private bool _isFaulty;

    /// <summary>-1 is what comes before the first chunk, the number of chunks what comes after the last.</summary>
    private int _part;

    /// <summary>When the first byte of the body came; 0 until then.</summary>
    public long FirstByteNs { get; private set; }

    public void Begin(MockAnswer answer, bool isStream)
    {
        (_answer, _isStream, _isFaulty) = (answer, isStream, false);
        _part = -1;
        FirstByteNs = 0;
        Expect();
    }

    public void Take(ReadOnlySpan<byte> bytes, long nowNs)
    {
        if (FirstByteNs == 0)
        {
            FirstByteNs = nowNs;
        }

        while (bytes.Length > 0 && !_isFaulty)
        {
            if (_part > _answer.Script.Chunks)
            {
                Fail(ref meter.Faults.WrongBytes, bytes.Length);
                return;
            }

            var count = Math.Min(bytes.Length, _expectedLength - _gotLength);
            bytes[..count].CopyTo(_got.AsSpan(_gotLength));
            _gotLength += count;
            bytes = bytes[count..];
            if (_gotLength == _expectedLength)
            {
                Judge(nowNs);
            }
        }
    }

    /// <summary>The answer has ended: true when all of it came and none of it was wrong.</summary>
    public bool End()
    {
        if (!_isFaulty && _part <= _answer.Script.Chunks)
        {
            // What came of the last part is wrong only if it is no beginning of what was to come.
            if (!_got.AsSpan(0, _gotLength).SequenceEqual(_expected.AsSpan(0, _gotLength)) && !_answer.Script.IsStamped)
            {
                Fail(ref meter.Faults.WrongBytes, _gotLength);
            }
            else
            {
                Fail(ref meter.Faults.Lost, Math.Max(1, _answer.Script.Chunks - Math.Max(_part, 0)));
            }
        }

        return !_isFaulty;
    }

    private void Judge(long nowNs)
    {
        var got = _got.AsSpan(0, _gotLength);
        var stamp = TakeStamp(got);
        if (!got.SequenceEqual(_expected.AsSpan(0, _expectedLength)))
        {
            Classify(got);
            return;
        }

        if (_isStream && _part >= 0 && _part < _answer.Script.Chunks)
        {
            meter.Chunk(stamp < 0 ? -1 : nowNs - stamp);
        }

        _part = _isStream ? _part + 1 : _answer.Script.Chunks + 1;
        if (_part <= _answer.Script.Chunks)
        {
            Expect();
        }
    }

    // The send time cannot be known beforehand, only that it stands where it should and is a number.
    private long TakeStamp(ReadOnlySpan<byte> got)
    {
        var expected = _expected.AsSpan(0, _expectedLength);
        var at = _answer.Script.IsStamped ? expected.LastIndexOf(Stamps.Field) : -1;
        var stamp = at < 0 ? -1 : Stamps.Read(got[at..]);
        if (stamp >= 0)
        {
            got.Slice(at + Stamps.Field.Length, Stamps.Digits).CopyTo(expected[(at + Stamps.Field.Length)..]);
        }

        return stamp;
    }

    private void Expect()
    {
        var format = AnswerFormat.Of(_answer.Dialect);
        var room = !_isStream ? AnswerFormat.WholeBytesMax(_answer)
            : _part == _answer.Script.Chunks ? format.FinishBytesMax(_answer)
            : AnswerFormat.ChunkBytesMax(_answer);
        if (_expected.Length < room)
        {
            _expected = new byte[room];
            _got = new byte[room];
        }

        var pen = new Pen(_expected);
        if (!_isStream)
        {
            format.Whole(ref pen, _answer);
        }
        else if (_part < 0)
        {
            format.Begin(ref pen, _answer);
        }
        else if (_part < _answer.Script.Chunks)
        {
            format.Chunk(ref pen, _answer, _part, stampNs: 0);
        }
        else
        {
            format.Finish(ref pen, _answer);
        }

        (_expectedLength, _gotLength) = (pen.Length, 0);
        if (_expectedLength == 0)
        {
            // Gemini has nothing before its first chunk.
            _part++;
            Expect();
        }
    }

    // Text begins with "seed.index ", so a chunk that is out of its place tells its own.
    private void Classify(ReadOnlySpan<byte> got)
    {
        var index = IndexIn(got);
        if (_isStream && index > _part)
        {
            Fail(ref meter.Faults.Lost, index - _part);
        }
        else if (_isStream && index >= 0 && index < _part)
        {
            Fail(ref meter.Faults.Reordered, 1);
        }
        else
        {
            Fail(ref meter.Faults.WrongBytes, got.Length);
        }

        meter.Faults.Keep(_expected.AsSpan(0, _expectedLength), got);
    }

    private int IndexIn(ReadOnlySpan<byte> got)
    {
        Span<byte> prefix = stackalloc byte[32];
        System.Buffers.Text.Utf8Formatter.TryFormat(_answer.Seed, prefix[1..], out var length);
        prefix[0] = (byte)'"';
        prefix[length + 1] = (byte)'.';
        var at = got.IndexOf(prefix[..(length + 2)]);
        return at >= 0 && System.Buffers.Text.Utf8Parser.TryParse(got[(at + length + 2)..], out int index, out _)
            ? index
            : -1;
    }

    private void Fail(ref long counter, long count)
    {
        _isFaulty = true;
        Interlocked.Add(ref counter, count);
    }
}
