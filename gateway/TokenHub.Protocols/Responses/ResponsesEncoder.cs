using System.Buffers;
using TokenHub.Core.Snapshots;
using TokenHub.Core.Usage;
using TokenHub.Protocols.Chat;
using TokenHub.Protocols.Codecs;
using TokenHub.Protocols.Json;
using TokenHub.Protocols.OpenAi;

namespace TokenHub.Protocols.Responses;

/// <summary>
/// Sorts the events of an answer into the items of a Response: a thought, a run of text, each call. Calls may be open
/// side by side, everything else stands alone.
/// </summary>
internal abstract class ResponsesEncoder : AnswerEncoder
{
    private readonly List<OutputItem> _items = [];
    private readonly CallNames _names = new();
    private readonly ArrayBufferWriter<byte> _scratch = new(256);
    private OutputItem? _current;
    private int _count;
    private StopReason _stop;

    private protected string AnswerId { get; private set; } = "";

    /// <summary>Why it ended, as far as that is known.</summary>
    private protected StopReason StopReason => _stop;

    private protected override void OnBegin()
    {
        (_count, _current, _stop) = (0, null, StopReason.None);
        _names.Begin(Context.ToolBook);
        AnswerId = Context.IdOf("resp_");
    }

    public override void Take(in ChatEvent e)
    {
        switch (e.Kind)
        {
            // Several answers to one request this protocol does not know.
            case not ChatEventKind.Start when e.Choice > 0:
                break;
            case ChatEventKind.Start:
                OnStart();
                break;
            case ChatEventKind.Text:
                TakeText(e);
                break;
            case ChatEventKind.Refusal:
                TakeRefusal(e.Text);
                break;
            case ChatEventKind.Reasoning:
                TakeReasoning(e.Text);
                break;
            case ChatEventKind.ReasoningEnd:
                CloseCurrent(OutputKind.Reasoning);
                break;
            case ChatEventKind.Opaque:
                TakeOpaque(e);
                break;
            case ChatEventKind.Citation:
                TakeCitation(e);
                break;
            case ChatEventKind.Image:
                TakeImage(e);
                break;
            case ChatEventKind.Stop:
                TakeStop(e);
                break;
            default:
                TakeCall(e);
                break;
        }
    }

    /// <summary>The answer begins.</summary>
    private protected abstract void OnStart();

    private protected abstract void OnOpened(OutputItem item);

    /// <summary>A part of an item begins: text, refusal or summary.</summary>
    private protected abstract void OnPart(OutputItem item, ChatEventKind kind);

    /// <summary>More of an item, of a kind of text; the item has it already.</summary>
    private protected abstract void OnMore(
        OutputItem item, ChatEventKind kind, ReadOnlySpan<byte> text, ReadOnlySpan<byte> chances = default);

    private protected abstract void OnNote(OutputItem item, ReadOnlySpan<byte> note);

    private protected abstract void OnClosed(OutputItem item);

    /// <summary>Closes all that is open, cut by the limit or not.</summary>
    private protected void CloseAll(bool isCut)
    {
        if (_current is { } current)
        {
            current.IsCut = isCut && current.Kind != OutputKind.Reasoning;
            Close(current);
        }

        for (var i = 0; i < _count; i++)
        {
            if (_items[i].IsOpen)
            {
                _items[i].IsCut = isCut;
                Close(_items[i]);
            }
        }
    }

    /// <summary>
    /// The Response itself, from its id to its usage. Members that repeat the request come from it, or stand for one
    /// that said nothing.
    /// </summary>
    private protected void WriteResponse(
        ReadOnlySpan<byte> status, ReadOnlySpan<byte> error, ReadOnlySpan<byte> details, bool hasUsage,
        in TokenUsage usage)
    {
        Output.Write("{\"id\":"u8);
        JsonText.Write(Output, AnswerId);
        Output.Write(",\"object\":\"response\",\"created_at\":"u8);
        Output.WriteNumber(Context.CreatedSeconds);
        Output.Write(",\"status\":\""u8);
        Output.Write(status);
        Output.Write("\",\"error\":"u8);
        Output.Write(error.IsEmpty ? "null"u8 : error);
        Output.Write(",\"incomplete_details\":"u8);
        Output.Write(details.IsEmpty ? "null"u8 : details);
        Output.Write(",\"model\":"u8);
        JsonText.Write(Output, Context.Model);
        Output.Write(","u8);
        Output.Write(Context.Echo.IsEmpty ? ResponsesEcho.Standard : Context.Echo.Span);
        Output.Write(",\"output\":["u8);
        for (var i = 0; i < _count && !status.SequenceEqual("in_progress"u8); i++)
        {
            Output.Write(i > 0 ? ","u8 : default);
            _items[i].Write(Output);
        }

        Output.Write("],\"usage\":"u8);
        if (hasUsage)
        {
            UsageWriter.Write(Output, usage);
        }
        else
        {
            Output.Write("null"u8);
        }

        Output.Write("}"u8);
    }

    /// <summary>The Response at its end, as its reason to stop demands.</summary>
    private protected void WriteEnd(bool isForFunds, in TokenUsage usage)
    {
        var (status, error, details) = End(isForFunds);
        WriteResponse(status.Span, error.Span, details.Span, hasUsage: true, usage);
    }

    /// <summary>The status at the end, and the two members that explain one that is not <c>completed</c>.</summary>
    private protected (ReadOnlyMemory<byte> Status, ReadOnlyMemory<byte> Error, ReadOnlyMemory<byte> Details) End(
        bool isForFunds) => isForFunds ? (Incomplete, default, AtLimit) : _stop switch
        {
            StopReason.Length or StopReason.ContextLength => (Incomplete, default, AtLimit),
            StopReason.Filtered => (Incomplete, default, AtFilter),
            StopReason.BrokenCall => (Failed, Broken, default),
            _ => (Completed, default, default),
        };

    private static readonly ReadOnlyMemory<byte> Completed = "completed"u8.ToArray();
    private static readonly ReadOnlyMemory<byte> Incomplete = "incomplete"u8.ToArray();
    private static readonly ReadOnlyMemory<byte> Failed = "failed"u8.ToArray();
    private static readonly ReadOnlyMemory<byte> AtLimit = "{\"reason\":\"max_output_tokens\"}"u8.ToArray();
    private static readonly ReadOnlyMemory<byte> AtFilter = "{\"reason\":\"content_filter\"}"u8.ToArray();
    private static readonly ReadOnlyMemory<byte> Broken =
        "{\"code\":\"server_error\",\"message\":\"The model made a call that cannot be read.\"}"u8.ToArray();

    private void TakeText(in ChatEvent e)
    {
        // Text behind a refusal is another message: within one they would change places.
        if (_current is not { Kind: OutputKind.Message, HasRefusalPart: false })
        {
            Open(OutputKind.Message, "msg_");
        }

        BeginTextPart(_current!);
        _current!.Text.Write(e.Text);
        if (!e.Chances.IsEmpty)
        {
            _current.Chances.Write(_current.Chances.WrittenCount > 0 ? ","u8 : default);
            _current.Chances.Write(e.Chances);
        }

        OnMore(_current, ChatEventKind.Text, e.Text, e.Chances);
    }

    private void BeginTextPart(OutputItem item)
    {
        if (!item.HasTextPart)
        {
            OnPart(item, ChatEventKind.Text);
            item.HasTextPart = true;
        }
    }

    private void TakeRefusal(ReadOnlySpan<byte> text)
    {
        if (_current is not { Kind: OutputKind.Message })
        {
            Open(OutputKind.Message, "msg_");
        }

        if (!_current!.HasRefusalPart)
        {
            OnPart(_current, ChatEventKind.Refusal);
            _current.HasRefusalPart = true;
        }

        _current.Refusal.Write(text);
        OnMore(_current, ChatEventKind.Refusal, text);
    }

    private void TakeReasoning(ReadOnlySpan<byte> text)
    {
        if (_current is not { Kind: OutputKind.Reasoning, Opaque: null })
        {
            Open(OutputKind.Reasoning, "rs_");
        }

        if (!_current!.HasTextPart)
        {
            OnPart(_current, ChatEventKind.Reasoning);
            _current.HasTextPart = true;
        }

        _current.Text.Write(text);
        OnMore(_current, ChatEventKind.Reasoning, text);
    }

    // What belongs to a call or to text has its own item: that is the only slot here.
    private void TakeOpaque(in ChatEvent e)
    {
        var belongs = e.Opaque is OpaqueKind.Reasoning;
        if (!belongs || _current is not { Kind: OutputKind.Reasoning, Opaque: null })
        {
            Open(OutputKind.Reasoning, "rs_");
        }

        var (data, id) = (JsonText.Unescape(e.Text), e.Id.IsEmpty ? null : JsonText.Unescape(e.Id));
        _current!.Opaque = Context.Upstream == Dialect.Responses ? data : OpaqueCarrier.Write(new OpaqueItem(
            Context.Upstream, ModelFamily.Of(Context.UpstreamModel), e.Opaque, data, id));
        if (!belongs)
        {
            CloseCurrent(OutputKind.Reasoning);
        }
    }

    private void TakeCitation(in ChatEvent e)
    {
        if (_current is not { Kind: OutputKind.Message, HasRefusalPart: false })
        {
            Open(OutputKind.Message, "msg_");
        }

        var item = _current!;
        BeginTextPart(item);
        _scratch.ResetWrittenCount();
        _scratch.Write("{\"type\":\"url_citation\","u8);
        OpenAiSource.Write(_scratch, e);
        _scratch.Write("}"u8);
        OnNote(item, _scratch.WrittenSpan);
        item.Notes.Write(item.Notes.WrittenCount > 0 ? ","u8 : default);
        item.Notes.Write(_scratch.WrittenSpan);
    }

    private void TakeImage(in ChatEvent e)
    {
        var item = Open(OutputKind.Image, "ig_");
        item.Text.Write(e.Text);
        Close(item);
    }

    private void TakeStop(in ChatEvent e)
    {
        if (e.Stop == StopReason.Filtered && !e.Text.IsEmpty)
        {
            TakeRefusal(e.Text);
        }

        _stop = e.Stop;
    }

    private void TakeCall(in ChatEvent e)
    {
        if (e.Kind == ChatEventKind.Call)
        {
            var call = _names.Add(e, _count);
            var opened = Add(OutputKind.Call, call.IsFreeForm ? "ctc_" : "fc_");
            opened.Call = call;
            OnOpened(opened);
            return;
        }

        if (FindCall(e.Call) is not { IsOpen: true } item)
        {
            return;
        }

        if (e.Kind == ChatEventKind.CallEnd)
        {
            Close(item);
        }
        else if (!e.Text.IsEmpty)
        {
            item.Text.Write(e.Text);
            MoreOfCall(item, e.Text);
        }
    }

    // The input of a free-form tool is wrapped until it is whole.
    private void MoreOfCall(OutputItem item, ReadOnlySpan<byte> text)
    {
        if (!item.Call!.IsFreeForm)
        {
            OnMore(item, ChatEventKind.Arguments, text);
        }
    }

    private OutputItem? FindCall(int number)
    {
        for (var i = _count - 1; i >= 0; i--)
        {
            if (_items[i].Call?.EventCall == number)
            {
                return _items[i];
            }
        }

        return null;
    }

    private OutputItem Open(OutputKind kind, string prefix)
    {
        _current = Add(kind, prefix);
        OnOpened(_current);
        return _current;
    }

    private OutputItem Add(OutputKind kind, string prefix)
    {
        if (_current is { } current)
        {
            Close(current);
        }

        if (_count == _items.Count)
        {
            _items.Add(new OutputItem());
        }

        var item = _items[_count];
        item.Begin(kind, _count, Context.IdOf(prefix, ++_count));
        return item;
    }

    private void CloseCurrent(OutputKind kind)
    {
        if (_current?.Kind == kind)
        {
            Close(_current);
        }
    }

    private void Close(OutputItem item)
    {
        if (item.Call is { IsFreeForm: true })
        {
            item.Unwrap(_scratch);
            OnMore(item, ChatEventKind.Arguments, item.Text.WrittenSpan);
        }
        else if (item is { Kind: OutputKind.Call, IsCut: false, Text.WrittenCount: 0 })
        {
            item.Text.Write("{}"u8);
            OnMore(item, ChatEventKind.Arguments, "{}"u8);
        }

        item.IsOpen = false;
        _current = _current == item ? null : _current;
        OnClosed(item);
    }
}
