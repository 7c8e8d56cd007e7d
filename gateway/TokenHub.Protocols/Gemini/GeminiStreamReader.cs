using System.Buffers;
using System.Text;
using System.Text.Json;
using TokenHub.Protocols.Chat;
using TokenHub.Protocols.Codecs;
using TokenHub.Protocols.Codecs.Answers;
using TokenHub.Protocols.Gemini.Parts;
using TokenHub.Protocols.Json;

namespace TokenHub.Protocols.Gemini;

/// <summary>
/// Reads an answer of Gemini generateContent: event stream, array of events or one body, bare or within the envelope
/// <c>response</c>. A candidate's end goes out when the answer is through, for some models name it in every event.
/// </summary>
internal sealed class GeminiStreamReader : AnswerDecoder
{
    /// <summary>Far more than any model gives.</summary>
    private const int ChoicesMax = 128;

    private readonly List<GeminiChoice> _choices = [];
    private readonly ArrayBufferWriter<byte> _arguments = new(256);
    private readonly ArrayBufferWriter<byte> _chances = new(256);
    private int _calls;

    /// <summary>The answer's beginning has been told.</summary>
    internal bool IsStarted { get; private set; }

    private protected override void OnBegin()
    {
        (IsStarted, _calls) = (false, 0);
        _chances.ResetWrittenCount();
        foreach (var choice in _choices)
        {
            choice.Reset();
        }
    }

    private protected override void ReadEvent(ReadOnlySpan<byte> name, ReadOnlySpan<byte> data, IChatSink sink) =>
        ReadBody(data, sink);

    private protected override void ReadBody(ReadOnlySpan<byte> body, IChatSink sink)
    {
        try
        {
            GeminiBodyReader.Read(body, this, sink);
        }
        catch (Exception fault) when (fault is JsonException or InvalidOperationException)
        {
            // The meter beside reads the same bytes and says that they are broken. The second is of a name with half a
            // pair of surrogates.
        }
    }

    private protected override void OnComplete(IChatSink sink)
    {
        for (var i = 0; i < _choices.Count; i++)
        {
            var choice = _choices[i];
            if (choice.Stop == StopReason.None)
            {
                continue;
            }

            EndThought(choice, i, sink);
            EndCall(choice, i, sink);
            var stop = choice.Stop == StopReason.End && choice.HasCalls ? StopReason.Calls : choice.Stop;
            sink.Take(new ChatEvent(ChatEventKind.Stop)
            {
                Choice = i, Stop = stop, Text = choice.StopText.WrittenSpan,
            });
        }
    }

    internal void Start(ReadOnlySpan<byte> id, ReadOnlySpan<byte> model, IChatSink sink)
    {
        if (!IsStarted)
        {
            IsStarted = true;
            sink.Take(new ChatEvent(ChatEventKind.Start) { Id = id, Name = model });
        }
    }

    internal void End(int index, StopReason stop, ReadOnlySpan<byte> text)
    {
        if (stop != StopReason.None && ChoiceOf(index) is { } choice)
        {
            choice.Stop = stop;
            choice.StopText.ResetWrittenCount();
            choice.StopText.Write(text);
        }
    }

    internal void TakePart(int index, in GeminiPart part, IChatSink sink)
    {
        if (ChoiceOf(index) is not { } choice)
        {
            return;
        }

        if (part.IsCall)
        {
            TakeCall(choice, index, part, sink);
        }
        else if (part.IsThought)
        {
            TakeThought(choice, index, part, sink);
        }
        else if (!part.Data.IsEmpty)
        {
            EndThought(choice, index, sink);
            if (part.MimeType.StartsWith("image/"u8) || part.MimeType.StartsWith("image\\/"u8))
            {
                sink.Take(new ChatEvent(ChatEventKind.Image)
                {
                    Choice = index, Name = part.MimeType, Text = part.Data,
                });
            }
        }
        else
        {
            TakeText(choice, index, part, sink);
        }
    }

    /// <summary>How likely the tokens of the candidate at hand were: goes with its next text.</summary>
    internal bool NoteChances(scoped ref Utf8JsonReader reader)
    {
        _arguments.ResetWrittenCount();
        _chances.ResetWrittenCount();
        JsonRaw.Copy(ref reader, _arguments);
        TokenChances.ReadResult(_arguments.WrittenSpan, _chances);
        return _chances.WrittenCount > 0;
    }

    /// <summary>The candidate had no text that they could go with.</summary>
    internal void EndChances(int index, IChatSink sink)
    {
        if (_chances.WrittenCount > 0 && ChoiceOf(index) is not null)
        {
            sink.Take(new ChatEvent(ChatEventKind.Text) { Choice = index, Chances = _chances.WrittenSpan });
        }

        _chances.ResetWrittenCount();
    }

    /// <summary>A source of the text; those that an event repeats are told once.</summary>
    internal void TakeSource(
        int index, int number, ReadOnlySpan<byte> address, ReadOnlySpan<byte> title, IChatSink sink)
    {
        if (ChoiceOf(index) is { } choice && !address.IsEmpty && choice.Told.Add(number))
        {
            sink.Take(new ChatEvent(ChatEventKind.Citation) { Choice = index, Id = address, Name = title });
        }
    }

    /// <summary>A stretch of the text, by its bytes, and one of its sources.</summary>
    internal void TakeSupport(
        int index, int number, int source, (int From, int To) bytes, ReadOnlySpan<byte> address,
        ReadOnlySpan<byte> title, IChatSink sink)
    {
        if (ChoiceOf(index) is not { } choice || number < choice.Supports || address.IsEmpty)
        {
            return;
        }

        var (from, to) = (choice.Places.CharAt(bytes.From), choice.Places.CharAt(bytes.To));
        var isPlace = from >= 0 && to > from;
        choice.Told.Add(source);
        sink.Take(new ChatEvent(ChatEventKind.Citation)
        {
            Choice = index, Id = address, Name = title, From = isPlace ? from : 0, To = isPlace ? to : 0,
        });
    }

    internal void EndSupport(int index, int number)
    {
        if (ChoiceOf(index) is { } choice)
        {
            choice.Supports = Math.Max(choice.Supports, number + 1);
        }
    }

    private static void TakeThought(GeminiChoice choice, int index, in GeminiPart part, IChatSink sink)
    {
        choice.IsThinking |= !part.Text.IsEmpty || !part.Signature.IsEmpty;
        if (!part.Text.IsEmpty)
        {
            sink.Take(new ChatEvent(ChatEventKind.Reasoning) { Choice = index, Text = part.Text });
        }

        TakeSignature(OpaqueKind.Reasoning, index, part.Signature, sink);
    }

    private void TakeText(GeminiChoice choice, int index, in GeminiPart part, IChatSink sink)
    {
        TakeSignature(OpaqueKind.Text, index, part.Signature, sink);
        if (part.Text.IsEmpty && part.Signature.IsEmpty)
        {
            return;
        }

        EndThought(choice, index, sink);
        if (!part.Text.IsEmpty)
        {
            choice.Places.Add(part.Text);
            sink.Take(new ChatEvent(ChatEventKind.Text)
            {
                Choice = index, Text = part.Text, Chances = _chances.WrittenSpan,
            });
            _chances.ResetWrittenCount();
        }
    }

    private static void TakeSignature(
        OpaqueKind kind,
        int index,
        ReadOnlySpan<byte> signature,
        IChatSink sink,
        int call = 0,
        ReadOnlySpan<byte> id = default)
    {
        if (!signature.IsEmpty)
        {
            sink.Take(new ChatEvent(ChatEventKind.Opaque)
            {
                Choice = index, Opaque = kind, Text = signature, Call = call, Id = id,
            });
        }
    }

    private void TakeCall(GeminiChoice choice, int index, in GeminiPart part, IChatSink sink)
    {
        if (!part.Call.Name.IsEmpty)
        {
            EndCall(choice, index, sink);
            var call = _calls++;
            var id = part.Call.Id.IsEmpty ? Encoding.UTF8.GetBytes(Context.IdOf("call_", call + 1)) : part.Call.Id;
            TakeSignature(OpaqueKind.Call, index, part.Signature, sink, call, id);
            EndThought(choice, index, sink);
            (choice.OpenCall, choice.HasCalls) = (call, true);
            sink.Take(new ChatEvent(ChatEventKind.Call)
            {
                Choice = index, Call = call, Id = id, Name = part.Call.Name,
            });
        }

        if (choice.OpenCall < 0)
        {
            return;
        }

        if (part.Call.HasPieces)
        {
            choice.Pieces.Take(part.Call.Pieces);
        }
        else if (part.Call.HasArguments)
        {
            var arguments = part.Call.Arguments;
            arguments.Read();
            _arguments.ResetWrittenCount();
            JsonRaw.CopyEscaped(ref arguments, _arguments);
            GiveArguments(choice, index, sink);
        }

        if (!part.Call.WillContinue)
        {
            EndCall(choice, index, sink);
        }
    }

    private void EndCall(GeminiChoice choice, int index, IChatSink sink)
    {
        if (choice.OpenCall < 0)
        {
            return;
        }

        _arguments.ResetWrittenCount();
        choice.Pieces.WriteEscaped(_arguments);
        choice.Pieces.Reset();
        GiveArguments(choice, index, sink);
        sink.Take(new ChatEvent(ChatEventKind.CallEnd) { Choice = index, Call = choice.OpenCall });
        choice.OpenCall = -1;
    }

    private void GiveArguments(GeminiChoice choice, int index, IChatSink sink)
    {
        var text = _arguments.WrittenSpan;
        if (!text.IsEmpty && !text.SequenceEqual("{}"u8) && !text.SequenceEqual("null"u8))
        {
            sink.Take(new ChatEvent(ChatEventKind.Arguments)
            {
                Choice = index, Call = choice.OpenCall, Text = text,
            });
        }
    }

    private static void EndThought(GeminiChoice choice, int index, IChatSink sink)
    {
        if (choice.IsThinking)
        {
            choice.IsThinking = false;
            sink.Take(new ChatEvent(ChatEventKind.ReasoningEnd) { Choice = index });
        }
    }

    private GeminiChoice? ChoiceOf(int index)
    {
        if (index is < 0 or >= ChoicesMax)
        {
            return null;
        }

        while (_choices.Count <= index)
        {
            _choices.Add(new GeminiChoice());
        }

        return _choices[index];
    }
}
