using System.Buffers;
using TokenHub.Protocols.Chat;
using TokenHub.Protocols.Sse;

namespace TokenHub.Protocols.Codecs;

/// <summary>
/// Reads an upstream's answer into events as it comes, in pieces cut anywhere. An event or a single body is kept until
/// it is whole, nothing else is; what is none is skipped, for the meter beside it judges the answer.
/// </summary>
/// <remarks>Not thread-safe. May be used again after <see cref="Begin"/>. Allocates nothing for an event once its room
/// has grown to the largest.</remarks>
public abstract class AnswerDecoder
{
    /// <summary>Room for an event that is kept when an answer is over.</summary>
    private const int KeptBytesMax = 64 << 10;

    private readonly ArrayBufferWriter<byte> _name = new(64);
    private ArrayBufferWriter<byte> _data = new(4 << 10);
    private SseReader _sse;
    private bool _isBare;
    private bool _isOver;

    /// <summary>An event longer than this ends the reading.</summary>
    public int EventBytesMax { get; set; } = Streams.AnswerReader.EventBytesMaxDefault;

    private protected AnswerContext Context { get; private set; } = null!;

    /// <summary>
    /// The answer began anew after it had said something: what was said is no whole answer, whatever follows.
    /// </summary>
    public virtual bool IsBroken => false;

    /// <summary>Another answer begins.</summary>
    public void Begin(AnswerContext context)
    {
        Context = context;
        _sse.Reset();
        Forget();
        (_isBare, _isOver) = (false, false);
        OnBegin();
    }

    /// <summary>Reads on and hands out the events that are whole.</summary>
    public void Append(ReadOnlySpan<byte> bytes, IChatSink sink)
    {
        while (_sse.IsBetweenEvents && !_isOver && TryReadWhole(ref bytes, sink))
        {
        }

        if (!bytes.IsEmpty)
        {
            var frames = new FrameSink(this, sink);
            _sse.Feed(bytes, ref frames);
        }
    }

    /// <summary>The upstream is through: an event without its last blank line counts all the same.</summary>
    public void Complete(IChatSink sink)
    {
        var frames = new FrameSink(this, sink);
        _sse.Complete(ref frames);
        if (_isBare && !_isOver)
        {
            ReadBody(_data.WrittenSpan, sink);
        }

        Forget();
        OnComplete(sink);
    }

    /// <summary>State of the answer is made new; <see cref="Context"/> is set.</summary>
    private protected abstract void OnBegin();

    /// <summary>A whole event of a stream; <paramref name="data"/> is JSON or a mark such as <c>[DONE]</c>.</summary>
    private protected abstract void ReadEvent(ReadOnlySpan<byte> name, ReadOnlySpan<byte> data, IChatSink sink);

    /// <summary>An answer in one piece, or a JSON array of events.</summary>
    private protected abstract void ReadBody(ReadOnlySpan<byte> body, IChatSink sink);

    /// <summary>The answer is through: what was held back for lack of its end goes out.</summary>
    private protected virtual void OnComplete(IChatSink sink)
    {
    }

    // As nearly every event comes: whole in one read, its name, if any, before one line of data. It is read where it
    // is.
    private bool TryReadWhole(ref ReadOnlySpan<byte> bytes, IChatSink sink)
    {
        var rest = bytes;
        ReadOnlySpan<byte> name = default;
        if (rest.StartsWith("event: "u8))
        {
            var end = rest.IndexOfAny((byte)'\n', (byte)'\r');
            if (end < 0)
            {
                return false;
            }

            name = rest["event: ".Length..end];
            rest = rest[(end + 1)..];
        }

        if (!rest.StartsWith("data: "u8))
        {
            return false;
        }

        rest = rest["data: ".Length..];
        var length = rest.IndexOfAny((byte)'\n', (byte)'\r');
        if (length <= 0 || length > EventBytesMax || !rest[length..].StartsWith("\n\n"u8))
        {
            return false;
        }

        bytes = rest[(length + 2)..];
        ReadEvent(name, rest[..length], sink);
        return true;
    }

    private void Keep(ReadOnlySpan<byte> part)
    {
        _isOver |= _data.WrittenCount + part.Length > EventBytesMax;
        if (!_isOver)
        {
            _data.Write(part);
        }
    }

    private void EndFrame(IChatSink sink)
    {
        if (!_isBare && !_isOver && _data.WrittenCount > 0)
        {
            ReadEvent(_name.WrittenSpan, _data.WrittenSpan, sink);
        }

        if (!_isBare)
        {
            Forget();
        }
    }

    private void Forget()
    {
        _name.ResetWrittenCount();
        if (_data.Capacity > KeptBytesMax)
        {
            _data = new ArrayBufferWriter<byte>(4 << 10);
        }

        _data.ResetWrittenCount();
    }

    private readonly ref struct FrameSink(AnswerDecoder reader, IChatSink sink) : ISseSink
    {
        public void Name(scoped ReadOnlySpan<byte> part) => reader._name.Write(part);

        public void Data(scoped ReadOnlySpan<byte> part) => reader.Keep(part);

        public int Bare(scoped ReadOnlySpan<byte> bytes)
        {
            reader._isBare = true;
            reader.Keep(bytes);
            return bytes.Length;
        }

        public void Dispatch() => reader.EndFrame(sink);
    }
}
