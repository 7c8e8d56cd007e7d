using System.Buffers;
using TokenHub.Core.Snapshots;
using TokenHub.Core.Usage;
using TokenHub.Protocols.Chat;
using TokenHub.Protocols.Codecs;
using TokenHub.Protocols.Codecs.Answers;
using TokenHub.Protocols.Json;

namespace TokenHub.Protocols.Gemini.Parts;

/// <summary>
/// Puts the events of an answer into parts: texts as they come, calls when they are whole, and what is opaque on the
/// part that follows it. Where the parts go is for the stream's and the body's writers to say.
/// </summary>
internal abstract class GeminiParts : AnswerEncoder
{
    private readonly List<CandidateDraft> _candidates = [];
    private readonly List<CallDraft> _calls = [];
    private readonly ArrayBufferWriter<byte> _part = new(256);
    private readonly ArrayBufferWriter<byte> _plain = new(256);
    private readonly ArrayBufferWriter<byte> _object = new(256);

    /// <summary>Candidates of this answer.</summary>
    private protected int Count { get; private set; }

    private protected CandidateDraft this[int choice] => _candidates[choice];

    public sealed override void Take(in ChatEvent e)
    {
        var candidate = CandidateOf(e.Choice);
        candidate.AddChances(e.Chances);
        switch (e.Kind)
        {
            case ChatEventKind.Text or ChatEventKind.Refusal when !e.Text.IsEmpty:
                candidate.HasRefusal |= e.Kind == ChatEventKind.Refusal;
                candidate.Places.Add(e.Text);
                WriteText(e.Choice, e.Text, isThought: false, candidate.TakeCarrier());
                break;
            case ChatEventKind.Reasoning when !e.Text.IsEmpty:
                FlushCarrier(e.Choice);
                WriteText(e.Choice, e.Text, isThought: true, carrier: null);
                break;
            case ChatEventKind.ReasoningEnd:
                EndText(e.Choice);
                break;
            case ChatEventKind.Opaque:
                FlushCarrier(e.Choice);
                candidate.Carrier = CarrierText.Of(e, Context, Dialect.Gemini);
                if (e.Opaque == OpaqueKind.Redacted)
                {
                    FlushCarrier(e.Choice);
                }

                break;
            case ChatEventKind.Image:
                WriteImage(e);
                break;
            case ChatEventKind.Citation:
                candidate.AddSource(e);
                break;
            case ChatEventKind.Stop when candidate.Stop == StopReason.None:
                candidate.Stop = e.Stop;
                candidate.StopText.Write(e.Text);
                break;
            default:
                TakeCall(e, candidate);
                break;
        }
    }

    public sealed override void Finish(in TokenUsage usage)
    {
        while (_calls.Count > 0)
        {
            EndCall(_calls[0]);
        }

        End(usage, isForFunds: false);
    }

    public sealed override void FinishForFunds(in TokenUsage usage)
    {
        _calls.Clear();
        End(usage, isForFunds: true);
    }

    private protected override void OnBegin()
    {
        Count = 0;
        _calls.Clear();
        foreach (var candidate in _candidates)
        {
            candidate.Reset();
        }
    }

    /// <summary>Some of a text or a thought; the carrier goes into its slot.</summary>
    private protected abstract void WriteText(
        int choice, ReadOnlySpan<byte> text, bool isThought, ReadOnlySpan<byte> carrier);

    /// <summary>What comes next is another text.</summary>
    private protected abstract void EndText(int choice);

    /// <summary>A whole part.</summary>
    private protected abstract void WritePart(int choice, ReadOnlySpan<byte> part);

    private protected abstract void End(in TokenUsage usage, bool isForFunds);

    /// <summary>
    /// Writes <c>"finishReason":...,"index":...</c>, and what is told of the end and of sources.
    /// </summary>
    private protected void WriteFinish(int choice, bool isForFunds)
    {
        var candidate = _candidates[choice];
        var reason = isForFunds ? StopReason.Length : candidate.Reason;
        var told = isForFunds ? FundsNote.Sentence : reason == StopReason.Filtered ? candidate.StopText.WrittenSpan
            : default;
        Output.Write("\"finishReason\":\""u8);
        Output.Write(GeminiStop.WordOf(reason));
        Output.Write("\",\"index\":"u8);
        Output.WriteNumber(choice);
        if (!told.IsEmpty)
        {
            Output.Write(",\"finishMessage\":\""u8);
            Output.Write(told);
            Output.Write("\""u8);
        }

        if (candidate.Sources.WrittenCount > 0)
        {
            Output.Write(",\"groundingMetadata\":{\"groundingChunks\":["u8);
            Output.Write(candidate.Sources.WrittenSpan);
            Output.Write(candidate.Supports.WrittenCount > 0 ? "],\"groundingSupports\":["u8 : default);
            Output.Write(candidate.Supports.WrittenSpan);
            Output.Write("]}"u8);
        }

        WriteChances(choice);
    }

    /// <summary>Writes how likely the tokens of texts not told of yet were, behind a comma.</summary>
    private protected void WriteChances(int choice)
    {
        var chances = _candidates[choice].Chances;
        if (chances.WrittenCount > 0)
        {
            TokenChances.WriteResult(chances.WrittenSpan, Output, _object);
            chances.ResetWrittenCount();
        }
    }

    /// <summary>The candidate of a number, and all before it.</summary>
    private protected CandidateDraft CandidateOf(int choice)
    {
        Count = Math.Max(Count, choice + 1);
        while (_candidates.Count < Count)
        {
            _candidates.Add(new CandidateDraft());
        }

        return _candidates[choice];
    }

    private void FlushCarrier(int choice)
    {
        if (_candidates[choice].TakeCarrier() is { } carrier)
        {
            EndText(choice);
            WriteText(choice, default, isThought: false, carrier);
            EndText(choice);
        }
    }

    private void TakeCall(in ChatEvent e, CandidateDraft candidate)
    {
        if (e.Kind == ChatEventKind.Call)
        {
            _calls.Add(new CallDraft(e, candidate.TakeCarrier()));
            return;
        }

        foreach (var call in _calls)
        {
            if (call.Call != e.Call || e.Kind is not (ChatEventKind.Arguments or ChatEventKind.CallEnd))
            {
                continue;
            }

            call.Arguments.Write(e.Text);
            if (e.Kind == ChatEventKind.CallEnd)
            {
                EndCall(call);
            }

            return;
        }
    }

    private void EndCall(CallDraft call)
    {
        _calls.Remove(call);
        _plain.ResetWrittenCount();
        JsonText.WriteUnescaped(_plain, call.Arguments.WrittenSpan);
        if (_plain.WrittenCount == 0)
        {
            _plain.Write("{}"u8);
        }

        // A call with other arguments than the model's must not be run: the dialect has a word for that.
        if (!JsonRaw.TryCopyObject(_plain.WrittenSpan, _object))
        {
            var candidate = CandidateOf(call.Choice);
            candidate.IsBroken = true;
            candidate.Carrier ??= call.Carrier;
            return;
        }

        _part.ResetWrittenCount();
        _part.Write("{\"functionCall\":{\"id\":\""u8);
        _part.Write(call.Id);
        _part.Write("\",\"name\":"u8);
        JsonText.Write(_part, Context.ToolBook.Find(call.Name)?.Name ?? call.Name);
        _part.Write(",\"args\":"u8);
        _part.Write(_object.WrittenSpan);
        _part.Write("}"u8);
        if (call.Carrier is { } carrier)
        {
            _part.Write(",\"thoughtSignature\":\""u8);
            _part.Write(carrier);
            _part.Write("\""u8);
        }

        _part.Write("}"u8);
        WritePart(call.Choice, _part.WrittenSpan);
    }

    private void WriteImage(in ChatEvent e)
    {
        _part.ResetWrittenCount();
        _part.Write("{\"inlineData\":{\"mimeType\":\""u8);
        _part.Write(e.Name);
        _part.Write("\",\"data\":\""u8);
        _part.Write(e.Text);
        _part.Write("\"}}"u8);
        WritePart(e.Choice, _part.WrittenSpan);
    }
}
