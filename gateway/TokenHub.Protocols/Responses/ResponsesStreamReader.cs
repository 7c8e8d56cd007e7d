using System.Text.Json;
using TokenHub.Protocols.Chat;
using TokenHub.Protocols.Codecs;
using TokenHub.Protocols.Json;
using static TokenHub.Protocols.Responses.ResponsesItems;

namespace TokenHub.Protocols.Responses;

/// <summary>Responses as an upstream answers, in events or in one piece.</summary>
internal sealed class ResponsesStreamReader : AnswerDecoder
{
    private readonly ResponsesItems _items = new();
    private readonly ResponsesBodyReader _whole;
    private bool _isBegun;
    private bool _isEnded;

    public ResponsesStreamReader() => _whole = new ResponsesBodyReader(_items);

    private protected override void OnBegin()
    {
        (_isBegun, _isEnded) = (false, false);
        _items.Begin(Context);
    }

    private protected override void ReadEvent(ReadOnlySpan<byte> name, ReadOnlySpan<byte> data, IChatSink sink)
    {
        if (_isEnded || data.IsEmpty || data[0] != '{')
        {
            return;
        }

        try
        {
            var members = new Members();
            members.Read(data);
            var type = members.Type.Text.IsEmpty ? name : members.Type.Text;
            if (type.EndsWith(".delta"u8))
            {
                ReadDelta(type, members, sink);
            }
            else
            {
                ReadStep(type, members, sink);
            }
        }
        catch (JsonException)
        {
            // No JSON: the meter reports it.
        }
    }

    private protected override void ReadBody(ReadOnlySpan<byte> body, IChatSink sink)
    {
        try
        {
            var answer = ResponsesBodyReader.Read(body);
            if (!answer.Status.Text.IsEmpty || answer.Output.IsArray)
            {
                End(answer, sink);
            }
        }
        catch (JsonException)
        {
            // No JSON: the meter reports it.
        }
    }

    private void ReadDelta(ReadOnlySpan<byte> type, in Members members, IChatSink sink)
    {
        Begin(default, sink);
        var text = members.Delta.Text;
        var index = members.OutputIndex.NumberOr(-1);
        if (type.SequenceEqual("response.output_text.delta"u8))
        {
            Text(index, ChatEventKind.Text, text, sink, members.Chances);
        }
        else if (type.SequenceEqual("response.function_call_arguments.delta"u8))
        {
            Arguments(index, ItemKind.Function, text, sink);
        }
        else if (type.SequenceEqual("response.reasoning_summary_text.delta"u8)
            || type.SequenceEqual("response.reasoning_text.delta"u8))
        {
            if (_items.FindOrAdd(index, ItemKind.Reasoning) is { } item)
            {
                _items.Reasoning(item, members.Part(), text, sink);
            }
        }
        else if (type.SequenceEqual("response.custom_tool_call_input.delta"u8))
        {
            Arguments(index, ItemKind.FreeForm, text, sink);
        }
        else if (type.SequenceEqual("response.refusal.delta"u8))
        {
            Text(index, ChatEventKind.Refusal, text, sink);
        }
        else if (type.SequenceEqual("response.output_audio_transcript.delta"u8)
            || type.SequenceEqual("response.audio.transcript.delta"u8))
        {
            Text(index, ChatEventKind.Text, text, sink);
        }
    }

    private void ReadStep(ReadOnlySpan<byte> type, in Members members, IChatSink sink)
    {
        var index = members.OutputIndex.NumberOr(-1);
        if (type.SequenceEqual("response.created"u8) || type.SequenceEqual("response.in_progress"u8))
        {
            Begin(members.Response, sink);
        }
        else if (type.SequenceEqual("response.output_item.added"u8))
        {
            Begin(default, sink);
            _whole.BeginItem(index, members.Item, sink);
        }
        else if (type.SequenceEqual("response.output_item.done"u8))
        {
            Begin(default, sink);
            if (_items.FindOrAdd(index, ResponsesBodyReader.ReadKind(members.Item)) is { } item)
            {
                _whole.ReadItem(item, members.Item, sink);
            }
        }
        else if (type.SequenceEqual("response.output_text.annotation.added"u8))
        {
            ResponsesBodyReader.ReadAnnotation(members.Annotation, sink);
        }
        else if (type.SequenceEqual("response.completed"u8) || type.SequenceEqual("response.incomplete"u8))
        {
            End(ResponsesBodyReader.Read(members.Response.Bytes), sink);
        }
        else if (type.SequenceEqual("response.failed"u8) || type.SequenceEqual("error"u8)
            || type.SequenceEqual("response.cancelled"u8))
        {
            _isEnded = true;
        }
        else
        {
            ReadDone(type, index, members, sink);
        }
    }

    // A text that is done and of which no piece has come.
    private void ReadDone(ReadOnlySpan<byte> type, int index, in Members members, IChatSink sink)
    {
        if (!type.EndsWith(".done"u8) || (_items.Find(index) is { HasText: true }))
        {
            return;
        }

        if (type.SequenceEqual("response.output_text.done"u8))
        {
            Text(index, ChatEventKind.Text, members.Text.Text, sink, members.Chances);
        }
        else if (type.SequenceEqual("response.refusal.done"u8))
        {
            Text(index, ChatEventKind.Refusal, members.Refusal.Text, sink);
        }
        else if (type.SequenceEqual("response.function_call_arguments.done"u8))
        {
            Arguments(index, ItemKind.Function, members.Arguments.Text, sink);
        }
        else if (type.SequenceEqual("response.custom_tool_call_input.done"u8))
        {
            Arguments(index, ItemKind.FreeForm, members.Input.Text, sink);
        }
    }

    private void Text(
        int index, ChatEventKind kind, ReadOnlySpan<byte> text, IChatSink sink, JsonSlice chances = default)
    {
        if (_items.FindOrAdd(index, ItemKind.Message) is { } item)
        {
            _items.Text(item, kind, text, sink, chances);
        }
    }

    private void Arguments(int index, ItemKind kind, ReadOnlySpan<byte> text, IChatSink sink)
    {
        if (_items.FindOrAdd(index, kind) is { } item)
        {
            _items.Arguments(item, text, sink);
        }
    }

    private void Begin(JsonSlice response, IChatSink sink)
    {
        if (!_isBegun)
        {
            Begin(response.IsObject ? ResponsesBodyReader.Read(response.Bytes) : default, sink);
        }
    }

    private void Begin(in ResponsesAnswer answer, IChatSink sink)
    {
        _isBegun = true;
        sink.Take(new ChatEvent(ChatEventKind.Start) { Id = answer.Id.Text, Name = answer.Model.Text });
    }

    private void End(in ResponsesAnswer answer, IChatSink sink)
    {
        _isEnded = true;
        if (!_isBegun)
        {
            Begin(answer, sink);
        }

        _whole.ReadOutput(answer.Output, sink);
        var stop = answer.Stop(_items.HasCalls);
        if (stop != StopReason.None)
        {
            _items.EndAll(isCut: stop == StopReason.Length, sink);
            sink.Take(new ChatEvent(ChatEventKind.Stop) { Stop = stop });
        }
    }

    /// <summary>The members of events of all kinds that count.</summary>
    private ref struct Members
    {
        public JsonSlice Type;
        public JsonSlice Delta;
        public JsonSlice OutputIndex;
        public JsonSlice SummaryIndex;
        public JsonSlice ContentIndex;
        public JsonSlice Item;
        public JsonSlice Response;
        public JsonSlice Text;
        public JsonSlice Refusal;
        public JsonSlice Arguments;
        public JsonSlice Input;
        public JsonSlice Annotation;
        public JsonSlice Chances;

        /// <summary>The number of the part within its item, summary and content counted apart.</summary>
        public readonly int Part() => SummaryIndex.Type == JsonTokenType.Number
            ? SummaryIndex.NumberOr(0) : ContentIndex.NumberOr(0);

        public void Read(ReadOnlySpan<byte> data)
        {
            for (var walk = new JsonWalk(data); walk.NextMember();)
            {
                // A dozen names, most of which come with few events: by their length first.
                switch (walk.NameLength)
                {
                    case 4:
                        Take(ref walk, "type"u8, ref Type);
                        Take(ref walk, "item"u8, ref Item);
                        Take(ref walk, "text"u8, ref Text);
                        break;
                    case 5:
                        Take(ref walk, "delta"u8, ref Delta);
                        Take(ref walk, "input"u8, ref Input);
                        break;
                    case 7 or 8:
                        Take(ref walk, "response"u8, ref Response);
                        Take(ref walk, "refusal"u8, ref Refusal);
                        Take(ref walk, "logprobs"u8, ref Chances);
                        break;
                    case 9 or 10:
                        Take(ref walk, "arguments"u8, ref Arguments);
                        Take(ref walk, "annotation"u8, ref Annotation);
                        break;
                    case 12 or 13:
                        Take(ref walk, "output_index"u8, ref OutputIndex);
                        Take(ref walk, "summary_index"u8, ref SummaryIndex);
                        Take(ref walk, "content_index"u8, ref ContentIndex);
                        break;
                }
            }
        }

        private static void Take(ref JsonWalk walk, ReadOnlySpan<byte> name, ref JsonSlice value)
        {
            if (walk.IsAtName && walk.NameIs(name))
            {
                value = walk.Value();
            }
        }
    }
}
