using TokenHub.Protocols.Sse;

namespace TokenHub.Protocols.Streams;

public abstract partial class AnswerReader
{
    private static ReadOnlySpan<byte> DoneMark => "[DONE]"u8;

    private void ReadData(ReadOnlySpan<byte> part)
    {
        _eventBytes += part.Length;
        if (_eventBytes > EventBytesMax)
        {
            Faults |= StreamFaults.EventTooLong;
            _isOver = true;
            _error ??= ErrorText.Of("event_too_long"u8, "The upstream sent an event that is too long."u8);
            return;
        }

        if (_dataHead.Span.Length <= DoneMark.Length)
        {
            _dataHead.Append(part[..Math.Min(part.Length, DoneMark.Length + 1 - _dataHead.Span.Length)]);
        }

        var sink = new DocumentSink(this);
        var taken = _json.Feed(part, ref sink);
        _event.IsSpoilt |= _json.IsDone && part[taken..].IndexOfAnyExcept(" \t\r\n"u8) >= 0;
    }

    // A body, an array of events, or an error that was put into a stream as it is.
    private int ReadBare(ReadOnlySpan<byte> bytes)
    {
        _isBare = true;
        var sink = new DocumentSink(this);
        var taken = _json.Feed(bytes, ref sink);
        if (taken == bytes.Length && !_json.IsDone)
        {
            return taken;
        }

        if (_json.IsDone)
        {
            IsTerminal |= !_event.IsArray && !HasError;
        }
        else
        {
            Faults |= StreamFaults.Malformed;
        }

        _isBare = false;
        BeginEvent();
        return Math.Min(taken, bytes.Length - 1);
    }

    private void EndFrame()
    {
        if (_dataHead.IsEmpty)
        {
            _eventName.Clear();
            return;
        }

        if (_dataHead.Span.TrimEnd((byte)' ').SequenceEqual(DoneMark))
        {
            // What comes after OpenAI's end mark is nobody's.
            _isOver = true;
            OnDone();
        }
        else if (_json.IsDone && !_event.IsSpoilt)
        {
            CommitEvent();
        }
        else
        {
            Faults |= StreamFaults.Malformed;
            _error ??= IsErrorEvent ? ErrorText.Of(default, default) : null;
        }

        BeginEvent();
    }

    private bool IsErrorEvent => _eventName.Span.SequenceEqual("error"u8);

    private void CommitEvent()
    {
        _event.HasError |= IsErrorEvent;
        OnEvent(EventType);
        HasContent |= _event.HasContent;
        if (_event.HasError && _error is null)
        {
            _error = ErrorDraft;
            _errorDraft = null;
        }
    }

    private void BeginEvent()
    {
        _event = default;
        _eventName.Clear();
        _dataHead.Clear();
        _eventBytes = 0;
        _json.Reset();
        BeginDocument();
    }

    private void BeginDocument()
    {
        _eventUsage = default;
        _type.Clear();
        _textField = Field.None;
        _toolDepth = 0;
        _errorDraft?.Clear();
        Output?.Discard();
    }

    private readonly struct FrameSink(AnswerReader reader) : ISseSink
    {
        public void Name(scoped ReadOnlySpan<byte> part) => reader._eventName.Append(part);

        public void Data(scoped ReadOnlySpan<byte> part)
        {
            if (!reader._isOver)
            {
                reader.ReadData(part);
            }
        }

        public int Bare(scoped ReadOnlySpan<byte> bytes) =>
            reader._isOver ? bytes.Length : reader.ReadBare(bytes);

        public void Dispatch() => reader.EndFrame();
    }
}
