using System.Buffers;
using System.Text;
using TokenHub.Protocols.Chat;
using TokenHub.Protocols.Codecs;
using TokenHub.Protocols.Json;

namespace TokenHub.Protocols.OpenAi;

/// <summary>
/// The calls of an answer as Chat's upstreams number them: by index, by index that begins at 1, by an index of 0 for
/// all of them and ids that differ, or without either.
/// </summary>
internal sealed class OpenAiCalls
{
    private const int CallsMax = 512;
    private const int IdBytesKept = 256;

    private readonly List<Entry> _entries = [];
    private readonly ArrayBufferWriter<byte> _scratch = new(256);
    private AnswerContext _context = null!;
    private int _count;
    private int _openCount;

    public void Begin(AnswerContext context)
    {
        _context = context;
        (_count, _openCount) = (0, 0);
    }

    /// <summary>An entry of <c>tool_calls</c>, or of the legacy <c>function_call</c>, whole or in part.</summary>
    public void Read(int choice, int position, JsonSlice entry, IChatSink sink)
    {
        JsonSlice id = default, name = default, text = default;
        var (index, isFreeForm) = (-1, false);
        for (var walk = new JsonWalk(entry); walk.NextMember();)
        {
            if (walk.NameIs("index"u8))
            {
                index = walk.Value().NumberOr(-1);
            }
            else if (walk.NameIs("id"u8))
            {
                id = walk.Value();
            }
            else if (walk.NameIs("function"u8) || walk.NameIs("custom"u8))
            {
                var isCustom = walk.NameIs("custom"u8);
                var inner = walk.Value();
                isFreeForm |= isCustom && inner.IsObject;
                ReadFunction(inner, ref name, ref text);
            }
        }

        Take(choice, index < 0 ? position : index, id.Text, name.Text, text, isFreeForm, sink);
    }

    /// <summary>The legacy form: one call, without an id.</summary>
    public void ReadLegacy(int choice, JsonSlice call, IChatSink sink)
    {
        JsonSlice name = default, text = default;
        ReadFunction(call, ref name, ref text);
        Take(choice, index: -1, default, name.Text, text, isFreeForm: false, sink);
    }

    /// <summary>Something else begins: calls whose arguments are whole are over.</summary>
    public void EndWhole(int choice, IChatSink sink)
    {
        for (var i = 0; i < _count && _openCount > 0; i++)
        {
            if (_entries[i] is { IsOpen: true, IsWhole: true } entry && entry.Choice == choice)
            {
                End(entry, sink);
            }
        }
    }

    /// <summary>The answer ends: so do its calls, but those that the limit has cut.</summary>
    public void EndAll(int choice, bool isCut, IChatSink sink)
    {
        for (var i = 0; i < _count && _openCount > 0; i++)
        {
            var entry = _entries[i];
            if (entry.Choice == choice && !entry.IsAnnounced && entry.Id.WrittenCount > 0)
            {
                Announce(entry, default, sink);
            }

            if (entry.IsOpen && entry.Choice == choice && (!isCut || entry.IsWhole))
            {
                End(entry, sink);
            }
        }
    }

    public bool HasAny(int choice)
    {
        for (var i = 0; i < _count; i++)
        {
            if (_entries[i].IsAnnounced && _entries[i].Choice == choice)
            {
                return true;
            }
        }

        return false;
    }

    private static void ReadFunction(JsonSlice function, ref JsonSlice name, ref JsonSlice text)
    {
        for (var walk = new JsonWalk(function); walk.NextMember();)
        {
            if (walk.NameIs("name"u8))
            {
                name = walk.Value();
            }
            else if (walk.NameIs("arguments"u8) || walk.NameIs("input"u8))
            {
                text = walk.Value();
            }
        }
    }

    private void Take(
        int choice,
        int index,
        ReadOnlySpan<byte> id,
        ReadOnlySpan<byte> name,
        JsonSlice text,
        bool isFreeForm,
        IChatSink sink)
    {
        var arguments = ToText(text);
        var entry = Find(choice, index);
        if (entry is null || IsAnother(entry, id, name, arguments))
        {
            entry = id.IsEmpty && name.IsEmpty && arguments.IsEmpty ? null : Add(choice, index, id, isFreeForm);
        }

        // A call that was ended has had its arguments: what still comes is white space.
        if (entry is null || !entry.IsOpen)
        {
            return;
        }

        if (!entry.IsAnnounced && (!name.IsEmpty || !arguments.IsEmpty))
        {
            Announce(entry, name, sink);
        }

        Append(entry, arguments, sink);
    }

    private void Announce(Entry entry, ReadOnlySpan<byte> name, IChatSink sink)
    {
        EndWhole(entry.Choice, sink);
        entry.IsAnnounced = true;
        if (entry.Id.WrittenCount == 0)
        {
            entry.Id.Write(Encoding.UTF8.GetBytes(_context.IdOf("call_", entry.Number + 1)));
        }

        sink.Take(new ChatEvent(ChatEventKind.Call)
        {
            Choice = entry.Choice, Call = entry.Number, Id = entry.Id.WrittenSpan, Name = name,
        });
        if (entry.IsFreeForm)
        {
            Emit(entry, FreeForm.Head, sink);
        }
    }

    private void Append(Entry entry, ReadOnlySpan<byte> arguments, IChatSink sink)
    {
        if (arguments.IsEmpty)
        {
            return;
        }

        if (entry.IsFreeForm)
        {
            Emit(entry, FreeForm.Wrap(arguments, _scratch), sink);
            return;
        }

        entry.Balance.Add(arguments);
        Emit(entry, arguments, sink);
    }

    private void End(Entry entry, IChatSink sink)
    {
        if (entry.IsFreeForm)
        {
            Emit(entry, FreeForm.Tail, sink);
        }

        entry.IsOpen = false;
        _openCount--;
        sink.Take(new ChatEvent(ChatEventKind.CallEnd) { Choice = entry.Choice, Call = entry.Number });
    }

    private static void Emit(Entry entry, ReadOnlySpan<byte> text, IChatSink sink) =>
        sink.Take(new ChatEvent(ChatEventKind.Arguments) { Choice = entry.Choice, Call = entry.Number, Text = text });

    // Ollama and others write an object where a string belongs.
    private ReadOnlySpan<byte> ToText(JsonSlice text)
    {
        if (!text.IsObject)
        {
            return text.Text;
        }

        _scratch.ResetWrittenCount();
        JsonText.WriteEscaped(_scratch, text.Bytes);
        return _scratch.WrittenSpan;
    }

    // An index is used again where an upstream gives all calls the same: another id, or a name behind whole arguments.
    private static bool IsAnother(
        Entry entry, ReadOnlySpan<byte> id, ReadOnlySpan<byte> name, ReadOnlySpan<byte> arguments) =>
        !id.IsEmpty
            ? !id.SequenceEqual(entry.Id.WrittenSpan)
            : !name.IsEmpty && !arguments.IsEmpty && entry.IsAnnounced && entry.Balance.IsWhole;

    private Entry? Find(int choice, int index)
    {
        for (var i = _count - 1; i >= 0; i--)
        {
            if (_entries[i].Index == index && _entries[i].Choice == choice)
            {
                return _entries[i];
            }
        }

        return null;
    }

    private Entry? Add(int choice, int index, ReadOnlySpan<byte> id, bool isFreeForm)
    {
        if (_count == CallsMax)
        {
            return null;
        }

        if (_count == _entries.Count)
        {
            _entries.Add(new Entry());
        }

        var entry = _entries[_count];
        entry.Begin(choice, index, _count++, isFreeForm);
        entry.Id.Write(id);
        _openCount++;
        return entry;
    }

    private sealed class Entry
    {
        public int Choice { get; private set; }
        public int Index { get; private set; }
        public int Number { get; private set; }
        public bool IsFreeForm { get; private set; }
        public bool IsAnnounced { get; set; }
        public bool IsOpen { get; set; }
        public ArrayBufferWriter<byte> Id { get; private set; } = new(64);

        // A field: it is a struct that changes.
        public JsonBalance Balance;

        // Nobody can see of text that it is whole.
        public bool IsWhole => IsAnnounced && (IsFreeForm || Balance.IsWhole);

        public void Begin(int choice, int index, int number, bool isFreeForm)
        {
            (Choice, Index, Number, IsFreeForm) = (choice, index, number, isFreeForm);
            (IsAnnounced, IsOpen, Balance) = (false, true, default);
            if (Id.Capacity > IdBytesKept)
            {
                Id = new ArrayBufferWriter<byte>(64);
            }

            Id.ResetWrittenCount();
        }
    }
}
