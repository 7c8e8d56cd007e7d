using System.Buffers;
using System.Text;
using System.Text.Json;
using TokenHub.Protocols.Chat;
using TokenHub.Protocols.Codecs;
using TokenHub.Protocols.Json;

namespace TokenHub.Protocols.Bedrock;

/// <summary>
/// Reads an answer of Converse: the events that <see cref="EventStreamFraming"/> makes of its frames, or one body.
/// </summary>
/// <remarks>Only calls have a beginning of their own; text and thoughts begin with their first piece.</remarks>
internal sealed class ConverseStreamReader : AnswerDecoder
{
    private readonly ArrayBufferWriter<byte> _input = new(256);
    private Block _open;
    private int _calls;
    private bool _isStarted;
    private bool _isOver;
    private bool _hasFormatText;

    private enum Block : byte
    {
        None,
        Text,
        Thought,
        Call,

        /// <summary>A call whose arguments are the answer's text (see <see cref="ToolBook.FormatTool"/>).</summary>
        FormatText,
    }

    private protected override void OnBegin()
    {
        (_open, _calls, _isStarted, _isOver, _hasFormatText) = (Block.None, 0, false, false, false);
        _input.ResetWrittenCount();
    }

    private protected override void ReadEvent(ReadOnlySpan<byte> name, ReadOnlySpan<byte> data, IChatSink sink)
    {
        try
        {
            Take(name, data, sink);
        }
        catch (JsonException)
        {
            // The meter beside reads the same bytes and says that they are broken.
        }
    }

    private protected override void ReadBody(ReadOnlySpan<byte> body, IChatSink sink)
    {
        try
        {
            ConverseBodyReader.Read(body, this, sink);
        }
        catch (JsonException)
        {
            // As above.
        }
    }

    internal void Start(IChatSink sink)
    {
        if (!_isStarted)
        {
            _isStarted = true;
            sink.Take(new ChatEvent(ChatEventKind.Start));
        }
    }

    internal void GiveText(ReadOnlySpan<byte> text, IChatSink sink)
    {
        if (!text.IsEmpty)
        {
            Enter(Block.Text, sink);
            sink.Take(new ChatEvent(ChatEventKind.Text) { Text = text });
        }
    }

    /// <param name="text">What is thought.</param>
    /// <param name="signature">Signs the thought.</param>
    /// <param name="redacted">A thought of which nothing may be read.</param>
    internal void GiveThought(
        ReadOnlySpan<byte> text, ReadOnlySpan<byte> signature, ReadOnlySpan<byte> redacted, IChatSink sink)
    {
        if (!text.IsEmpty || !signature.IsEmpty || !redacted.IsEmpty)
        {
            Enter(Block.Thought, sink);
        }

        if (!text.IsEmpty)
        {
            sink.Take(new ChatEvent(ChatEventKind.Reasoning) { Text = text });
        }

        if (!signature.IsEmpty)
        {
            sink.Take(new ChatEvent(ChatEventKind.Opaque) { Opaque = OpaqueKind.Reasoning, Text = signature });
        }

        if (!redacted.IsEmpty)
        {
            sink.Take(new ChatEvent(ChatEventKind.Opaque) { Opaque = OpaqueKind.Redacted, Text = redacted });
        }
    }

    internal void BeginCall(ReadOnlySpan<byte> id, ReadOnlySpan<byte> name, IChatSink sink)
    {
        EndBlock(sink);
        Start(sink);
        if (Context.ToolBook.FormatTool is { } tool && JsonText.Unescape(name) == tool)
        {
            (_open, _hasFormatText) = (Block.FormatText, true);
            return;
        }

        _open = Block.Call;
        var call = _calls++;
        sink.Take(new ChatEvent(ChatEventKind.Call)
        {
            Call = call,
            Id = id.IsEmpty ? Encoding.UTF8.GetBytes(Context.IdOf("call_", call + 1)) : id,
            Name = name,
        });
    }

    internal void GiveArguments(ReadOnlySpan<byte> json, IChatSink sink)
    {
        if (!json.IsEmpty && _open == Block.Call)
        {
            sink.Take(new ChatEvent(ChatEventKind.Arguments) { Call = _calls - 1, Text = json });
        }
        else if (!json.IsEmpty && _open == Block.FormatText)
        {
            sink.Take(new ChatEvent(ChatEventKind.Text) { Text = json });
        }
    }

    /// <summary>The arguments of a call as an object, at which the reader stands.</summary>
    internal void GiveInput(ref Utf8JsonReader input, IChatSink sink)
    {
        _input.ResetWrittenCount();
        JsonRaw.CopyEscaped(ref input, _input);
        if (_open == Block.FormatText || !_input.WrittenSpan.SequenceEqual("{}"u8))
        {
            GiveArguments(_input.WrittenSpan, sink);
        }
    }

    internal void EndBlock(IChatSink sink)
    {
        if (_open == Block.Thought)
        {
            sink.Take(new ChatEvent(ChatEventKind.ReasoningEnd));
        }
        else if (_open == Block.Call)
        {
            sink.Take(new ChatEvent(ChatEventKind.CallEnd) { Call = _calls - 1 });
        }

        _open = Block.None;
    }

    internal void Stop(ReadOnlySpan<byte> reason, IChatSink sink)
    {
        if (reason.IsEmpty || _isOver)
        {
            return;
        }

        Start(sink);
        EndBlock(sink);
        _isOver = true;
        var stop = StopOf(reason);
        stop = stop == StopReason.Calls && _hasFormatText && _calls == 0 ? StopReason.End : stop;
        sink.Take(new ChatEvent(ChatEventKind.Stop) { Stop = stop });
    }

    private static StopReason StopOf(ReadOnlySpan<byte> reason) =>
        reason.SequenceEqual("end_turn"u8) ? StopReason.End
        : reason.SequenceEqual("tool_use"u8) ? StopReason.Calls
        : reason.SequenceEqual("max_tokens"u8) ? StopReason.Length
        : reason.SequenceEqual("stop_sequence"u8) ? StopReason.StopSequence
        : reason.SequenceEqual("content_filtered"u8) || reason.SequenceEqual("guardrail_intervened"u8)
            ? StopReason.Filtered
        : reason.SequenceEqual("model_context_window_exceeded"u8) ? StopReason.ContextLength
        : reason.SequenceEqual("malformed_tool_use"u8) || reason.SequenceEqual("malformed_model_output"u8)
            ? StopReason.BrokenCall
        : StopReason.Other;

    private void Take(ReadOnlySpan<byte> name, ReadOnlySpan<byte> data, IChatSink sink)
    {
        if (name.SequenceEqual("contentBlockDelta"u8))
        {
            TakeDelta(data, sink);
        }
        else if (name.SequenceEqual("contentBlockStart"u8))
        {
            TakeStart(data, sink);
        }
        else if (name.SequenceEqual("contentBlockStop"u8))
        {
            EndBlock(sink);
        }
        else if (name.SequenceEqual("messageStart"u8))
        {
            Start(sink);
        }
        else if (name.SequenceEqual("messageStop"u8))
        {
            var json = JsonRaw.NewReader(data);
            json.Read();
            while (json.NextMember())
            {
                if (json.NameIs("stopReason"u8))
                {
                    Stop(json.ReadText(), sink);
                    return;
                }

                json.SkipMember();
            }
        }
    }

    // {"contentBlockIndex":1,"start":{"toolUse":{"name":"f","toolUseId":"t"}}}
    private void TakeStart(ReadOnlySpan<byte> data, IChatSink sink)
    {
        var json = JsonRaw.NewReader(data);
        if (!TryEnter(ref json, "start"u8) || !TryEnterMember(ref json, "toolUse"u8))
        {
            return;
        }

        ReadOnlySpan<byte> id = default, name = default;
        while (json.NextMember())
        {
            if (json.NameIs("toolUseId"u8))
            {
                id = json.ReadText();
            }
            else if (json.NameIs("name"u8))
            {
                name = json.ReadText();
            }
            else
            {
                json.SkipMember();
            }
        }

        BeginCall(id, name, sink);
    }

    private void TakeDelta(ReadOnlySpan<byte> data, IChatSink sink)
    {
        var json = JsonRaw.NewReader(data);
        if (!TryEnter(ref json, "delta"u8))
        {
            return;
        }

        while (json.NextMember())
        {
            if (json.NameIs("text"u8))
            {
                GiveText(json.ReadText(), sink);
            }
            else if (json.NameIs("toolUse"u8))
            {
                if (TryFind(ref json, "input"u8))
                {
                    GiveArguments(json.ReadText(), sink);
                }

                return;
            }
            else if (json.NameIs("reasoningContent"u8) && json.BeginObject())
            {
                ConverseThought.Read(ref json, this, sink);
            }
            else
            {
                json.SkipMember();
            }
        }
    }

    private void Enter(Block block, IChatSink sink)
    {
        Start(sink);
        if (_open != block)
        {
            EndBlock(sink);
            _open = block;
        }
    }

    // To the first name inside the object that is the root's member.
    private static bool TryEnter(ref Utf8JsonReader json, ReadOnlySpan<byte> name) =>
        json.Read() && json.TokenType == JsonTokenType.StartObject && TryEnterMember(ref json, name);

    private static bool TryEnterMember(ref Utf8JsonReader json, ReadOnlySpan<byte> name)
    {
        while (json.NextMember())
        {
            if (json.NameIs(name))
            {
                return json.BeginObject();
            }

            json.SkipMember();
        }

        return false;
    }

    // From a name into its object, to the member of another name.
    private static bool TryFind(ref Utf8JsonReader json, ReadOnlySpan<byte> name)
    {
        if (!json.BeginObject())
        {
            return false;
        }

        while (json.NextMember())
        {
            if (json.NameIs(name))
            {
                return true;
            }

            json.SkipMember();
        }

        return false;
    }
}
