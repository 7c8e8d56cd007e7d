using System.Buffers;
using System.Text;
using TokenHub.Protocols.Chat;
using TokenHub.Protocols.Codecs;
using TokenHub.Protocols.Codecs.Answers;
using TokenHub.Protocols.Json;

namespace TokenHub.Protocols.Responses;

/// <summary>
/// The output items of an upstream's answer by their index, and the events they make: ids are no help, some upstreams
/// give another in every event.
/// </summary>
internal sealed class ResponsesItems
{
    private const int ItemsMax = 512;

    private readonly List<Item> _items = [];
    private readonly ArrayBufferWriter<byte> _scratch = new(256);
    private AnswerContext _context = null!;
    private int _count;
    private int _calls;
    private int _last;
    private Item? _reasoning;

    public bool HasCalls => _calls > 0;

    public void Begin(AnswerContext context)
    {
        _context = context;
        (_count, _calls, _last, _reasoning) = (0, 0, 0, null);
    }

    /// <summary>The item of an index, or of the last one heard of where the event gives none.</summary>
    public Item? Find(int index)
    {
        _last = index < 0 ? _last : index;
        for (var i = _count - 1; i >= 0; i--)
        {
            if (_items[i].Index == _last)
            {
                return _items[i];
            }
        }

        return null;
    }

    /// <summary>The item of an index, made if it was not announced; null when there are too many.</summary>
    public Item? FindOrAdd(int index, ItemKind kind)
    {
        if (Find(index) is { } known)
        {
            return known;
        }

        if (_count == ItemsMax)
        {
            return null;
        }

        if (_count == _items.Count)
        {
            _items.Add(new Item());
        }

        var item = _items[_count++];
        item.Begin(_last, kind);
        return item;
    }

    /// <summary>An item of a kind has come; what the last event repeats of that kind is then not new.</summary>
    public bool HasKind(ItemKind kind)
    {
        for (var i = 0; i < _count; i++)
        {
            if (_items[i].Kind == kind)
            {
                return true;
            }
        }

        return false;
    }

    public void Text(
        Item item, ChatEventKind kind, ReadOnlySpan<byte> text, IChatSink sink, JsonSlice chances = default)
    {
        _scratch.ResetWrittenCount();
        TokenChances.ReadList(chances, _scratch);
        if (!text.IsEmpty || _scratch.WrittenCount > 0)
        {
            EndReasoning(sink);
            item.HasText = true;
            sink.Take(new ChatEvent(kind) { Text = text, Chances = _scratch.WrittenSpan });
        }
    }

    /// <summary>Parts of a summary are parted by a blank line.</summary>
    public void Reasoning(Item item, int part, ReadOnlySpan<byte> text, IChatSink sink)
    {
        if (text.IsEmpty)
        {
            return;
        }

        if (_reasoning != item)
        {
            EndReasoning(sink);
            _reasoning = item;
        }

        if (item.HasText && part != item.Part)
        {
            sink.Take(new ChatEvent(ChatEventKind.Reasoning) { Text = "\\n\\n"u8 });
        }

        (item.HasText, item.Part) = (true, part);
        sink.Take(new ChatEvent(ChatEventKind.Reasoning) { Text = text });
    }

    /// <summary>A reasoning item is whole; what its issuer wants back comes last.</summary>
    public void EndReasoning(Item item, ReadOnlySpan<byte> encrypted, ReadOnlySpan<byte> id, IChatSink sink)
    {
        if (!encrypted.IsEmpty)
        {
            if (_reasoning != item)
            {
                EndReasoning(sink);
                _reasoning = item;
            }

            sink.Take(new ChatEvent(ChatEventKind.Opaque)
            {
                Opaque = OpaqueKind.Reasoning, Text = encrypted, Id = id,
            });
        }

        if (_reasoning == item)
        {
            EndReasoning(sink);
        }
    }

    public void Call(Item item, ReadOnlySpan<byte> id, ReadOnlySpan<byte> name, IChatSink sink)
    {
        if (item.Call >= 0)
        {
            return;
        }

        EndReasoning(sink);
        item.Call = _calls++;
        var own = id.IsEmpty ? Encoding.UTF8.GetBytes(_context.IdOf("call_", item.Call + 1)) : id;
        sink.Take(new ChatEvent(ChatEventKind.Call) { Call = item.Call, Id = own, Name = name });
        if (item.Kind == ItemKind.FreeForm)
        {
            Emit(item, FreeForm.Head, sink);
        }
    }

    public void Arguments(Item item, ReadOnlySpan<byte> text, IChatSink sink)
    {
        if (text.IsEmpty || item.IsDone)
        {
            return;
        }

        Call(item, default, default, sink);
        item.HasText = true;
        Emit(item, item.Kind == ItemKind.FreeForm ? FreeForm.Wrap(text, _scratch) : text, sink);
    }

    public static void EndCall(Item item, IChatSink sink)
    {
        if (item.Call < 0 || item.IsDone)
        {
            return;
        }

        if (item.Kind == ItemKind.FreeForm)
        {
            Emit(item, FreeForm.Tail, sink);
        }

        item.IsDone = true;
        sink.Take(new ChatEvent(ChatEventKind.CallEnd) { Call = item.Call });
    }

    /// <summary>The answer is whole: so are its items, but for a call that the limit has cut.</summary>
    public void EndAll(bool isCut, IChatSink sink)
    {
        EndReasoning(sink);
        for (var i = 0; i < _count && !isCut; i++)
        {
            EndCall(_items[i], sink);
        }
    }

    private void EndReasoning(IChatSink sink)
    {
        if (_reasoning is not null)
        {
            _reasoning = null;
            sink.Take(new ChatEvent(ChatEventKind.ReasoningEnd));
        }
    }

    private static void Emit(Item item, ReadOnlySpan<byte> text, IChatSink sink) =>
        sink.Take(new ChatEvent(ChatEventKind.Arguments) { Call = item.Call, Text = text });

    public enum ItemKind : byte
    {
        Other,
        Message,
        Reasoning,
        Function,
        FreeForm,
        Image,
    }

    public static ItemKind KindOf(ReadOnlySpan<byte> type) =>
        type.SequenceEqual("message"u8) ? ItemKind.Message
        : type.SequenceEqual("reasoning"u8) ? ItemKind.Reasoning
        : type.SequenceEqual("function_call"u8) ? ItemKind.Function
        : type.SequenceEqual("custom_tool_call"u8) ? ItemKind.FreeForm
        : type.SequenceEqual("image_generation_call"u8) ? ItemKind.Image
        : ItemKind.Other;

    /// <summary>What has come of an item.</summary>
    public sealed class Item
    {
        public int Index { get; private set; }
        public ItemKind Kind { get; private set; }

        /// <summary>The number of its call, or -1 before that has begun.</summary>
        public int Call { get; set; }

        /// <summary>The part of the summary last heard of.</summary>
        public int Part { get; set; }
        public bool HasText { get; set; }
        public bool IsDone { get; set; }

        public void Begin(int index, ItemKind kind) =>
            (Index, Kind, Call, Part, HasText, IsDone) = (index, kind, -1, 0, false, false);
    }
}
