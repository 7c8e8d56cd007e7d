using System.Buffers;
using TokenHub.Protocols.Chat;
using TokenHub.Protocols.Codecs;
using TokenHub.Protocols.Codecs.Answers;
using TokenHub.Protocols.Json;

namespace TokenHub.Protocols.OpenAi;

/// <summary>
/// Reads what a choice of a Chat answer brings, a <c>delta</c> or a whole <c>message</c>, with the ways of DeepSeek,
/// OpenRouter and Mistral, and gives its end.
/// </summary>
internal sealed class OpenAiMessageReader
{
    /// <summary>Chat's own limit of <c>n</c>.</summary>
    private const int ChoicesMax = 128;

    private readonly List<Choice> _choices = [];
    private readonly OpenAiCalls _calls = new();
    private readonly ArrayBufferWriter<byte> _scratch = new(256);
    private int _count;

    public void Begin(AnswerContext context)
    {
        _count = 0;
        _calls.Begin(context);
    }

    /// <summary>Reads on in a choice; <paramref name="finish"/> is its reason to end, or empty.</summary>
    public void Read(int index, in OpenAiMessage members, ReadOnlySpan<byte> finish, IChatSink sink)
    {
        if (index is < 0 or >= ChoicesMax)
        {
            return;
        }

        var choice = Find(index);
        ReadReasoning(choice, members, sink);
        if (members.Chances.IsObject)
        {
            ReadChances(choice, members, sink);
        }
        else
        {
            ReadContent(choice, members.Content, sink);
        }

        Emit(choice, ChatEventKind.Refusal, members.Refusal.Text, sink);
        if (members.HasExtras)
        {
            ReadExtras(choice, members, sink);
        }

        ReadCalls(choice, members, sink);
        if (!finish.IsEmpty)
        {
            choice.Finish = OpenAiFinish.Read(finish);
        }
    }

    /// <summary>The answer is whole: every choice that said why it ended does so.</summary>
    public void End(IChatSink sink)
    {
        for (var i = 0; i < _count; i++)
        {
            var choice = _choices[i];
            if (choice.Finish == StopReason.None)
            {
                continue;
            }

            EndReasoning(choice, sink);
            _calls.EndAll(choice.Index, choice.Finish == StopReason.Length, sink);
            var hasCalls = _calls.HasAny(choice.Index);
            var stop = choice.Finish == StopReason.End && hasCalls ? StopReason.Calls
                : choice.Finish == StopReason.Calls && !hasCalls ? StopReason.End : choice.Finish;
            sink.Take(new ChatEvent(ChatEventKind.Stop) { Choice = choice.Index, Stop = stop });
        }
    }

    private void ReadReasoning(Choice choice, in OpenAiMessage members, IChatSink sink)
    {
        // The details repeat the plain text, where there is one.
        var text = members.ReasoningContent.Text;
        text = text.IsEmpty ? members.Reasoning.Text : text;
        Emit(choice, ChatEventKind.Reasoning, text, sink);
        if (!members.Details.IsArray)
        {
            return;
        }

        for (var walk = new JsonWalk(members.Details); walk.NextItem(out var detail);)
        {
            ReadDetail(choice, detail, isTextTold: !text.IsEmpty, sink);
        }
    }

    private void ReadDetail(Choice choice, JsonSlice detail, bool isTextTold, IChatSink sink)
    {
        JsonSlice text = default, signature = default, id = default;
        for (var walk = new JsonWalk(detail); walk.NextMember();)
        {
            if (walk.NameIs("text"u8) || walk.NameIs("summary"u8))
            {
                text = walk.Value();
            }
            else if (walk.NameIs("signature"u8) || walk.NameIs("data"u8))
            {
                signature = walk.Value();
            }
            else if (walk.NameIs("id"u8))
            {
                id = walk.Value();
            }
        }

        if (!isTextTold)
        {
            Emit(choice, ChatEventKind.Reasoning, text.Text, sink);
        }

        if (!signature.Text.IsEmpty)
        {
            // The detail as it is: whoever gave it wants it back so.
            _scratch.ResetWrittenCount();
            JsonText.WriteEscaped(_scratch, detail.Bytes);
            choice.IsReasoning = true;
            sink.Take(new ChatEvent(ChatEventKind.Opaque)
            {
                Choice = choice.Index, Opaque = OpaqueKind.Reasoning, Text = _scratch.WrittenSpan, Id = id.Text,
            });
        }
    }

    private void ReadContent(Choice choice, JsonSlice content, IChatSink sink)
    {
        Emit(choice, ChatEventKind.Text, content.Text, sink);
        if (!content.IsArray)
        {
            return;
        }

        for (var walk = new JsonWalk(content); walk.NextItem(out var part);)
        {
            JsonSlice text = default, thinking = default, refusal = default, image = default;
            for (var members = new JsonWalk(part); members.NextMember();)
            {
                if (members.NameIs("text"u8))
                {
                    text = members.Value();
                }
                else if (members.NameIs("thinking"u8))
                {
                    thinking = members.Value();
                }
                else if (members.NameIs("refusal"u8))
                {
                    refusal = members.Value();
                }
                else if (members.NameIs("image_url"u8))
                {
                    image = members.Value();
                }
            }

            ReadThinking(choice, thinking, sink);
            Emit(choice, ChatEventKind.Text, text.Text, sink);
            Emit(choice, ChatEventKind.Refusal, refusal.Text, sink);
            ReadImage(choice, image, sink);
        }
    }

    // They go with the text; a chunk may have them without any.
    private void ReadChances(Choice choice, in OpenAiMessage members, IChatSink sink)
    {
        _scratch.ResetWrittenCount();
        for (var walk = new JsonWalk(members.Chances); walk.NextMember();)
        {
            if (walk.NameIs("content"u8))
            {
                TokenChances.ReadList(walk.Value(), _scratch);
            }
        }

        if (_scratch.WrittenCount == 0 || members.Content.IsArray)
        {
            ReadContent(choice, members.Content, sink);
            return;
        }

        BeginVisible(choice, sink);
        sink.Take(new ChatEvent(ChatEventKind.Text)
        {
            Choice = choice.Index, Text = members.Content.Text, Chances = _scratch.WrittenSpan,
        });
    }

    // Mistral: a thought is a list of texts.
    private void ReadThinking(Choice choice, JsonSlice thinking, IChatSink sink)
    {
        Emit(choice, ChatEventKind.Reasoning, thinking.Text, sink);
        for (var walk = new JsonWalk(thinking); walk.NextItem(out var part);)
        {
            for (var members = new JsonWalk(part); members.NextMember();)
            {
                if (members.NameIs("text"u8))
                {
                    Emit(choice, ChatEventKind.Reasoning, members.Value().Text, sink);
                }
            }
        }
    }

    private void ReadExtras(Choice choice, in OpenAiMessage members, IChatSink sink)
    {
        for (var walk = new JsonWalk(members.Audio); walk.NextMember();)
        {
            if (walk.NameIs("transcript"u8))
            {
                Emit(choice, ChatEventKind.Text, walk.Value().Text, sink);
            }
        }

        for (var walk = new JsonWalk(members.Images); walk.NextItem(out var image);)
        {
            for (var inner = new JsonWalk(image); inner.NextMember();)
            {
                if (inner.NameIs("image_url"u8))
                {
                    ReadImage(choice, inner.Value(), sink);
                }
            }
        }

        for (var walk = new JsonWalk(members.Annotations); walk.NextItem(out var note);)
        {
            ReadCitation(choice, note, sink);
        }
    }

    private void ReadImage(Choice choice, JsonSlice image, IChatSink sink)
    {
        var url = image.Text;
        for (var walk = new JsonWalk(image); walk.NextMember();)
        {
            if (walk.NameIs("url"u8))
            {
                url = walk.Value().Text;
            }
        }

        if (DataUrl.TrySplit(url, out var type, out var base64))
        {
            BeginVisible(choice, sink);
            sink.Take(new ChatEvent(ChatEventKind.Image) { Choice = choice.Index, Name = type, Text = base64 });
        }
    }

    private void ReadCitation(Choice choice, JsonSlice note, IChatSink sink)
    {
        for (var walk = new JsonWalk(note); walk.NextMember();)
        {
            if (!walk.NameIs("url_citation"u8))
            {
                continue;
            }

            var source = new OpenAiSource();
            source.Read(walk.Value());
            if (!source.Url.Text.IsEmpty)
            {
                BeginVisible(choice, sink);
                sink.Take(source.ToEvent(choice.Index));
            }
        }
    }

    private void ReadCalls(Choice choice, in OpenAiMessage members, IChatSink sink)
    {
        if (members.ToolCalls.IsArray)
        {
            var position = 0;
            for (var walk = new JsonWalk(members.ToolCalls); walk.NextItem(out var call); position++)
            {
                EndReasoning(choice, sink);
                _calls.Read(choice.Index, position, call, sink);
            }
        }

        if (members.FunctionCall.IsObject)
        {
            EndReasoning(choice, sink);
            _calls.ReadLegacy(choice.Index, members.FunctionCall, sink);
        }
    }

    private void Emit(Choice choice, ChatEventKind kind, ReadOnlySpan<byte> text, IChatSink sink)
    {
        if (text.IsEmpty)
        {
            return;
        }

        if (kind == ChatEventKind.Reasoning)
        {
            _calls.EndWhole(choice.Index, sink);
            choice.IsReasoning = true;
        }
        else
        {
            BeginVisible(choice, sink);
        }

        sink.Take(new ChatEvent(kind) { Choice = choice.Index, Text = text });
    }

    private void BeginVisible(Choice choice, IChatSink sink)
    {
        EndReasoning(choice, sink);
        _calls.EndWhole(choice.Index, sink);
    }

    private static void EndReasoning(Choice choice, IChatSink sink)
    {
        if (choice.IsReasoning)
        {
            choice.IsReasoning = false;
            sink.Take(new ChatEvent(ChatEventKind.ReasoningEnd) { Choice = choice.Index });
        }
    }

    private Choice Find(int index)
    {
        for (var i = 0; i < _count; i++)
        {
            if (_choices[i].Index == index)
            {
                return _choices[i];
            }
        }

        if (_count == _choices.Count)
        {
            _choices.Add(new Choice());
        }

        var choice = _choices[_count++];
        (choice.Index, choice.Finish, choice.IsReasoning) = (index, StopReason.None, false);
        return choice;
    }

    private sealed class Choice
    {
        public int Index { get; set; }
        public StopReason Finish { get; set; }
        public bool IsReasoning { get; set; }
    }
}
