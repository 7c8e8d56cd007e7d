using System.Buffers;
using System.Runtime.InteropServices;
using System.Text.Json;
using TokenHub.Protocols.Streams;

namespace TokenHub.Protocols.Responses;

/// <summary>
/// The output of a Responses stream as far as it has come. Its last event must repeat all of it, so where the gateway
/// ends a stream itself it has to know. Bounded: of what is longer only the beginning is kept.
/// </summary>
internal sealed class ResponsesOutput
{
    /// <summary>Text kept of one answer: some fifty thousand tokens.</summary>
    public const int BytesMax = 192 << 10;

    private const int ItemsMax = 128;
    private const int FirstBytes = 2 << 10;

    private readonly List<Item> _items = [];
    private readonly List<Segment> _segments = [];
    private byte[] _bytes = [];
    private int _length;
    private int _from;
    private int _marked = int.MaxValue;
    private ShortText _itemType;

    // What the event at hand says of its item. Fields: they are structs that change.
    public ShortText ItemId;
    public ShortText CallId;

    public void Append(ReadOnlySpan<byte> part)
    {
        part = part[..Math.Min(part.Length, BytesMax - _length)];
        if (_length + part.Length > _bytes.Length)
        {
            Grow(_length + part.Length);
        }

        part.CopyTo(_bytes.AsSpan(_length));
        _length += part.Length;
    }

    public void SetItemType(ReadOnlySpan<byte> type)
    {
        _itemType.Clear();
        _itemType.Append(type);
    }

    /// <summary>What was appended during this event goes to an item.</summary>
    public void AddText(int index, Field kind)
    {
        var added = _length - _from;
        if (added > 0 && kind is Field.Text or Field.Reasoning or Field.Tool)
        {
            if (_segments.Count > 0 && _segments[^1] is var last && last.Index == index && last.Kind == kind)
            {
                _segments[^1] = last with { Length = last.Length + added };
            }
            else
            {
                _segments.Add(new Segment(index, kind, _from, added));
                NoteUnannounced(index, kind);
            }

            _from = _length;
        }
    }

    /// <summary>The event announced an item, or said that it is complete.</summary>
    public void NoteItem(int index, bool isDone)
    {
        var at = Find(index);
        if (at >= 0)
        {
            CollectionsMarshal.AsSpan(_items)[at].IsDone = isDone;
        }
        else if (_items.Count < ItemsMax && !_itemType.IsEmpty)
        {
            var item = new Item { Index = index, Type = _itemType, Id = ItemId, CallId = CallId, IsDone = isDone };

            // The name is all that was appended; nothing else of these events is text.
            item.Name.Append(_bytes.AsSpan(_from, isDone ? 0 : _length - _from));
            _items.Add(item);
        }
    }

    /// <summary>The next event begins: what the last one brought and nobody took is dropped.</summary>
    public void Discard()
    {
        _length = _from;
        _itemType.Clear();
        ItemId.Clear();
        CallId.Clear();
    }

    public void Reset()
    {
        if (_bytes.Length > 0)
        {
            ArrayPool<byte>.Shared.Return(_bytes);
        }

        (_bytes, _length, _from, _marked) = ([], 0, 0, int.MaxValue);
        _items.Clear();
        _segments.Clear();
        Discard();
    }

    /// <summary>Text that comes from now on is left out of what is written.</summary>
    public void Mark() => _marked = _from;

    public void Write(Utf8JsonWriter json)
    {
        foreach (var item in _items.OrderBy(item => item.Index))
        {
            switch (item.Type.ToString())
            {
                case "message":
                    WriteMessage(json, item);
                    break;
                case "function_call":
                    WriteCall(json, item, "arguments"u8);
                    break;
                case "custom_tool_call":
                    WriteCall(json, item, "input"u8);
                    break;
                case "reasoning":
                    WriteReasoning(json, item);
                    break;
            }
        }
    }

    private void NoteUnannounced(int index, Field kind)
    {
        if (kind != Field.Tool && _items.Count < ItemsMax && Find(index) < 0)
        {
            var item = new Item { Index = index };
            item.Type.Append(kind == Field.Text ? "message"u8 : "reasoning"u8);
            _items.Add(item);
        }
    }

    // From the end: the item at hand is as a rule the last.
    private int Find(int index)
    {
        var at = _items.Count - 1;
        while (at >= 0 && _items[at].Index != index)
        {
            at--;
        }

        return at;
    }

    private void WriteMessage(Utf8JsonWriter json, Item item)
    {
        Begin(json, item);
        json.WriteString("status"u8, item.IsDone ? "completed"u8 : "incomplete"u8);
        json.WriteString("role"u8, "assistant"u8);
        json.WriteStartArray("content"u8);
        json.WriteStartObject();
        json.WriteString("type"u8, "output_text"u8);
        json.WritePropertyName("text"u8);
        WriteText(json, item.Index, Field.Text);
        json.WriteStartArray("annotations"u8);
        json.WriteEndArray();
        json.WriteStartArray("logprobs"u8);
        json.WriteEndArray();
        json.WriteEndObject();
        json.WriteEndArray();
        json.WriteEndObject();
    }

    private void WriteCall(Utf8JsonWriter json, Item item, ReadOnlySpan<byte> member)
    {
        Begin(json, item);
        json.WriteString("call_id"u8, item.CallId.Span);
        json.WriteString("name"u8, item.Name.Span);
        json.WritePropertyName(member);
        WriteText(json, item.Index, Field.Tool);
        json.WriteString("status"u8, item.IsDone ? "completed"u8 : "incomplete"u8);
        json.WriteEndObject();
    }

    private void WriteReasoning(Utf8JsonWriter json, Item item)
    {
        Begin(json, item);
        json.WriteStartArray("summary"u8);
        var index = item.Index;
        if (_segments.Exists(part => part.Index == index))
        {
            json.WriteStartObject();
            json.WriteString("type"u8, "summary_text"u8);
            json.WritePropertyName("text"u8);
            WriteText(json, item.Index, Field.Reasoning);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static void Begin(Utf8JsonWriter json, Item item)
    {
        json.WriteStartObject();
        json.WriteString("type"u8, item.Type.Span);
        json.WriteString("id"u8, item.Id.Span);
    }

    private void WriteText(Utf8JsonWriter json, int index, Field kind)
    {
        foreach (var part in _segments)
        {
            var length = Math.Min(part.Length, _marked - part.From);
            if (part.Index == index && part.Kind == kind && length > 0)
            {
                json.WriteStringValueSegment(_bytes.AsSpan(part.From, length), isFinalSegment: false);
            }
        }

        json.WriteStringValueSegment(default(ReadOnlySpan<byte>), isFinalSegment: true);
    }

    private void Grow(int length)
    {
        var larger = ArrayPool<byte>.Shared.Rent(Math.Max(FirstBytes, Math.Max(length, _bytes.Length * 2)));
        _bytes.AsSpan(0, _length).CopyTo(larger);
        if (_bytes.Length > 0)
        {
            ArrayPool<byte>.Shared.Return(_bytes);
        }

        _bytes = larger;
    }

    private struct Item
    {
        public int Index;
        public bool IsDone;
        public ShortText Type;
        public ShortText Id;
        public ShortText CallId;
        public ShortText Name;
    }

    private readonly record struct Segment(int Index, Field Kind, int From, int Length);
}
