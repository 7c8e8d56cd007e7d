using System.Buffers;
using System.Text;
using System.Text.Json;
using TokenHub.Protocols.Anthropic.Blocks;
using TokenHub.Protocols.Chat;
using TokenHub.Protocols.Codecs;
using TokenHub.Protocols.Json;

namespace TokenHub.Protocols.Anthropic;

/// <summary>Reads an answer of Anthropic Messages, streamed or in one piece.</summary>
internal sealed class AnthropicStreamReader : AnswerDecoder
{
    private readonly List<(int Index, Kind Kind, int Call)> _open = [];
    private readonly ArrayBufferWriter<byte> _signature = new(1 << 10);
    private readonly ArrayBufferWriter<byte> _input = new(256);
    private readonly AnthropicSources _sources = new();
    private bool _isStarted;
    private bool _hasContent;
    private bool _isOver;
    private bool _isBroken;
    private bool _hasArguments;
    private bool _hasFormatText;
    private int _calls;

    private enum Kind : byte
    {
        Text,
        Thinking,
        Call,

        /// <summary>A call whose arguments are the answer's text (see <see cref="ToolBook.FormatTool"/>).</summary>
        FormatText,

        /// <summary>Known to Anthropic's own clients only.</summary>
        Foreign,
    }

    public override bool IsBroken => _isBroken;

    private protected override void OnBegin()
    {
        (_isStarted, _isOver, _isBroken) = (false, false, false);
        Restart();
    }

    private protected override void ReadEvent(ReadOnlySpan<byte> name, ReadOnlySpan<byte> data, IChatSink sink)
    {
        try
        {
            var e = AnthropicEvent.Read(name, data);
            if (!_isOver)
            {
                Take(e, sink);
            }
        }
        catch (Exception fault) when (fault is JsonException or InvalidOperationException)
        {
            // The meter beside reads the same bytes and says that they are broken. The second is of a name with half a
            // pair of surrogates.
        }
    }

    private protected override void ReadBody(ReadOnlySpan<byte> body, IChatSink sink)
    {
        try
        {
            AnthropicBodyReader.Read(body, this, sink);
        }
        catch (Exception fault) when (fault is JsonException or InvalidOperationException)
        {
        }
    }

    internal void Start(ReadOnlySpan<byte> id, ReadOnlySpan<byte> model, IChatSink sink)
    {
        // A relay that begins anew may do so as long as nothing was said; what it says afterwards is not one answer.
        _isBroken |= _hasContent && !_isOver;
        _isOver |= _hasContent;
        if (!_isStarted)
        {
            _isStarted = true;
            sink.Take(new ChatEvent(ChatEventKind.Start) { Id = id, Name = model });
        }

        if (!_isOver)
        {
            Restart();
        }
    }

    internal void BeginBlock(int index, in AnthropicBlock block, IChatSink sink)
    {
        var kind = block.Type.SequenceEqual("text"u8) ? Kind.Text
            : block.Type.SequenceEqual("thinking"u8) ? Kind.Thinking
            : block.Type.SequenceEqual("tool_use"u8) ? (IsFormatTool(block.Name) ? Kind.FormatText : Kind.Call)
            : Kind.Foreign;
        var call = kind == Kind.Call ? _calls++ : -1;
        _open.Add((index, kind, call));
        switch (kind)
        {
            case Kind.Text:
                _sources.Begin();
                Give(ChatEventKind.Text, block.Text, sink);
                _sources.Add(block);
                break;
            case Kind.Thinking:
                Give(ChatEventKind.Reasoning, block.Thinking, sink);
                _signature.ResetWrittenCount();
                _signature.Write(block.Signature);
                break;
            case Kind.Call or Kind.FormatText:
                BeginCall(block, kind, call, sink);
                break;
            case Kind.Foreign when block.Type.SequenceEqual("redacted_thinking"u8):
                _hasContent = true;
                sink.Take(new ChatEvent(ChatEventKind.Opaque) { Opaque = OpaqueKind.Redacted, Text = block.Data });
                sink.Take(new ChatEvent(ChatEventKind.ReasoningEnd));
                break;
        }
    }

    internal void EndBlock(int index, IChatSink sink)
    {
        var at = 0;
        while (at < _open.Count && _open[at].Index != index)
        {
            at++;
        }

        if (at == _open.Count)
        {
            return;
        }

        var (_, kind, call) = _open[at];
        _open.RemoveAt(at);
        switch (kind)
        {
            case Kind.Text:
                _sources.Give(sink);
                break;
            case Kind.Thinking:
                if (_signature.WrittenCount > 0)
                {
                    _hasContent = true;
                    sink.Take(new ChatEvent(ChatEventKind.Opaque)
                    {
                        Opaque = OpaqueKind.Reasoning, Text = _signature.WrittenSpan,
                    });
                }

                sink.Take(new ChatEvent(ChatEventKind.ReasoningEnd));
                break;
            case Kind.Call or Kind.FormatText:
                // The object in the block's beginning is empty unless the whole of it stands there.
                TakeArguments(kind, call, _hasArguments ? default : _input.WrittenSpan, sink);
                if (kind == Kind.Call)
                {
                    sink.Take(new ChatEvent(ChatEventKind.CallEnd) { Call = call });
                }

                break;
        }
    }

    internal void End(in AnthropicStop stop, IChatSink sink)
    {
        if (stop.Reason == StopReason.None)
        {
            return;
        }

        // A call that the limit has cut is not whole.
        if (stop.Reason is StopReason.Length or StopReason.ContextLength)
        {
            _open.RemoveAll(block => block.Kind == Kind.Call);
        }

        while (_open.Count > 0)
        {
            EndBlock(_open[0].Index, sink);
        }

        _isOver = true;
        var reason = stop.Reason == StopReason.Calls && _hasFormatText && _calls == 0 ? StopReason.End : stop.Reason;
        sink.Take(new ChatEvent(ChatEventKind.Stop) { Stop = reason, Text = stop.Text });
    }

    private void Take(in AnthropicEvent e, IChatSink sink)
    {
        if (e.Type.SequenceEqual("content_block_delta"u8))
        {
            TakeDelta(e, sink);
        }
        else if (e.Type.SequenceEqual("content_block_start"u8))
        {
            BeginBlock(e.Index, e.Block, sink);
        }
        else if (e.Type.SequenceEqual("content_block_stop"u8))
        {
            EndBlock(e.Index, sink);
        }
        else if (e.Type.SequenceEqual("message_start"u8))
        {
            Start(e.Id, e.Model, sink);
        }
        else if (e.Type.SequenceEqual("message_delta"u8))
        {
            End(e.Stop, sink);
        }
    }

    private void TakeDelta(in AnthropicEvent e, IChatSink sink)
    {
        var (kind, call) = Find(e.Index);
        if (kind == Kind.Foreign)
        {
            return;
        }

        Give(ChatEventKind.Text, e.Text, sink);
        Give(ChatEventKind.Reasoning, e.Thinking, sink);
        _signature.Write(e.Signature);
        TakeArguments(kind, call, e.PartialJson, sink);
        _sources.Add(e.Source);
    }

    private (Kind Kind, int Call) Find(int index)
    {
        foreach (var open in _open)
        {
            if (open.Index == index)
            {
                return (open.Kind, open.Call);
            }
        }

        return (Kind.Foreign, -1);
    }

    private void BeginCall(in AnthropicBlock block, Kind kind, int call, IChatSink sink)
    {
        _hasArguments = false;
        _input.ResetWrittenCount();
        if (block.HasInput)
        {
            var input = block.Input;
            input.Read();
            JsonRaw.CopyEscaped(ref input, _input);
            if (_input.WrittenSpan.SequenceEqual("{}"u8) || _input.WrittenSpan.SequenceEqual("null"u8))
            {
                _input.ResetWrittenCount();
            }
        }

        _hasContent = true;
        _hasFormatText |= kind == Kind.FormatText;
        if (kind == Kind.Call)
        {
            var id = block.Id.IsEmpty ? Encoding.UTF8.GetBytes(Context.IdOf("call_", call + 1)) : block.Id;
            sink.Take(new ChatEvent(ChatEventKind.Call) { Call = call, Id = id, Name = block.Name });
        }
    }

    private void TakeArguments(Kind kind, int call, ReadOnlySpan<byte> json, IChatSink sink)
    {
        if (json.IsEmpty)
        {
            return;
        }

        _hasArguments = true;
        sink.Take(new ChatEvent(kind == Kind.FormatText ? ChatEventKind.Text : ChatEventKind.Arguments)
        {
            Call = Math.Max(0, call), Text = json,
        });
    }

    private void Give(ChatEventKind kind, ReadOnlySpan<byte> text, IChatSink sink)
    {
        if (!text.IsEmpty)
        {
            _hasContent = true;
            _sources.Pass(kind, text);
            sink.Take(new ChatEvent(kind) { Text = text });
        }
    }

    private bool IsFormatTool(ReadOnlySpan<byte> name) =>
        Context.ToolBook.FormatTool is { } tool && Encoding.UTF8.GetString(name) == tool;

    private void Restart()
    {
        _open.Clear();
        _signature.ResetWrittenCount();
        _input.ResetWrittenCount();
        _sources.Reset();
        (_hasContent, _hasArguments, _hasFormatText, _calls) = (false, false, false, 0);
    }
}
