using System.Buffers;
using TokenHub.Protocols.Chat;

namespace TokenHub.Protocols.Anthropic.Blocks;

/// <summary>
/// Events that came while a call was under way and have to wait for its end, for two blocks are never open at a time:
/// Chat's upstreams may write the arguments of several calls by turns.
/// </summary>
internal sealed class WaitingBlocks
{
    private readonly List<Item> _items = [];
    private bool _isGiving;

    public void Clear()
    {
        _items.Clear();
        _isGiving = false;
    }

    public void Add(in ChatEvent e)
    {
        switch (e.Kind)
        {
            case ChatEventKind.Arguments:
                Find(e.Call)?.Text.Write(e.Text);
                break;
            case ChatEventKind.CallEnd:
                Find(e.Call)?.End();
                break;
            case ChatEventKind.Text or ChatEventKind.Reasoning or ChatEventKind.Refusal
                when _items.Count > 0 && _items[^1].Kind == e.Kind:
                _items[^1].Text.Write(e.Text);
                break;
            default:
                var item = new Item(e);
                item.Text.Write(e.Text);
                _items.Add(item);
                break;
        }
    }

    /// <summary>
    /// Hands out what waits, up to and with the first call that has not ended yet. The end of a call that is handed out
    /// asks for more: it gets nothing, for a call opened there would send all that follows back to wait, for ever.
    /// </summary>
    public void GiveTo(IChatSink sink)
    {
        if (_isGiving)
        {
            return;
        }

        _isGiving = true;
        for (var isOpen = false; !isOpen && _items.Count > 0;)
        {
            var item = _items[0];
            _items.RemoveAt(0);
            item.GiveTo(sink);
            isOpen = item.Kind == ChatEventKind.Call && !item.IsEnded;
        }

        _isGiving = false;
    }

    private Item? Find(int call) => _items.Find(item => item.Kind == ChatEventKind.Call && item.Call == call);

    private sealed class Item(in ChatEvent e)
    {
        private readonly byte[] _id = e.Id.ToArray();
        private readonly byte[] _name = e.Name.ToArray();
        private readonly OpaqueKind _opaque = e.Opaque;

        public ChatEventKind Kind { get; } = e.Kind;

        public int Call { get; } = e.Call;

        public ArrayBufferWriter<byte> Text { get; } = new(256);

        public bool IsEnded { get; private set; }

        public void End() => IsEnded = true;

        public void GiveTo(IChatSink sink)
        {
            var isCall = Kind == ChatEventKind.Call;
            sink.Take(new ChatEvent(Kind)
            {
                Call = Call, Id = _id, Name = _name, Opaque = _opaque, Text = isCall ? default : Text.WrittenSpan,
            });
            if (isCall && Text.WrittenCount > 0)
            {
                sink.Take(new ChatEvent(ChatEventKind.Arguments) { Call = Call, Text = Text.WrittenSpan });
            }

            if (isCall && IsEnded)
            {
                sink.Take(new ChatEvent(ChatEventKind.CallEnd) { Call = Call });
            }
        }
    }
}
