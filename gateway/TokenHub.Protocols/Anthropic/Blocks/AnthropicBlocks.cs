using System.Buffers;
using System.Text;
using TokenHub.Core.Snapshots;
using TokenHub.Core.Usage;
using TokenHub.Protocols.Chat;
using TokenHub.Protocols.Codecs;
using TokenHub.Protocols.Errors;

namespace TokenHub.Protocols.Anthropic.Blocks;

/// <summary>
/// Puts the events of an answer into content blocks, one after another and never two at a time. What a block looks like
/// is for the stream's and the body's writers to say.
/// </summary>
internal abstract class AnthropicBlocks : AnswerEncoder
{
    private static ReadOnlySpan<byte> PictureNote => "[Here was a picture, which this protocol cannot carry.]"u8;

    private readonly WaitingBlocks _waiting = new();
    private readonly ArrayBufferWriter<byte> _stopText = new(64);
    private bool _isBegun;
    private bool _hasCalls;
    private bool _hasRefusal;
    private bool _isSigned;
    private int _call;
    private StopReason _stop;

    private protected enum BlockKind : byte
    {
        None,
        Text,
        Thinking,
        Call,
    }

    private protected BlockKind Open { get; private set; }

    public sealed override void Take(in ChatEvent e)
    {
        if (e.Choice > 0)
        {
            return;
        }

        if (e.Kind == ChatEventKind.Image)
        {
            // An answer of Messages has no place for one: better a word of it than silence.
            Take(new ChatEvent(ChatEventKind.Text) { Text = PictureNote });
            return;
        }

        Begin();
        if (Open == BlockKind.Call && e.Kind != ChatEventKind.Stop && !IsOfOpenCall(e))
        {
            _waiting.Add(e);
            return;
        }

        switch (e.Kind)
        {
            case ChatEventKind.Text or ChatEventKind.Refusal when !e.Text.IsEmpty:
                _hasRefusal |= e.Kind == ChatEventKind.Refusal;
                OpenAs(BlockKind.Text);
                WriteText(e.Text);
                break;
            case ChatEventKind.Reasoning when !e.Text.IsEmpty:
                OpenAs(BlockKind.Thinking);
                WriteThinking(e.Text);
                break;
            case ChatEventKind.ReasoningEnd when Open == BlockKind.Thinking:
                Close();
                break;
            case ChatEventKind.Opaque:
                TakeOpaque(e);
                break;
            case ChatEventKind.Citation when Open == BlockKind.Text:
                WriteSource(e.Id, e.Name);
                break;
            case ChatEventKind.Stop when _stop == StopReason.None:
                _stop = e.Stop;
                _stopText.Write(e.Text);
                break;
            default:
                TakeCall(e);
                break;
        }
    }

    public sealed override void Finish(in TokenUsage usage)
    {
        CloseAll();
        if (_stop == StopReason.BrokenCall)
        {
            Fail(ApiError.Of(
                Dialect.Anthropic, ErrorKind.BadGateway, "The model began a call that cannot be read.",
                Context.RequestId));
            return;
        }

        End(ReasonOf(_stop), _stopText.WrittenSpan, usage, isForFunds: false);
    }

    public sealed override void FinishForFunds(in TokenUsage usage)
    {
        CloseAll();
        End(StopReason.Length, default, usage, isForFunds: true);
    }

    private protected override void OnBegin()
    {
        _waiting.Clear();
        _stopText.ResetWrittenCount();
        Open = BlockKind.None;
        (_isBegun, _hasCalls, _hasRefusal, _isSigned, _stop) = (false, false, false, false, StopReason.None);
    }

    /// <summary>The answer begins, before any block.</summary>
    private protected abstract void WriteBegin();

    private protected abstract void OpenText();

    private protected abstract void OpenThinking();

    private protected abstract void OpenCall(ReadOnlySpan<byte> id, ReadOnlySpan<byte> name);

    private protected abstract void WriteText(ReadOnlySpan<byte> text);

    private protected abstract void WriteThinking(ReadOnlySpan<byte> text);

    private protected abstract void WriteArguments(ReadOnlySpan<byte> json);

    private protected abstract void WriteSource(ReadOnlySpan<byte> address, ReadOnlySpan<byte> title);

    /// <summary>The signature of the open thought; comes once, behind its text.</summary>
    private protected abstract void WriteSignature(ReadOnlySpan<byte> signature);

    private protected abstract void CloseBlock(BlockKind kind);

    /// <summary>A whole block of a hidden thought.</summary>
    private protected abstract void WriteRedacted(ReadOnlySpan<byte> data);

    private protected abstract void End(
        StopReason reason, ReadOnlySpan<byte> text, in TokenUsage usage, bool isForFunds);

    /// <summary>Writes <c>"stop_reason":...,"stop_sequence":...</c>.</summary>
    private protected void WriteStop(StopReason reason, ReadOnlySpan<byte> text, bool hasDetails)
    {
        Output.Write("\"stop_reason\":\""u8);
        Output.Write(AnthropicStop.WordOf(reason));
        Output.Write("\",\"stop_sequence\":"u8);
        WriteOrNull(reason == StopReason.StopSequence ? text : default);
        if (reason == StopReason.Filtered)
        {
            Output.Write(",\"stop_details\":{\"type\":\"refusal\",\"category\":null,\"explanation\":"u8);
            WriteOrNull(text);
            Output.Write("}"u8);
        }
        else if (hasDetails)
        {
            Output.Write(",\"stop_details\":null"u8);
        }
    }

    private protected string MessageId => Context.IdOf("msg_");

    private void WriteOrNull(ReadOnlySpan<byte> text)
    {
        Output.Write(text.IsEmpty ? "null"u8 : "\""u8);
        Output.Write(text);
        Output.Write(text.IsEmpty ? default : "\""u8);
    }

    private bool IsOfOpenCall(in ChatEvent e) =>
        e.Kind is ChatEventKind.Arguments or ChatEventKind.CallEnd && e.Call == _call;

    private void Begin()
    {
        if (!_isBegun)
        {
            _isBegun = true;
            WriteBegin();
        }
    }

    private void TakeCall(in ChatEvent e)
    {
        switch (e.Kind)
        {
            case ChatEventKind.Call:
                Close();
                (_call, _hasCalls, Open) = (e.Call, true, BlockKind.Call);
                OpenCall(e.Id, NameOf(e.Name));
                break;
            case ChatEventKind.Arguments when Open == BlockKind.Call && !e.Text.IsEmpty:
                WriteArguments(e.Text);
                break;
            case ChatEventKind.CallEnd when Open == BlockKind.Call:
                Close();
                _waiting.GiveTo(this);
                break;
        }
    }

    private ReadOnlySpan<byte> NameOf(ReadOnlySpan<byte> told) =>
        Context.ToolBook.IsPlain || Context.ToolBook.Find(Encoding.UTF8.GetString(told)) is not { } tool
            ? told
            : Encoding.UTF8.GetBytes(tool.Name);

    // What belongs to a thought goes with it; what belongs to a text or a call goes with the thought before it, or in a
    // block of its own, for only thoughts have a slot.
    private void TakeOpaque(in ChatEvent e)
    {
        var slot = CarrierText.Of(e, Context, Dialect.Anthropic);
        if (e.Opaque == OpaqueKind.Redacted)
        {
            Close();
            WriteRedacted(slot);
            return;
        }

        if (Open != BlockKind.Thinking || _isSigned)
        {
            Close();
            OpenAs(BlockKind.Thinking);
            _isSigned = true;
            WriteSignature(slot);
            if (e.Opaque != OpaqueKind.Reasoning)
            {
                Close();
            }

            return;
        }

        _isSigned = true;
        WriteSignature(slot);
    }

    private void OpenAs(BlockKind kind)
    {
        // A thought that is signed is whole.
        if (Open == kind && !_isSigned)
        {
            return;
        }

        Close();
        Open = kind;
        if (kind == BlockKind.Text)
        {
            OpenText();
        }
        else
        {
            OpenThinking();
        }
    }

    private void Close()
    {
        if (Open != BlockKind.None)
        {
            CloseBlock(Open);
            (Open, _isSigned) = (BlockKind.None, false);
        }
    }

    private void CloseAll()
    {
        Begin();
        for (var isOpen = true; isOpen;)
        {
            Close();
            _waiting.GiveTo(this);
            isOpen = Open != BlockKind.None;
        }
    }

    private StopReason ReasonOf(StopReason stop) => stop switch
    {
        StopReason.Length or StopReason.ContextLength or StopReason.Filtered => stop,
        _ when _hasRefusal => StopReason.Filtered,
        StopReason.None or StopReason.End or StopReason.Other when _hasCalls => StopReason.Calls,
        StopReason.Calls when !_hasCalls => StopReason.End,
        _ => stop,
    };
}
